/** Starts the sweep function without waiting for it. */
import { Refusal } from "./problem.ts";

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
    const client = new LambdaClient({ maxAttempts: 1 });
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
    } finally {
      client.destroy();
    }
  };
}
