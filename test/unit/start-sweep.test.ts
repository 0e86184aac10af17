import { describe, expect, it, onTestFinished, vi } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import { createApiHandler } from "../../functions/http/handler.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import { startLoopbackServer } from "../../infra/local/loopback-server.ts";
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

describe("what Lambda answers to the start of a sweep", () => {
  /** Two real sweeps are started, one after the other. */
  async function startTwice(status: number, error: string) {
    const lambda = await startLoopbackServer(0, (_, response) => {
      response.writeHead(status, { "x-amzn-errortype": error });
      response.end(JSON.stringify({ message: "<what Lambda says>" }));
    });
    onTestFinished(() => lambda.close());
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    for (const [name, value] of Object.entries({
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    }))
      vi.stubEnv(name, value);
    const handle = createApiHandler({
      env: {
        VOLCENGINE_SECRET_ID: "key",
        SWEEP_FUNCTION_NAME: "sweep",
        DRY_RUN: "false",
      },
      clock: systemClock,
      random: () => 0,
      log: () => undefined,
    });
    const event = httpEvent(SWEEP, { body: "{}" });
    const context = {
      awsRequestId: "invocation-1",
      getRemainingTimeInMillis: () => 29_000,
    };
    return [
      await handle(event, context),
      await handle(event, context),
    ] as const;
  }

  it.each([
    [
      ...[429, "TooManyRequestsException", 503, "vendor-throttled", 503],
      /^No sweep was started: Lambda .* Repeat/,
    ],
    [
      ...[500, "ServiceException", 504, "vendor-timeout", 409],
      /^Lambda answered with an error of its own \(500\), so a sweep may have started\. Look/,
    ],
    [
      ...[502, "", 504, "vendor-timeout", 409],
      /so a sweep may have started\. Look/,
    ],
    [
      ...[404, "ResourceNotFoundException", 500, "misconfigured", 500],
      /^No sweep was started: .*ResourceNotFoundException.* Check that it exists/,
    ],
    [
      ...[403, "AccessDeniedException", 500, "misconfigured", 500],
      /^No sweep was started: .*AccessDeniedException/,
    ],
  ] as const)(
    "%i %s becomes %i %s, and the next start %i",
    async (status, error, answered, problem, next, detail) => {
      const [first, second] = await startTwice(status, error);
      const body: unknown = JSON.parse(first.body);
      if (!isObject(body)) throw new Error("no object");
      expect(body["type"]).toBe(`urn:live-cert-janitor:problem:${problem}`);
      expect(body["detail"]).toMatch(detail);
      expect(first.body).not.toContain("what Lambda says");
      expect(first.statusCode).toBe(answered);
      expect(first.headers["retry-after"]).toBe(
        status === 429 ? "5" : undefined,
      );
      expect(second.statusCode).toBe(next);
    },
  );
});
