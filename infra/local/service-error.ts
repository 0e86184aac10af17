/** A failure as an AWS service reports it; each emulator writes it in its own protocol. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: string;
  readonly statusCode: number;
  constructor(code: string, message: string, statusCode = 400) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }
}
