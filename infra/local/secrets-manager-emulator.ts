import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecretStore, type SecretStore } from "./secret-store.ts";
import { ServiceError } from "./service-error.ts";
import {
  readBody,
  startLoopbackServer,
  type LoopbackServer,
} from "./loopback-server.ts";

/** How the emulator misbehaves; each may be changed while it runs. */
export interface SecretsManagerFaults {
  /** Every call fails with a 500 `InternalServiceError`. */
  down: boolean;
  /** Every call fails with a `ThrottlingException`. */
  throttle: boolean;
  /** Every answer is this many milliseconds late. */
  slowMs: number;
  /** Values come as `SecretBinary` instead of `SecretString`. */
  binary: boolean;
}

export interface SecretsManagerEmulator extends LoopbackServer, SecretStore {
  readonly faults: SecretsManagerFaults;
  /** How many calls came, failed ones included, since the start. */
  readonly calls: number;
}

const MAX_BODY_BYTES = 64 * 1024;

function field(input: unknown, name: string): string | undefined {
  if (typeof input !== "object" || input === null) return undefined;
  const value: unknown = Reflect.get(input, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string")
    throw new ServiceError(
      "SerializationException",
      `${name} must be a string`,
    );
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ServiceError("SerializationException", "the body is not JSON");
  }
}

/**
 * Starts a Secrets Manager that knows `GetSecretValue`, on 127.0.0.1 only. Signatures are not looked at.
 * Follows the "GetSecretValue" and "Common Errors" pages of the Secrets Manager API reference, protocol AWS JSON 1.1.
 * @param options.port 0, the default, picks a free one
 * @param options.secrets texts by name; each becomes version `AWSCURRENT`
 */
export async function startSecretsManagerEmulator({
  port = 0,
  secrets,
}: {
  readonly port?: number;
  readonly secrets: Readonly<Record<string, string>>;
}): Promise<SecretsManagerEmulator> {
  const store = createSecretStore(secrets);
  const faults: SecretsManagerFaults = {
    down: false,
    throttle: false,
    slowMs: 0,
    binary: false,
  };
  let calls = 0;

  function getSecretValue(text: string): object {
    const input = parseJson(text);
    const secretId = field(input, "SecretId");
    if (secretId === undefined)
      throw new ServiceError(
        "ValidationException",
        "SecretId must not be null",
      );
    const { value, ...described } = store.read(secretId, {
      versionId: field(input, "VersionId"),
      stage: field(input, "VersionStage"),
    });
    return {
      ...described,
      ...(faults.binary
        ? { SecretBinary: Buffer.from(value).toString("base64") }
        : { SecretString: value }),
    };
  }

  function perform(target: unknown, text: string): object {
    if (faults.down)
      throw new ServiceError(
        "InternalServiceError",
        "An error occurred on the server side.",
        500,
      );
    if (faults.throttle)
      throw new ServiceError("ThrottlingException", "Rate exceeded");
    if (target !== "secretsmanager.GetSecretValue")
      throw new ServiceError("UnknownOperationException", "");
    return getSecretValue(text);
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const text = (await readBody(request, MAX_BODY_BYTES)).toString("utf8");
    calls += 1;
    if (faults.slowMs > 0)
      await sleep(faults.slowMs, undefined, { ref: false });
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.setHeader("x-amzn-requestid", randomUUID());
    try {
      response.end(
        JSON.stringify(perform(request.headers["x-amz-target"], text)),
      );
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      response.statusCode = error.statusCode;
      response.setHeader("x-amzn-errortype", error.code);
      response.end(
        JSON.stringify({ __type: error.code, message: error.message }),
      );
    }
  }

  const server = await startLoopbackServer(port, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  return {
    ...server,
    ...store,
    faults,
    get calls() {
      return calls;
    },
  };
}
