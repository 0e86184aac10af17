import { LambdaClient } from "@aws-sdk/client-lambda";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import type { Environment } from "../../functions/host/configuration.ts";
import { createApiHandler } from "../../functions/http/handler.ts";
import {
  lambdaStart,
  type StartSweep,
} from "../../functions/http/start-sweep.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import { startLoopbackServer } from "../../infra/local/loopback-server.ts";
import { httpEvent, SWEEP } from "../world/hostile-events.ts";
import { VirtualClock } from "../world/clock.ts";

const REAL = { DRY_RUN: "false" };

/** The API over a Lambda that starts what it is told, or fails: what was passed on, and the log. */
function api(
  env: Environment = REAL,
  start: StartSweep = () => Promise.resolve("run-42"),
) {
  const clock = new VirtualClock();
  const log: Readonly<Record<string, unknown>>[] = [];
  const payloads: unknown[] = [];
  const handle = createApiHandler(
    {
      env: { VOLCENGINE_SECRET_ID: "key", ...env },
      clock,
      random: () => 0,
      log: (line) => log.push(line),
    },
    (payload) => {
      payloads.push(JSON.parse(payload));
      return start(payload);
    },
  );
  const post = async (body: string | undefined, over: object = {}) => {
    const answer = await clock.run(
      handle(httpEvent(SWEEP, { body, ...over }), {
        awsRequestId: "invocation-1",
        getRemainingTimeInMillis: () => 29_000,
      }),
    );
    const content: unknown = JSON.parse(answer.body);
    if (!isObject(content)) throw new Error("no object");
    const type = String(content["type"]).split(":").at(-1);
    return { ...answer, content, type, detail: String(content["detail"]) };
  };
  return { post, payloads, log, clock };
}

describe("POST /sweeps", () => {
  it("answers with the run, which its one line in the log names too", async () => {
    const { post, log } = api();
    const { statusCode, content } = await post("{}");
    expect(statusCode).toBe(202);
    expect(content).toEqual({
      runId: "run-42",
      mode: "delete",
      report: expect.stringMatching(
        /message\.runId = "run-42"; .* summary\.$/,
      ) as string,
    });
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

  it.each<[Environment, string, string]>([
    [REAL, "{}", "delete"],
    [REAL, '{"dryRun":true}', "dry-run"],
    [{ DRY_RUN: "true" }, "{}", "dry-run"],
    [{}, "{}", "dry-run"],
  ])("under %j with %s is a run of mode %s", async (env, body, mode) => {
    expect((await api(env).post(body)).content["mode"]).toBe(mode);
  });

  it.each([
    ["{}", { report: true }],
    ['{"dryRun":true}', { report: true, dryRun: true }],
    ['{"report":false}', { report: false }],
    ['{"report":true}', { report: true }],
    ['{"maxDeletions":5}', { report: true, maxDeletions: 5 }],
  ])("with %s starts a sweep with %j", async (body, payload) => {
    const { post, payloads } = api();
    await post(body);
    expect(payloads).toEqual([payload]);
  });

  it.each<[string, string | undefined, object, RegExp]>([
    ["no body", undefined, {}, /must be JSON, \{\} at the least/],
    ["no JSON", "{", {}, /must be JSON/],
    ["no object", "[]", {}, /^No sweep was started: .*JSON object/],
    ["a looser order", '{"graceDays":0}', {}, /^No sweep was started: /],
    ["a bad report", '{"report":1}', {}, /^No sweep was started: /],
    [
      "a query",
      "{}",
      { queryStringParameters: { dryRun: "true" } },
      /knows none/,
    ],
    ...[
      undefined,
      "text/plain",
      "application/jsonx",
      "text/application/json",
    ].map((type): [string, string, object, RegExp] => [
      `the content type ${String(type)}`,
      "{}",
      { headers: { "content-type": type } },
      /content-type must be application\/json\./,
    ]),
  ])("with %s starts none", async (_what, body, over, says) => {
    const { post, payloads, log } = api();
    const { statusCode, type, detail } = await post(body, over);
    expect([statusCode, type]).toEqual([400, "invalid-request"]);
    expect(detail).toMatch(says);
    expect(payloads).toEqual([]);
    expect(log).toHaveLength(1);
    expect(log[0]?.["runId"]).toBeUndefined();
    // And blocks none.
    expect((await post("{}")).statusCode).toBe(202);
  });

  it.each(["application/json; charset=utf-8", "Application/JSON ;x"])(
    "takes the content type %s",
    async (type) => {
      const { post } = api();
      const over = { headers: { "content-type": type } };
      expect((await post("{}", over)).statusCode).toBe(202);
    },
  );

  it("for 15 minutes after a real one starts no other, dry runs included", async () => {
    const { post, payloads, clock } = api();
    await post("{}");
    clock.jump(899_001);
    for (const body of ["{}", '{"dryRun":true}']) {
      const { statusCode, type, headers, detail } = await post(body);
      expect([statusCode, type]).toEqual([409, "sweep-running"]);
      expect(headers["retry-after"]).toBe("1");
      expect(detail).toMatch(/^No sweep was started: /);
    }
    expect(payloads).toHaveLength(1);
    clock.jump(999);
    expect((await post("{}")).statusCode).toBe(202);
  });

  it("after a dry run starts whatever is asked", async () => {
    const { post } = api();
    await post('{"dryRun":true}');
    expect((await post('{"dryRun":true}')).statusCode).toBe(202);
    expect((await post("{}")).statusCode).toBe(202);
  });

  it("blocks already while a start is under way", async () => {
    const { post, payloads } = api(REAL, () => new Promise(() => undefined));
    const [first, second] = await Promise.all([post("{}"), post("{}")]);
    expect([first.statusCode, second.statusCode]).toEqual([504, 409]);
    expect(payloads).toHaveLength(1);
  });

  it("without the name of the sweep function says which setting lacks", async () => {
    for (const SWEEP_FUNCTION_NAME of [undefined, ""]) {
      const start = lambdaStart(SWEEP_FUNCTION_NAME);
      const { statusCode, type, detail } = await api(REAL, start).post("{}");
      expect([statusCode, type]).toEqual([500, "misconfigured"]);
      expect(detail).toMatch(/^No sweep was started: SWEEP_FUNCTION_NAME /);
    }
  });
});

describe("what Lambda answers to the start of a sweep", () => {
  const HANGS = -1;
  const RESETS = -2;

  /** Starts a real sweep by a Lambda at this address, whenever it is called. */
  function startAt(url: string) {
    onTestFinished(() => {
      vi.useRealTimers();
      vi.unstubAllEnvs();
    });
    for (const [name, value] of Object.entries({
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_ENDPOINT_URL_LAMBDA: url,
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
    return () =>
      handle(httpEvent(SWEEP, { body: "{}" }), {
        awsRequestId: "invocation-1",
        getRemainingTimeInMillis: () => 29_000,
      });
  }

  /** Two real sweeps are started, one after the other. */
  async function startTwice(
    status: number,
    error: string,
    requestId = "lambda-1",
  ) {
    const asked: unknown[] = [];
    const lambda = await startLoopbackServer(0, (request, response) => {
      asked.push([request.url, request.headers["x-amz-invocation-type"]]);
      if (status === HANGS) {
        vi.advanceTimersByTime(5000);
        return;
      }
      if (status === RESETS) {
        response.destroy();
        return;
      }
      response.writeHead(status, {
        "x-amzn-errortype": error,
        ...(requestId && { "x-amzn-requestid": requestId }),
      });
      response.end(JSON.stringify({ message: "<what Lambda says>" }));
    });
    onTestFinished(() => lambda.close());
    const start = startAt(lambda.url);
    // Nobody waits for a Lambda that hangs; how long it may is aws-clients.test.ts's.
    if (status === HANGS)
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const answers = [await start(), await start()] as const;
    expect(asked[0]).toEqual([
      "/2015-03-31/functions/sweep/invocations",
      "Event",
    ]);
    return answers;
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
      ...[HANGS, "", 504, "vendor-timeout", 409],
      /^Lambda did not answer in time, so a sweep may have started\. Look/,
    ],
    [
      ...[RESETS, "", 504, "vendor-timeout", 409],
      /so a sweep may have started\. Look/,
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
    [
      ...[400, "N".repeat(99), 500, "misconfigured", 500],
      /^No sweep was started: [^N]*\(N{60}\)\. Check/,
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

  it.each(["lambda-1", ""])(
    "202 gives the run the request id of the invocation, %j",
    async (runId) => {
      const [first, second] = await startTwice(202, "", runId);
      expect(JSON.parse(first.body)).toMatchObject({ runId });
      expect([first.statusCode, second.statusCode]).toEqual([202, 409]);
    },
  );

  it("what is thrown and is no error is not repeated", async () => {
    const send = vi.spyOn(LambdaClient.prototype, "send");
    onTestFinished(() => {
      send.mockRestore();
    });
    send.mockImplementation(() => {
      throw JSON.parse('"<words>"') as Error;
    });
    const { body } = await startAt("http://127.0.0.1:1")();
    expect(body).toContain("start the sweep function (unknown error).");
    expect(body).not.toContain("<words>");
  });

  it("nothing, for nobody listens: surely no sweep was started", async () => {
    const lambda = await startLoopbackServer(0, () => undefined);
    await lambda.close();
    const start = startAt(lambda.url);
    const answer = await start();
    expect(answer.body).toContain("No sweep was started");
    expect(answer.statusCode).toBe(500);
    expect((await start()).statusCode).toBe(500);
  });
});
