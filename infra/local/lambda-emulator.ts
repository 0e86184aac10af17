import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  invoke,
  type InvocationOutcome,
  type LambdaFunction,
} from "./lambda-runtime.ts";
import {
  BodyTooLargeError,
  readBody,
  startLoopbackServer,
  type LoopbackServer,
} from "./loopback-server.ts";
import { ServiceError } from "./service-error.ts";

export interface FailedRun {
  readonly functionName: string;
  readonly awsRequestId: string;
  /** What the handler threw, or an Error that says that it timed out. */
  readonly error: unknown;
}

export interface LambdaEmulatorOptions {
  /** @default 0, a free port */
  readonly port?: number;
  readonly functions: Readonly<Record<string, LambdaFunction>>;
  /** Told of failed asynchronous runs, which have no caller to learn of them. They are not tried again. @default silent */
  readonly onError?: (failed: FailedRun) => void;
}

export interface LambdaEmulator extends LoopbackServer {
  /** Resolves as soon as no asynchronous run is in progress; a run over its timeout counts as ended. */
  idle(): Promise<void>;
}

const ACCOUNT_ID = "123456789012";

/** "Lambda quotas", invocation payload: 6 MB where a caller waits, 1 MB where none does. */
const MAX_BYTES = { RequestResponse: 6 * 1024 * 1024, Event: 1024 * 1024 };

const PATH = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?.*)?$/;

/** A name, a partial or a whole ARN, each perhaps with a version or an alias behind it. */
const FUNCTION_NAME =
  /^(?:arn:aws[\w-]*:lambda:[\w-]+:)?(?:\d{12}:)?(?:function:)?([\w-]+)(?::(?:\$LATEST|[\w-]+))?$/;

function functionNameOf(request: IncomingMessage): string {
  const [, encoded] = PATH.exec(request.url ?? "") ?? [];
  if (request.method !== "POST" || encoded === undefined)
    throw new ServiceError("UnknownOperationException", "not an Invoke", 404);
  const text = encoded.replaceAll(/%3A/gi, ":").replaceAll(/%24/g, "$");
  const [, name] = FUNCTION_NAME.exec(text) ?? [];
  if (name === undefined)
    throw new ServiceError(
      "ValidationException",
      "functionName does not satisfy its pattern",
    );
  return name;
}

function parseEvent(text: string): unknown {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new ServiceError(
      "InvalidRequestContentException",
      "Could not parse request body into json",
    );
  }
}

function errorOf(outcome: InvocationOutcome): unknown {
  return outcome.kind === "error"
    ? outcome.error
    : new Error(`the run failed: ${outcome.payload}`);
}

/**
 * Starts a Lambda service that knows `Invoke`, on 127.0.0.1 only, for functions of this process. Signatures are not
 * looked at; throttling and retries are not played.
 * Follows the "Invoke" page of the Lambda API reference and "Invoking a function asynchronously" of its developer guide.
 */
export async function startLambdaEmulator({
  port = 0,
  functions,
  onError,
}: LambdaEmulatorOptions): Promise<LambdaEmulator> {
  const running = new Set<Promise<void>>();

  async function runAsynchronously(
    lambda: LambdaFunction,
    event: unknown,
    identity: { functionName: string; awsRequestId: string },
  ): Promise<void> {
    const outcome = await invoke(lambda, event, {
      ...identity,
      accountId: ACCOUNT_ID,
    });
    if (outcome.kind !== "result")
      onError?.({ ...identity, error: errorOf(outcome) });
  }

  function start(run: () => Promise<void>): void {
    const entry = run().finally(() => running.delete(entry));
    running.add(entry);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    awsRequestId: string,
  ): Promise<void> {
    const type = request.headers["x-amz-invocation-type"] ?? "RequestResponse";
    if (type !== "RequestResponse" && type !== "Event")
      throw new ServiceError(
        "InvalidParameterValueException",
        "this emulator knows the invocation types RequestResponse and Event",
      );
    const body = await readBody(request, MAX_BYTES[type]);
    const functionName = functionNameOf(request);
    const lambda = Object.hasOwn(functions, functionName)
      ? functions[functionName]
      : undefined;
    if (lambda === undefined)
      throw new ServiceError(
        "ResourceNotFoundException",
        `Function not found: arn:aws:lambda:us-east-1:${ACCOUNT_ID}:function:${functionName}`,
        404,
      );
    const event = parseEvent(body.toString("utf8"));
    const identity = { functionName, awsRequestId };
    if (type === "Event") {
      response.statusCode = 202;
      response.end();
      start(() => runAsynchronously(lambda, event, identity));
      return;
    }
    const outcome = await invoke(lambda, event, {
      ...identity,
      accountId: ACCOUNT_ID,
    });
    response.setHeader("content-type", "application/json");
    response.setHeader("x-amz-executed-version", "$LATEST");
    if (outcome.kind !== "result")
      response.setHeader("x-amz-function-error", "Unhandled");
    response.end(outcome.payload);
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const awsRequestId = randomUUID();
    response.setHeader("x-amzn-requestid", awsRequestId);
    try {
      await answer(request, response, awsRequestId);
    } catch (thrown) {
      const error =
        thrown instanceof BodyTooLargeError
          ? new ServiceError("RequestTooLargeException", thrown.message, 413)
          : thrown;
      if (!(error instanceof ServiceError)) throw error;
      response.statusCode = error.statusCode;
      response.setHeader("content-type", "application/json");
      response.setHeader("x-amzn-errortype", error.code);
      response.end(JSON.stringify({ Type: "User", Message: error.message }));
    }
  }

  const server = await startLoopbackServer(port, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  return {
    ...server,
    async idle() {
      // A run may start another one.
      while (running.size > 0) await Promise.all(running);
    },
  };
}
