/** What the API answers, over real sockets, held against its own description. */
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  it,
  vi,
} from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import type { Clock } from "../../functions/janitor/ports.ts";
import { openapi } from "../../functions/http/openapi.ts";
import { demoAccount, demoSettings } from "../../infra/local/fixtures.ts";
import { startGateway } from "../../infra/local/gateway.ts";
import {
  startLambdaEmulator,
  type LambdaEmulator,
} from "../../infra/local/lambda-emulator.ts";
import type { Fault } from "../../infra/local/live-emulator/faults.ts";
import {
  startLoopbackServer,
  type LoopbackServer,
} from "../../infra/local/loopback-server.ts";
import {
  certificate,
  chainId,
  domain,
  startWorld,
  type World,
} from "../world/deployment.ts";
import { hurriedClock } from "../world/clock.ts";
import {
  described,
  problemOf,
  UNMATCHED,
  violations,
  type Answer,
} from "../world/description.ts";

const LIST = "GET /certificates";
const EXPLAIN = "GET /certificates/{chainId}";
const DELETE = "DELETE /certificates/{chainId}";
const SWEEP = "POST /sweeps";
const DESCRIBE = "GET /openapi.json";
const OPERATIONS = [LIST, EXPLAIN, DELETE, SWEEP, DESCRIBE];

const EXPIRED = certificate(1, -30);
const IN_USE = certificate(3, 60, { domains: ["live.example.com"] });
const PROTECTED = certificate(5, -30, { name: "root-of-trust" });
const ACCOUNT = {
  certificates: [EXPIRED, certificate(2, 60), IN_USE, PROTECTED],
  domains: [
    domain("live.example.com", IN_USE.chainId),
    domain("unbound.example.com"),
  ],
};
const PROTECT = JSON.stringify([
  { match: "name", value: "root-*", owner: "security" },
]);
const PATH = `/certificates/${EXPIRED.chainId}`;
const SWEEP_FUNCTION = "expired-sweep";

// The world.

const open: { close(): Promise<void> }[] = [];
let functions: LambdaEmulator;
/** Lambda as it should not be. */
let bad: Readonly<Record<"throttles" | "breaks", LoopbackServer>>;
/** What came, as `operation status problem`; the last test looks back at it. */
const seen = new Set<string>();

beforeAll(async () => {
  functions = await startLambdaEmulator({
    functions: {
      [SWEEP_FUNCTION]: { handler: () => Promise.resolve({}), timeoutMs: 1000 },
    },
  });
  const answering = (status: number) =>
    startLoopbackServer(0, (_, response) => {
      response.writeHead(status).end("{}");
    });
  bad = {
    throttles: await answering(429),
    breaks: await answering(500),
  };
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  vi.unstubAllEnvs();
});

afterAll(async () => {
  await Promise.all(
    [functions, ...Object.values(bad)].map((one) => one.close()),
  );
});

interface Setting {
  readonly env?: Readonly<Record<string, string>>;
  readonly secret?: string;
  readonly clock?: Clock;
  readonly timeoutMs?: number;
  readonly fault?: Fault;
  readonly account?: ReturnType<typeof demoAccount>;
  /** What answers for Lambda. */
  readonly lambda?: "throttles" | "breaks";
}

async function start(setting: Setting = {}): Promise<World> {
  vi.stubEnv(
    "AWS_ENDPOINT_URL_LAMBDA",
    (setting.lambda === undefined ? functions : bad[setting.lambda]).url,
  );
  const clock = hurriedClock(1000);
  const { fault } = setting;
  const world = await startWorld({
    live: {
      account: setting.account ?? ACCOUNT,
      onCall: (action) => {
        // What hangs is given up at once.
        if (fault?.kind === "hang" && fault.action === action) clock.skip();
      },
    },
    env: { PROTECT, SWEEP_FUNCTION_NAME: SWEEP_FUNCTION, ...setting.env },
    host: { clock: setting.clock ?? clock },
    ...(setting.secret !== undefined && { secret: setting.secret }),
    ...(setting.timeoutMs !== undefined && { timeoutMs: setting.timeoutMs }),
  });
  open.push(world);
  if (fault !== undefined) world.live.fault(fault);
  return world;
}

async function answerOf(
  url: string,
  method: string,
  init: RequestInit = {},
): Promise<Answer> {
  const response = await fetch(url, { method, ...init });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.json(),
  };
}

/** Sends a request of an operation, notes the answer and holds it against the description. */
async function ask(
  { url }: Pick<World, "url">,
  operation: string,
  path: string,
  init?: RequestInit & { readonly method?: string },
): Promise<Answer> {
  const [method = ""] = operation.split(" ", 1);
  const answer = await answerOf(`${url}${path}`, init?.method ?? method, init);
  const { status, body } = answer;
  seen.add(`${operation} ${String(status)} ${problemOf(body) ?? "-"}`);
  expect(violations(operation, answer), JSON.stringify(answer)).toEqual([]);
  return answer;
}

function order(payload: string, contentType = "application/json"): RequestInit {
  return { body: payload, headers: { "content-type": contentType } };
}

function list(
  body: unknown,
  name: string,
): readonly Readonly<Record<string, unknown>>[] {
  const items: unknown = isObject(body) ? body[name] : undefined;
  return Array.isArray(items) ? items.filter(isObject) : [];
}

describe("successes are as described", () => {
  it("of each operation", async () => {
    const world = await start();
    for (const [operation, path] of [
      [LIST, "/certificates?verdict=delete&state=expired&limit=1000"],
      [EXPLAIN, `/certificates/${IN_USE.chainId}`],
      [DELETE, `${PATH}?force=false&dryRun=true`],
      [DELETE, `/certificates/${EXPIRED.chainId.toUpperCase()}`],
      [DELETE, `/certificates/${IN_USE.chainId}?force=true&dryRun=false`],
    ] as const)
      expect((await ask(world, operation, path)).status, path).toBe(200);
    const { body } = await ask(world, DESCRIBE, "/openapi.json");
    expect(body).toEqual(openapi);
  });

  it("each page of the list, by the cursor of the one before", async () => {
    const world = await start();
    let cursor: string | undefined = "";
    let pages = 0;
    for (; cursor !== undefined && pages < 9; pages++) {
      const path: string = `/certificates?limit=2${cursor}`;
      const { body } = await ask(world, LIST, path);
      const next = isObject(body) ? body["next"] : undefined;
      cursor = typeof next === "string" ? `&cursor=${next}` : undefined;
    }
    expect(pages).toBe(2);
  });

  it("every certificate of the demonstration, with every reason and everything that is seen", async () => {
    const world = await start({
      account: demoAccount(Date.now()),
      env: demoSettings,
    });
    const { body } = await ask(world, LIST, "/certificates");
    const certificates = list(body, "certificates");
    const details = certificates.flatMap((one) => list(one, "details"));
    const { properties, required } = openapi.components.schemas.Detail;
    const always = new Set(required);
    for (const name of Object.keys(properties).filter(
      (key) => !always.has(key),
    ))
      expect(
        details.filter((detail) => name in detail),
        name,
      ).not.toEqual([]);
    expect(new Set(details.map(({ reason }) => reason))).toEqual(
      new Set(openapi.components.schemas.Reason.enum),
    );
    const one = new Map(
      certificates.map((entry) => [String(entry["reasons"]), entry]),
    );
    for (const entry of one.values()) {
      const path = `/certificates/${String(entry["chainId"])}`;
      if (/\/[0-9a-f]{32}$/.test(path)) await ask(world, EXPLAIN, path);
    }
  });

  it("alreadyGone, where the answer to the deletion was lost", async () => {
    const world = await start({
      fault: { kind: "reset-after", action: "DeleteCert" },
    });
    const { body } = await ask(world, DELETE, PATH);
    expect(body).toMatchObject({ outcome: "alreadyGone" });
  });

  it.each([
    ["{}", "delete", {}],
    ["{}", "dry-run", { DRY_RUN: "true" }],
    ['{"dryRun":true,"maxDeletions":100,"graceDays":3650}', "dry-run", {}],
  ])("a sweep started with %s, as %s", async (payload, mode, env) => {
    const { status, body } = await ask(
      await start({ env }),
      SWEEP,
      "/sweeps",
      order(payload, "application/json; charset=utf-8"),
    );
    expect(status).toBe(202);
    expect(body).toMatchObject({ mode });
  });
});

const error = (code: string, status: number): Fault => ({
  kind: "error",
  code,
  status,
});

type Row = readonly [fault: Fault, status: number, problem: string];

/** What the vendor does to an action, and what the caller gets: each problem once. */
const FAULTS: readonly Row[] = [
  [error("RequestForbidden.BillingStatus", 403), 503, "vendor-billing"],
  [error("SignatureDoesNotMatch", 401), 500, "credentials-rejected"],
  [error("LackProjectPolicy", 403), 500, "vendor-access-denied"],
  [{ kind: "throttle", retryAfter: 1 }, 503, "vendor-throttled"],
  [{ kind: "CommonErr" }, 502, "vendor-error"],
  [{ kind: "hang" }, 504, "vendor-timeout"],
];
/** Those that concern the certificate that a deletion names. */
const DELETION_FAULTS: readonly Row[] = [
  [error("InvalidParam.BindError", 400), 400, "invalid-request"],
  [error("RequestForbidden.AccountIDNotAllow", 403), 403, "vendor-refused"],
  [error("a code that is none", 418), 502, "vendor-error"],
];
/** Those that spoil evidence, not a deletion. */
const LISTING_FAULTS: readonly Row[] = [
  [error("InvalidParam.BindError", 400), 502, "vendor-error"],
  [{ kind: "no-date" }, 502, "vendor-error"],
];

describe("failures of the vendor are answered as described", () => {
  it.each(
    [
      ...[...FAULTS, ...LISTING_FAULTS].flatMap((row) => [
        [LIST, "/certificates", "ListCertV2", row] as const,
        [EXPLAIN, PATH, "ListDomainDetail", row] as const,
      ]),
      ...[...FAULTS, ...DELETION_FAULTS].map(
        (row) => [DELETE, PATH, "DeleteCert", row] as const,
      ),
    ].map(
      ([operation, path, action, [fault, status, name]]) =>
        [
          `${operation}: ${fault.code ?? fault.kind} of ${action} is ${String(status)} ${name}`,
          {
            operation,
            path,
            status,
            name,
            fault: { ...fault, action, times: 99 },
          },
        ] as const,
    ),
  )("%s", async (_, { operation, path, status, name, fault }) => {
    // Too little time to read again.
    const timeoutMs = operation === DELETE ? 29_000 : 12_000;
    const world = await start({ timeoutMs, fault });
    const answer = await ask(world, operation, path);
    expect([answer.status, problemOf(answer.body)]).toEqual([status, name]);
    if (/^\w+(\.\w+)?$/.test(fault.code ?? ""))
      expect(answer.body).toMatchObject({ vendor: { code: fault.code } });
    expect(world.live.account.certificates).toHaveLength(4);
  });
});

const STOPPED: Clock = {
  ...systemClock,
  monotonic: () => {
    throw new Error("stopped");
  },
};
const BAD = { env: { GRACE_DAYS: "soon", MAX_DELETIONS: "0" } };
const OTHER_PROJECT = { env: { PROJECT_NAMES: '["other"]' } };
const SLASH = `${PATH}%2Fmore`;

describe("refusals and defects are answered as described", () => {
  const rows: readonly (readonly [
    operation: string,
    path: string,
    status: number,
    problem: string,
    init?: RequestInit & { readonly method?: string },
    setting?: Setting,
  ])[] = [
    [LIST, "/certificates?limit=0", 400, "invalid-request"],
    [EXPLAIN, "/certificates/1234", 400, "invalid-request"],
    [DELETE, `${PATH}%00`, 400, "invalid-request"],
    [DESCRIBE, "/openapi.json?v=3", 400, "invalid-request"],
    [SWEEP, "/sweeps", 400, "invalid-request"],
    [EXPLAIN, `/certificates/${chainId(99)}`, 404, "certificate-not-found"],
    [DELETE, `/certificates/${chainId(99)}`, 404, "certificate-not-found"],
    [EXPLAIN, PATH, 404, "certificate-not-found", {}, OTHER_PROJECT],
    [DELETE, PATH, 404, "certificate-not-found", {}, OTHER_PROJECT],
    [EXPLAIN, SLASH, 404, "no-such-route"],
    [DELETE, SLASH, 404, "no-such-route"],
    [UNMATCHED, "/nowhere", 404, "no-such-route", { method: "GET" }],
    [UNMATCHED, PATH, 405, "method-not-allowed", { method: "PUT" }],
    [DELETE, `/certificates/${IN_USE.chainId}`, 409, "certificate-in-use"],
    [
      DELETE,
      `/certificates/${PROTECTED.chainId}`,
      409,
      "certificate-protected",
    ],
    [LIST, "/certificates", 500, "misconfigured", {}, BAD],
    [EXPLAIN, PATH, 500, "misconfigured", {}, { secret: "AKLT-not-json" }],
    [
      DELETE,
      PATH,
      500,
      "misconfigured",
      {},
      { env: { VOLCENGINE_SECRET_ID: "nowhere" } },
    ],
    [SWEEP, "/sweeps", 500, "misconfigured", order("{}"), BAD],
    [
      SWEEP,
      "/sweeps",
      500,
      "misconfigured",
      order("{}"),
      { env: { SWEEP_FUNCTION_NAME: "gone" } },
    ],
    ...OPERATIONS.map(
      (operation) =>
        [
          operation,
          (operation.split(" ")[1] ?? "").replace("{chainId}", EXPIRED.chainId),
          500,
          "internal-error",
          operation === SWEEP ? order("{}") : {},
          { clock: STOPPED },
        ] as const,
    ),
    ...(
      [
        [503, "vendor-throttled", "throttles"],
        [504, "vendor-timeout", "breaks"],
      ] as const
    ).map(
      ([status, name, lambda]) =>
        [SWEEP, "/sweeps", status, name, order("{}"), { lambda }] as const,
    ),
  ];
  it.each(
    rows.map(
      ([operation, path, status, name, init, setting]) =>
        [
          `${init?.method ?? operation.split(" ", 1).join("")} ${path}${typeof init?.body === "string" ? ` ${init.body}` : ""} is ${String(status)} ${name}`,
          { operation, path, status, name, init, setting },
        ] as const,
    ),
  )("%s", async (_, { operation, path, status, name, init, setting }) => {
    const world = await start(setting);
    const answer = await ask(world, operation, path, init);
    expect([answer.status, problemOf(answer.body)]).toEqual([status, name]);
    expect(world.live.writes()).toHaveLength(0);
  });

  it("a second sweep is 409 while the first may run, a dry run keeps none from starting", async () => {
    const world = await start();
    const statuses: number[] = [];
    for (const body of ['{"dryRun":true}', "{}", "{}", '{"dryRun":true}'])
      statuses.push((await ask(world, SWEEP, "/sweeps", order(body))).status);
    expect(statuses).toEqual([202, 202, 409, 409]);
  });
});

describe("API Gateway's own answers are as described", () => {
  it.each([
    [400, LIST, "/certificates%zz", {}],
    [429, DESCRIBE, "/openapi.json", { throttle: { rate: 0, burst: 0 } }],
    [500, DELETE, PATH, { handler: () => Promise.reject(new Error("defect")) }],
    [503, EXPLAIN, PATH, { handler: () => new Promise(() => undefined) }],
    [413, SWEEP, "/sweeps", {}],
  ])("%i to %s", async (status, operation, path, options) => {
    const gateway = await startGateway({
      port: 0,
      routes: OPERATIONS,
      handler: () => Promise.resolve({ statusCode: 200 }),
      timeoutMs: 100,
      ...options,
    });
    open.push(gateway);
    const answer = await answerOf(
      `${gateway.url}${path}`,
      operation.split(" ", 1)[0] ?? "",
      status === 413 ? order(" ".repeat(10 * 1024 * 1024 + 1)) : {},
    );
    expect(answer.status).toBe(status);
    expect(violations(operation, answer)).toEqual([]);
  });

  it.each(OPERATIONS)("401, 403 and 429 to %s", (operation) => {
    const headers = { "content-type": "application/json" };
    for (const [status, message] of [
      [401, "Unauthorized"],
      [403, "Forbidden"],
      [429, "Too Many Requests"],
    ] as const)
      expect(
        violations(operation, { status, headers, body: { message } }),
      ).toEqual([]);
  });
});

describe("the description", () => {
  it("promises nothing that the calls above did not get", () => {
    expect([...seen].sort()).toEqual(
      [...OPERATIONS, UNMATCHED].flatMap(described).sort(),
    );
  });
});
