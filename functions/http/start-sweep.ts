/** `POST /sweeps`: starts the sweep function without waiting for it. */
import { ROUTES } from "../contract/routes.ts";
import { within } from "../host/aws-limits.ts";
import { readSweepPayload } from "../host/sweep-payload.ts";
import type { Route } from "./api.ts";
import { readQuery, type HttpRequest } from "./event.ts";
import { invalid, jsonAnswer, Refusal } from "./problem.ts";

/** The longest that a sweep lasts: until then another one is not started. */
const SWEEP_MS = 900_000;

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
    const { InvokeCommand, LambdaClient, LambdaServiceException } =
      await import("@aws-sdk/client-lambda");
    const client = new LambdaClient(within(1, 5000));
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
      const status =
        error instanceof LambdaServiceException
          ? error.$metadata.httpStatusCode
          : undefined;
      throw notStarted(error, status);
    } finally {
      client.destroy();
    }
  };
}

/** Nobody can tell whether a sweep was started. */
class MayHaveStarted extends Refusal {}

/** `status` is that of Lambda's answer, if there was one. */
function notStarted(error: unknown, status = 0): Refusal {
  const name = error instanceof Error ? error.name : "unknown error";
  if (status === 429) {
    return new Refusal({
      name: "vendor-throttled",
      detail:
        "No sweep was started: Lambda throttles the calls of this AWS account. Repeat the request later.",
      headers: { "retry-after": "5" },
    });
  }
  return status >= 500 || name === "TimeoutError"
    ? new MayHaveStarted({
        name: "vendor-timeout",
        detail: `Lambda ${status >= 500 ? `answered with an error of its own (${String(status)})` : "did not answer in time"}, so a sweep may have started. Look into the log of the sweep function before you repeat the request.`,
      })
    : new Refusal({
        name: "misconfigured",
        detail: `No sweep was started: Lambda refused to start the sweep function (${name.slice(0, 60)}). Check that it exists and that this function may invoke it, then repeat the request.`,
      });
}

function readBody({ contentType, body }: HttpRequest): unknown {
  if (!/^application\/json\s*(;|$)/i.test(contentType)) {
    throw invalid("The content-type must be application/json.");
  }
  try {
    // Stryker disable next-line StringLiteral: the other text is no JSON either
    return JSON.parse(body ?? "");
  } catch {
    throw invalid("The body must be JSON, {} at the least.");
  }
}

/** The route; it remembers when it last started a sweep that may delete. */
export function createStartSweep(start: StartSweep): Route {
  let noSweepBefore = -Infinity;
  return async ({ clock, wired }, call) => {
    readQuery(call.request, ROUTES.startSweep.query);
    const payload = readBody(call.request);
    const { dryRun } = readSweepPayload(payload, wired().configuration);
    const wait = noSweepBefore - clock.now();
    if (wait > 0) {
      throw new Refusal({
        name: "sweep-running",
        detail:
          "No sweep was started: this API started one that may still be running. Read its report first, or repeat later.",
        headers: { "retry-after": String(Math.ceil(wait / 1000)) },
      });
    }
    // A dry run writes nothing, so nothing is lost if the next sweep overlaps it.
    if (!dryRun) noSweepBefore = clock.now() + SWEEP_MS;
    try {
      // Whoever starts a sweep by hand wants to read what it found; the body may still say otherwise.
      const order = Object.assign({ report: true }, payload);
      const runId = await start(JSON.stringify(order));
      call.runId = runId;
      return jsonAnswer(202, call.requestId, {
        runId,
        mode: dryRun ? "dry-run" : "delete",
        report: `Log group of the sweep function, lines with message.runId = "${runId}"; the last of them is the summary.`,
      });
    } catch (error) {
      if (!(error instanceof MayHaveStarted)) noSweepBefore = -Infinity;
      throw error;
    }
  };
}
