import { randomBytes } from "node:crypto";

/** How Live answers: docs/6469/1121981 (structure), docs/6469/1126818 (errors of the service). */

/** Status, number, text. The service's own codes are documented without a `CodeN`, so they have none. */
const ERRORS = {
  MissingParameter: [400, 100002, "Action or Version is missing."],
  MissingAuthenticationToken: [401, 100003, "There is no authentication data."],
  MissingRequestInfo: [400, 100004, "Timestamp information is missing."],
  MissingSignature: [401, 100005, "There is no signature."],
  InvalidTimestamp: [403, 100006, "The signature is expired or of the future."],
  ServiceNotFound: [404, 100007, "There is no such service."],
  InvalidActionOrVersion: [404, 100008, "There is no such operation."],
  InvalidAccessKey: [401, 100009, "The access key is unknown."],
  SignatureDoesNotMatch: [401, 100010, "The signature does not match."],
  AccessDenied: [403, 100013, "User is not authorized."],
  FlowLimitExceeded: [429, 100018, "Beyond the current flow control limit."],
  MethodNotAllowed: [405, 100020, "The HTTP method is not allowed."],
  InvalidAuthorization: [400, 100024, "Invalid 'Authorization' header."],
  InvalidCredential: [400, 100025, "Invalid 'Credential'."],
  InvalidSecretToken: [401, 100026, "The token is wrong or expired."],
  InvalidParam: [400, undefined, "A parameter is missing or unacceptable."],
  "InvalidParam.BindError": [
    400,
    undefined,
    "Request parameter error, please check input data",
  ],
  RequestForbidden: [403, undefined, "The account has no such resource."],
  "RequestForbidden.AccountIDNotAllow": [
    403,
    undefined,
    "The account may not touch this resource.",
  ],
  ResourceNotFound: [404, undefined, "The resource could not be found."],
  InternalError: [500, 100014, "Internal error."],
  CommonErr: [200, undefined, "Unclassified error, please try again."],
} as const satisfies Record<
  string,
  readonly [number, number | undefined, string]
>;

type ErrorCode = keyof typeof ERRORS;

/** A failure as Live reports it. */
export class LiveError extends Error {
  override readonly name = "LiveError";
  readonly code: string;
  readonly status: number;
  readonly codeN: number | undefined;
  constructor(
    code: string,
    status: number,
    codeN: number | undefined,
    message: string,
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.codeN = codeN;
  }
}

/** A failure of the table; `given` replaces its text or its status. */
export function liveError(
  code: ErrorCode,
  given: { readonly message?: string; readonly status?: number } = {},
): LiveError {
  const [status, codeN, message] = ERRORS[code];
  return new LiveError(
    code,
    given.status ?? status,
    codeN,
    given.message ?? message,
  );
}

interface ResponseContext {
  readonly requestId: string;
  readonly action: string;
  readonly version: string;
  readonly region: string;
  /** Live's pages print both. */
  readonly requestIdCasing: "RequestId" | "RequestID";
}

/** Fourteen digits of time, then hex digits, as in the samples. */
export function newRequestId(now: number): string {
  const time = new Date(now).toISOString().replaceAll(/\D/g, "").slice(0, 14);
  return time + randomBytes(9).toString("hex").toUpperCase();
}

function metadata(context: ResponseContext): object {
  return {
    [context.requestIdCasing]: context.requestId,
    Action: context.action,
    Version: context.version,
    Service: "live",
    Region: context.region,
  };
}

/** The text of a success. Without a result there is no `Result`, as in the sample of DeleteCert. */
export function successBody(
  context: ResponseContext,
  result: object | undefined,
): string {
  return JSON.stringify({
    ResponseMetadata: metadata(context),
    ...(result !== undefined && { Result: result }),
  });
}

/** The text of a failure: an `Error` and never a `Result`. */
export function failureBody(
  context: ResponseContext,
  { codeN, code, message }: LiveError,
): string {
  return JSON.stringify({
    ResponseMetadata: {
      ...metadata(context),
      Error: {
        ...(codeN !== undefined && { CodeN: codeN }),
        Code: code,
        Message: message,
      },
    },
  });
}
