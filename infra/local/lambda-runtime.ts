import { randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";

/** What the Lambda runtime for Node 24 gives a handler: it has no callback functions any more. */
export type LambdaContext = Omit<Context, "done" | "fail" | "succeed">;

export type LambdaHandler = (
  event: unknown,
  context: LambdaContext,
) => Promise<unknown>;

export interface LambdaFunction {
  readonly handler: LambdaHandler;
  /** The function's timeout, in milliseconds. */
  readonly timeoutMs: number;
}

/** How an invocation ended; `payload` is the JSON text that the runtime would send back. */
export type InvocationOutcome =
  | { readonly kind: "result"; readonly payload: string }
  | {
      readonly kind: "error";
      readonly payload: string;
      readonly error: unknown;
    }
  | { readonly kind: "timeout"; readonly payload: string };

/** Longest answer of a synchronous invocation, in bytes: 6 MB and a little. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100;

const REGION = "us-east-1";

function contextOf(
  functionName: string,
  accountId: string,
  awsRequestId: string,
  timeoutMs: number,
): LambdaContext {
  // The monotonic clock, as the wall clock may be set while a handler runs.
  const deadline = performance.now() + timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:${REGION}:${accountId}:function:${functionName}`,
    memoryLimitInMB: "256",
    awsRequestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: "local",
    getRemainingTimeInMillis: () =>
      Math.max(0, Math.floor(deadline - performance.now())),
  };
}

function failure(error: unknown): InvocationOutcome {
  const known = error instanceof Error;
  const payload = JSON.stringify({
    errorType: known ? error.name : typeof error,
    errorMessage: known ? error.message : String(error),
    trace: known && error.stack !== undefined ? error.stack.split("\n") : [],
  });
  return { kind: "error", payload, error };
}

/** The result as it crosses the runtime's border: JSON text, so that no object is shared and `undefined` becomes `null`. */
function success(result: unknown): InvocationOutcome {
  const payload = result === undefined ? "null" : JSON.stringify(result);
  const size = Buffer.byteLength(payload);
  return size > MAX_PAYLOAD_BYTES
    ? failure(
        new Error(
          `Response payload size (${String(size)} bytes) exceeded maximum allowed payload size (${String(MAX_PAYLOAD_BYTES)} bytes).`,
        ),
      )
    : { kind: "result", payload };
}

/**
 * Runs one invocation as the Lambda runtime does; never rejects.
 *
 * A handler over its timeout cannot be killed inside this process: it runs on, and what becomes of it is ignored.
 * The event is copied by way of JSON, as on Lambda.
 * Follows "Define Lambda function handler in Node.js" and "Using the Lambda context object" of the Lambda developer guide.
 */
export async function invoke(
  { handler, timeoutMs }: LambdaFunction,
  event: unknown,
  {
    functionName,
    accountId,
    awsRequestId = randomUUID(),
  }: {
    readonly functionName: string;
    readonly accountId: string;
    readonly awsRequestId?: string;
  },
): Promise<InvocationOutcome> {
  const context = contextOf(functionName, accountId, awsRequestId, timeoutMs);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<InvocationOutcome>((resolve) => {
    timer = setTimeout(() => {
      const errorMessage = `${awsRequestId} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
      const payload = JSON.stringify({
        errorType: "Sandbox.Timedout",
        errorMessage,
      });
      resolve({ kind: "timeout", payload });
    }, timeoutMs);
    // A handler that never ends must not keep a closed server's process alive.
    timer.unref();
  });
  const run = async (): Promise<InvocationOutcome> => {
    try {
      const copy: unknown = JSON.parse(JSON.stringify(event));
      return success(await handler(copy, context));
    } catch (error) {
      return failure(error);
    }
  };
  try {
    return await Promise.race([run(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
