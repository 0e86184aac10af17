import { describe, expect, it } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import { createApiHandler } from "../../functions/http/handler.ts";
import { httpEvent, SWEEP } from "../support/hostile-events.ts";

/** `POST /sweeps` with this body: the answer, the payload that was passed on, and the log. */
async function post(body: string) {
  const log: Readonly<Record<string, unknown>>[] = [];
  const payloads: unknown[] = [];
  const handle = createApiHandler(
    {
      env: { VOLCENGINE_SECRET_ID: "key" },
      clock: systemClock,
      random: () => 0,
      log: (line) => log.push(line),
    },
    (payload) => {
      payloads.push(JSON.parse(payload));
      return Promise.resolve("run-42");
    },
  );
  const answer = await handle(httpEvent(SWEEP, { body }), {
    awsRequestId: "invocation-1",
    getRemainingTimeInMillis: () => 29_000,
  });
  return { answer, payloads, log };
}

describe("POST /sweeps", () => {
  it("leaves one line with caller, request id and the id of the run", async () => {
    const { answer, log } = await post("{}");
    expect(answer.statusCode).toBe(202);
    expect(log).toEqual([
      {
        event: "request",
        apiRequestId: "JKJaXmPLvHcESHA=",
        routeKey: SWEEP,
        caller: "arn:aws:iam::123456789012:user/u",
        status: 202,
        runId: "run-42",
      },
    ]);
  });

  it.each([
    ["{}", { report: true }],
    ['{"dryRun":true}', { report: true, dryRun: true }],
    ['{"report":false}', { report: false }],
    ['{"report":true}', { report: true }],
  ])("with %s starts a sweep with %j", async (body, payload) => {
    expect((await post(body)).payloads).toEqual([payload]);
  });

  it("starts none with a report that is neither true nor false", async () => {
    const { answer, payloads, log } = await post('{"report":1}');
    expect(answer.statusCode).toBe(400);
    expect(payloads).toEqual([]);
    expect(log).toHaveLength(1);
    expect(log[0]?.["runId"]).toBeUndefined();
  });
});
