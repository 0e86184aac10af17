import { createServer, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import { createApiHandler } from "../../functions/http/handler.ts";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import type { Host } from "../../functions/host/host.ts";
import {
  DELETE,
  GET_ONE,
  HOSTILE,
  httpEvent,
  LIST,
  SWEEP,
} from "../world/hostile-events.ts";
import { CHAIN_ID, MARK } from "../world/hostile-ids.ts";
import {
  anything,
  hostileEvent,
  strangeKey,
  anyText,
} from "../world/hostile-random.ts";

/** Stands for the vendor and for the secret store: it counts who comes, and hangs up. */
let outside: Server;
let visits = 0;
let sweepsStarted = 0;
let host: Host;
const context = {
  awsRequestId: "lambda-request-id",
  getRemainingTimeInMillis: () => 900_000,
};

beforeAll(async () => {
  outside = createServer((socket) => {
    visits += 1;
    socket.on("error", () => undefined);
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    outside.listen(0, "127.0.0.1", resolve);
  });
  const address = outside.address();
  if (address === null || typeof address === "string")
    throw new Error("no port");
  const url = `http://127.0.0.1:${String(address.port)}`;
  vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", url);
  vi.stubEnv("AWS_REGION", "eu-west-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "example");
  host = {
    env: { VOLCENGINE_SECRET_ID: "live/key", VOLCENGINE_ENDPOINT: url },
    clock: systemClock,
    random: () => 0,
    log: (line) => JSON.stringify(line),
  };
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await new Promise((resolve) => outside.close(resolve));
});

function api() {
  return createApiHandler(host, () => {
    sweepsStarted += 1;
    return Promise.resolve("run");
  });
}

/** Nobody was called, neither meanwhile nor a moment later. */
async function expectNoCalls(): Promise<void> {
  await pause(50);
  expect({ visits, sweepsStarted }).toEqual({ visits: 0, sweepsStarted: 0 });
}

/** What of an answer to a bad event is not as it must be, whatever the event was; one look, since thousands come. */
function faultsOf({
  statusCode,
  headers,
  body,
}: Awaited<ReturnType<ReturnType<typeof api>>>): string[] {
  const { type, title, detail, ...rest } = JSON.parse(body) as Readonly<
    Record<string, unknown>
  >;
  const id = headers["x-request-id"] ?? "";
  const holds = {
    "content type": headers["content-type"] === "application/problem+json",
    "cache control": headers["cache-control"] === "no-store",
    "request id": /^[\w=+/.-]{1,64}$/.test(id),
    headers: Object.values(headers).every((one) => /^[\x20-\x7e]*$/.test(one)),
    size: Buffer.byteLength(body) < 1024,
    type: /^urn:live-cert-janitor:problem:[a-z-]+$/.test(String(type)),
    title: typeof title === "string" && title !== "",
    detail: /Nothing was deleted|No sweep was started/.test(String(detail)),
    fields:
      rest["status"] === statusCode &&
      rest["instance"] === id &&
      Object.keys(rest).length === 2,
    "no stack": !/node_modules|at .*\.ts|Error:/.test(body),
  };
  return Object.entries(holds).flatMap(([name, is]) => (is ? [] : [name]));
}

function expectProblem(answer: Parameters<typeof faultsOf>[0]): void {
  expect(faultsOf(answer), answer.body).toEqual([]);
}

it("has more than sixty hostile events, each told apart", () => {
  expect(new Set(HOSTILE.map(({ what }) => what)).size).toBe(HOSTILE.length);
  expect(HOSTILE.length).toBeGreaterThan(180);
});

describe("the API, hostile event", () => {
  it.each(HOSTILE)("$what: $status", async ({ event, status }) => {
    const answer = await api()(event, context);
    expect(answer.statusCode).toBe(status);
    expectProblem(answer);
    if (!answer.body.includes("It may hold")) {
      expect(answer.body).not.toContain(MARK);
    }
  });

  it("all of them called nobody", expectNoCalls);

  it("keeps API Gateway's request id, and else has Lambda's", async () => {
    const bad = { pathParameters: { chainId: "x" } };
    const given = await api()(httpEvent(DELETE, bad), context);
    expect(given.headers["x-request-id"]).toBe("JKJaXmPLvHcESHA=");
    const none = await api()({}, context);
    expect(none.headers["x-request-id"]).toBe("lambda-request-id");
  });

  it("names the methods of a path", async () => {
    const event = httpEvent("$default", {
      rawPath: "/certificates",
      requestContext: { http: { method: "PUT" } },
    });
    expect((await api()(event, context)).headers["allow"]).toBe("GET");
  });
});

describe("the API, 2,000 random events", () => {
  it("each have a problem for an answer, and called nobody", async () => {
    const handle = api();
    await fc.assert(
      fc.asyncProperty(hostileEvent, async (event) => {
        const answer = await handle(event, context);
        expect([400, 404, 405]).toContain(answer.statusCode);
        expectProblem(answer);
      }),
      { numRuns: 2_000 },
    );
    await expectNoCalls();
  });
});

describe("the sweep", () => {
  const payloads: [string, unknown][] = [
    ["nothing", undefined],
    ["null", null],
    ["a text", "{}"],
    ["a list", [{}]],
    ["a request to the API", httpEvent(DELETE)],
    [
      "EventBridge's own event",
      { version: "0", "detail-type": "Scheduled Event", detail: {} },
    ],
    ["SQS", { Records: [] }],
    ["no dry run", { dryRun: false }],
    ["a dry run in words", { dryRun: "true" }],
    ["less grace", { graceDays: 6 }],
    ["more deletions", { maxDeletions: 101 }],
    ["numbers in words", { maxDeletions: "1" }],
    ["NaN", { graceDays: NaN }],
    [
      "one bad among good",
      { dryRun: true, graceDays: 30, maxDeletions: 1, chainId: CHAIN_ID },
    ],
    ["__proto__", JSON.parse('{"__proto__":{"dryRun":true}}')],
    ["constructor", { constructor: {} }],
    [
      "a getter that throws",
      Object.defineProperty({}, "graceDays", {
        enumerable: true,
        get: () => {
          throw new Error("trap");
        },
      }),
    ],
    ["a frozen stranger", Object.freeze({ x: 1 })],
    ["a key without end", { [MARK.repeat(100_000)]: 1 }],
  ];

  it.each(payloads)("refuses %s", async (_what, payload) => {
    await expect(createSweepHandler(host)(payload, context)).rejects.toThrow();
  });

  it("called nobody for any of them", expectNoCalls);

  it("refuses 2,000 random payloads before any call, in few words", async () => {
    const handle = createSweepHandler(host);
    const strangers = fc.dictionary(strangeKey, anything, { minKeys: 1 });
    const payload = fc.oneof(
      fc
        .jsonValue()
        .filter(
          (value) =>
            typeof value !== "object" || value === null || Array.isArray(value),
        ),
      strangers,
      fc.record({ dryRun: anything.filter((value) => value !== true) }),
      fc.record({
        graceDays: fc.oneof(
          fc.integer({ max: 6 }),
          fc.integer({ min: 3651 }),
          fc.double({ noInteger: true }),
          anyText,
        ),
      }),
      fc.record({
        maxDeletions: fc.oneof(
          fc.integer({ max: 0 }),
          fc.integer({ min: 101 }),
          fc.double({ noInteger: true }),
          anyText,
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(payload, async (event) => {
        const error: unknown = await handle(event, context).catch(
          (reason: unknown) => reason,
        );
        expect(error).toMatchObject({ name: "BadPayload" });
        expect(String(error).length).toBeLessThan(1500);
      }),
      { numRuns: 2_000 },
    );
    await expectNoCalls();
  });
});

it("bad settings are told in under 1 KB whatever they hold, and nobody is called", async () => {
  const names = [
    "GRACE_DAYS",
    "MAX_DELETIONS",
    "DRY_RUN",
    "UNSEEN_DOMAINS",
    "PROTECT",
    "PROJECT_NAMES",
  ];
  for (const character of ["x", "证", '"', "\u0001", "\u{1f600}"]) {
    const bad = Object.fromEntries(
      names.map((name) => [name, character.repeat(200)]),
    );
    const handle = createApiHandler({ ...host, env: { ...host.env, ...bad } });
    const answer = await handle(httpEvent(LIST), context);
    expect(answer.statusCode).toBe(500);
    expectProblem(answer);
  }
  await expectNoCalls();
});

describe("a good event", () => {
  it.each([LIST, GET_ONE, DELETE])(
    "%s does go outside, so that the counter counts",
    async (route) => {
      const before = visits;
      const answer = await api()(httpEvent(route), context);
      expect(answer.statusCode).toBe(500);
      expect(visits).toBeGreaterThan(before);
    },
  );

  it("of a sweep starts one", async () => {
    const answer = await api()(httpEvent(SWEEP, { body: "{}" }), context);
    expect(answer.statusCode).toBe(202);
    expect(sweepsStarted).toBe(1);
  });
});
