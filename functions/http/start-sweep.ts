/** Starts the sweep function without waiting for it. */
import { Refusal, type Problem } from "./problem.ts";

const TIMEOUT_MS = 5000;

/** Resolves to the request id of the run, under which it logs and reports. */
export type StartSweep = (payload: string) => Promise<string>;

/**
 * An asynchronous Invoke. The client comes from the Lambda runtime and is loaded on the first use only,
 * so that the other routes' cold start does not pay for it.
 */
export function lambdaStart(functionName: string | undefined): StartSweep {
  return async (payload) => {
    if (functionName === undefined || functionName === "") {
      throw new Refusal({
        name: "misconfigured",
        detail:
          "No sweep was started: SWEEP_FUNCTION_NAME is not set. Deploy the stack again, which sets it.",
      });
    }
    const { InvokeCommand, LambdaClient } =
      await import("@aws-sdk/client-lambda");
    const client = new LambdaClient({
      maxAttempts: 1,
      requestHandler: {
        connectionTimeout: TIMEOUT_MS,
        requestTimeout: TIMEOUT_MS,
        throwOnRequestTimeout: true,
      },
    });
    try {
      const { $metadata } = await client.send(
        new InvokeCommand({
          FunctionName: functionName,
          InvocationType: "Event",
          Payload: payload,
        }),
      );
      // For asynchronous calls this is the request id that the run itself sees.
      return $metadata.requestId ?? "";
    } catch (error) {
      throw new Refusal(notStarted(error));
    } finally {
      client.destroy();
    }
  };
}

function notStarted(error: unknown): Problem {
  const name = error instanceof Error ? error.name : "unknown error";
  return name === "TimeoutError"
    ? {
        name: "vendor-timeout",
        detail:
          "Lambda did not answer in time, so a sweep may have started. Look into the log of the sweep function before you repeat the request.",
      }
    : {
        name: "misconfigured",
        detail: `No sweep was started: Lambda refused to start the sweep function (${name.slice(0, 60)}). Check that it exists and that this function may invoke it, then repeat the request.`,
      };
}
