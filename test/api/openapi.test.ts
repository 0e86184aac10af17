/** What the API answers, over real sockets, held against its own description. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
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
  KEY,
  startWorld,
  type World,
} from "../world/deployment.ts";
import { hurriedClock } from "../world/clock.ts";

const DOCUMENT: unknown = openapi;
const LIST = "GET /certificates";
const EXPLAIN = "GET /certificates/{chainId}";
const DELETE = "DELETE /certificates/{chainId}";
const SWEEP = "POST /sweeps";
const DESCRIBE = "GET /openapi.json";
const OPERATIONS = [LIST, EXPLAIN, DELETE, SWEEP, DESCRIBE];
/** Requests that none of the operations is about. */
const UNMATCHED = "unmatched";

const EXPIRED = certificate(1, -30);
const IN_USE = certificate(3, 60, { domains: ["live.example.com"] });
const OUT_OF_SIGHT = certificate(4, -30, {
  domains: ["elsewhere.example.net"],
});
const PROTECTED = certificate(5, -30, { name: "root-of-trust" });
const ACCOUNT = {
  certificates: [EXPIRED, certificate(2, 60), IN_USE, OUT_OF_SIGHT, PROTECTED],
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

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

// The description.

function at(pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (node, key) =>
        typeof node === "object" && node !== null && Object.hasOwn(node, key)
          ? Reflect.get(node, key)
          : undefined,
      DOCUMENT,
    );
}

/** The pointer to the thing itself, where this one leads to a reference. */
function follow(pointer: string): string {
  const node = at(pointer);
  return isObject(node) && typeof node["$ref"] === "string"
    ? follow(node["$ref"].slice(1))
    : pointer;
}

function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function responsesOf(operation: string): string {
  const [method = "", path = ""] = operation.split(" ");
  return operation === UNMATCHED
    ? "/x-unmatched-requests"
    : `/paths/${escaped(path)}/${method.toLowerCase()}/responses`;
}

function keys(pointer: string): string[] {
  return Object.keys(at(pointer) ?? {});
}

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
/** Headers and parameters are texts, whatever their schema says. */
const textAjv = new Ajv2020({ allErrors: true, coerceTypes: true });
for (const one of [ajv, textAjv]) {
  addFormats.default(one);
  one.addVocabulary(Object.keys(openapi));
  one.addSchema(openapi, "openapi.json");
}
const compiled = new Map<string, ValidateFunction>();

function mismatches(by: Ajv2020, pointer: string, value: unknown): string[] {
  const fragment = pointer.split("/").map(encodeURIComponent).join("/");
  const key = `${String(by === ajv)} ${fragment}`;
  const validate =
    compiled.get(key) ?? by.compile({ $ref: `openapi.json#${fragment}` });
  compiled.set(key, validate);
  validate(value);
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message ?? ""}`,
  );
}

/** Headers of the connection and of API Gateway, which no description of an API lists. */
const TRANSPORT = new Set([
  "content-type",
  "content-length",
  "date",
  "connection",
  "keep-alive",
  "apigw-requestid",
]);
const WAITS = ["vendor-throttled", "sweep-running"];

function problemOf(body: unknown): string | undefined {
  const type = isObject(body) ? body["type"] : undefined;
  return typeof type === "string" ? /[\w-]+$/.exec(type)?.[0] : undefined;
}

/** How an answer differs from what the description says that the operation answers. */
function violations(
  operation: string,
  { status, headers, body }: Answer,
): string[] {
  const response = follow(`${responsesOf(operation)}/${String(status)}`);
  if (at(response) === undefined)
    return [`${operation} does not answer ${String(status)}`];
  const type = headers["content-type"] ?? "";
  const content = `${response}/content/${escaped(type)}`;
  if (at(content) === undefined)
    return [`${operation} ${String(status)} is no ${type}`];
  const isGateways = status >= 400 && type === "application/json";
  const described = keys(`${response}/headers`);
  const expected = isGateways
    ? []
    : described.filter(
        (name) =>
          name !== "retry-after" || WAITS.includes(problemOf(body) ?? ""),
      );
  return [
    ...mismatches(ajv, `${content}/schema`, body),
    ...expected
      .filter((name) => headers[name] === undefined)
      .map((name) => `there is no header ${name}`),
    ...Object.entries(headers).flatMap(([name, value]) => {
      if (TRANSPORT.has(name)) return [];
      if (!expected.includes(name)) return [`header ${name} is undescribed`];
      const header = follow(`${response}/headers/${name}`);
      return mismatches(textAjv, `${header}/schema`, value);
    }),
  ];
}

/** Everything that the description says the function itself answers, as `operation status problem`. */
function described(operation: string): string[] {
  return keys(responsesOf(operation)).flatMap((status) => {
    const response = follow(`${responsesOf(operation)}/${status}`);
    const type = `${response}/content/application~1problem+json/schema/properties/type`;
    const urns = [at(`${type}/enum`) ?? at(`${type}/const`) ?? []].flat();
    const names =
      Number(status) < 400
        ? ["-"]
        : urns.map((urn) => problemOf({ type: urn }) ?? "");
    return names.map((name) => `${operation} ${status} ${name}`);
  });
}

// The world.

const open: { close(): Promise<void> }[] = [];
let functions: LambdaEmulator;
/** Lambda as it should not be. */
let bad: Readonly<Record<"hangs" | "throttles" | "breaks", LoopbackServer>>;
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
    hangs: await startLoopbackServer(0, () => undefined),
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
  readonly faults?: readonly Fault[];
  readonly account?: ReturnType<typeof demoAccount>;
  /** What answers for Lambda. */
  readonly lambda?: "hangs" | "throttles" | "breaks";
}

async function start(setting: Setting = {}): Promise<World> {
  vi.stubEnv(
    "AWS_ENDPOINT_URL_LAMBDA",
    (setting.lambda === undefined ? functions : bad[setting.lambda]).url,
  );
  const world = await startWorld({
    live: {
      credentials: [KEY],
      account: setting.account ?? ACCOUNT,
      switches: { perSecond: null },
    },
    env: { PROTECT, SWEEP_FUNCTION_NAME: SWEEP_FUNCTION, ...setting.env },
    // Longer waits than that are deadlines.
    host: { clock: setting.clock ?? hurriedClock(1000) },
    ...(setting.secret !== undefined && { secret: setting.secret }),
    ...(setting.timeoutMs !== undefined && { timeoutMs: setting.timeoutMs }),
  });
  open.push(world);
  for (const fault of setting.faults ?? []) world.live.fault(fault);
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
  it.each([
    [LIST, "/certificates", 200],
    [LIST, "/certificates?verdict=delete&state=expired&limit=1000", 200],
    [LIST, "/certificates?verdict=keep&state=valid&limit=1", 200],
    [EXPLAIN, `/certificates/${IN_USE.chainId}`, 200],
    [DELETE, `/certificates/${EXPIRED.chainId.toUpperCase()}`, 200],
    [DELETE, `${PATH}?force=false&dryRun=true`, 200],
    [DELETE, `/certificates/${IN_USE.chainId}?force=true&dryRun=false`, 200],
    [DESCRIBE, "/openapi.json", 200],
  ])("%s: %s", async (operation, path, status) => {
    expect((await ask(await start(), operation, path)).status).toBe(status);
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
    expect(pages).toBe(3);
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
      faults: [{ kind: "reset-after", action: "DeleteCert" }],
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

  it("GET /openapi.json is the description itself", async () => {
    const { body } = await ask(await start(), DESCRIBE, "/openapi.json");
    expect(body).toEqual(openapi);
  });
});

const error = (code: string, status: number): Fault => ({
  kind: "error",
  code,
  status,
});

/** What the vendor does to an action, and what the caller gets. */
const FAULTS: readonly (readonly [Fault, number, string])[] = [
  [error("RequestForbidden.BillingStatus", 403), 503, "vendor-billing"],
  [error("SignatureDoesNotMatch", 401), 500, "credentials-rejected"],
  [error("LackProjectPolicy", 403), 500, "vendor-access-denied"],
  [error("FlowLimitExceeded", 429), 503, "vendor-throttled"],
  [{ kind: "throttle", retryAfter: 1 }, 503, "vendor-throttled"],
  [error("ResourceNotFound", 404), 502, "vendor-error"],
  [error("InternalError.DB", 500), 502, "vendor-error"],
  [error("SomethingNew", 418), 502, "vendor-error"],
  [error("a code that is none", 418), 502, "vendor-error"],
  [{ kind: "CommonErr" }, 502, "vendor-error"],
  [{ kind: "http-502-html" }, 502, "vendor-error"],
  [{ kind: "reset-before" }, 502, "vendor-error"],
  [{ kind: "hang" }, 504, "vendor-timeout"],
];
/** Those that concern the certificate that a deletion names. */
const DELETION_FAULTS: typeof FAULTS = [
  [error("InvalidParam.BindError", 400), 400, "invalid-request"],
  [error("RequestForbidden.AccountIDNotAllow", 403), 403, "vendor-refused"],
];
/** Those that spoil evidence, not a deletion. */
const LISTING_FAULTS: typeof FAULTS = [
  [error("InvalidParam.BindError", 400), 502, "vendor-error"],
  [error("RequestForbidden.AccountIDNotAllow", 403), 502, "vendor-error"],
  [{ kind: "not-json" }, 502, "vendor-error"],
  [{ kind: "date-skew", seconds: 400 }, 502, "vendor-error"],
  [{ kind: "no-date" }, 502, "vendor-error"],
  [{ kind: "total-lies", delta: 3 }, 502, "vendor-error"],
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
    // Of a DELETE, 5 s are kept for the list that settles a doubt; else 12 s are too little to read again.
    const hangs = fault.kind === "hang";
    const [long, short] =
      operation === DELETE ? [29_000, 12_000] : [12_000, 4_000];
    const timeoutMs = hangs ? short : long;
    const world = await start({ timeoutMs, faults: [fault] });
    const answer = await ask(world, operation, path);
    expect([answer.status, problemOf(answer.body)]).toEqual([status, name]);
    if (/^\w+(\.\w+)?$/.test(fault.code ?? ""))
      expect(answer.body).toMatchObject({ vendor: { code: fault.code } });
    expect(world.live.account.certificates).toHaveLength(5);
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
    [DELETE, `${PATH}?force=true&force=true`, 400, "invalid-request"],
    [DESCRIBE, "/openapi.json?v=3", 400, "invalid-request"],
    [SWEEP, "/sweeps", 400, "invalid-request"],
    [SWEEP, "/sweeps", 400, "invalid-request", order("{}", "text/plain")],
    [SWEEP, "/sweeps", 400, "invalid-request", order("{")],
    [EXPLAIN, `/certificates/${chainId(99)}`, 404, "certificate-not-found"],
    [DELETE, `/certificates/${chainId(99)}`, 404, "certificate-not-found"],
    [EXPLAIN, PATH, 404, "certificate-not-found", {}, OTHER_PROJECT],
    [DELETE, PATH, 404, "certificate-not-found", {}, OTHER_PROJECT],
    [EXPLAIN, SLASH, 404, "no-such-route"],
    [DELETE, SLASH, 404, "no-such-route"],
    [UNMATCHED, "/nowhere", 404, "no-such-route", { method: "GET" }],
    [UNMATCHED, PATH, 405, "method-not-allowed", { method: "PUT" }],
    [
      UNMATCHED,
      "/certificates",
      405,
      "method-not-allowed",
      { method: "DELETE" },
    ],
    [UNMATCHED, "/sweeps", 405, "method-not-allowed", { method: "GET" }],
    [UNMATCHED, "/openapi.json", 405, "method-not-allowed", { method: "POST" }],
    [DELETE, `/certificates/${IN_USE.chainId}`, 409, "certificate-in-use"],
    [
      DELETE,
      `/certificates/${OUT_OF_SIGHT.chainId}`,
      409,
      "certificate-in-use",
    ],
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
      { env: { SWEEP_FUNCTION_NAME: "" } },
    ],
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
    [
      SWEEP,
      "/sweeps",
      504,
      "vendor-timeout",
      order("{}"),
      { lambda: "hangs", timeoutMs: 4_000 },
    ],
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

describe("what may be sent is as described", () => {
  const cursor = Buffer.from(JSON.stringify([0, "", 0])).toString("base64url");
  const good = EXPIRED.chainId;

  it.each([
    [LIST, "verdict", ["delete", "keep"], ["", "DELETE", "all"]],
    [LIST, "state", ["expired", "valid", "expiring"], ["", "unreadable"]],
    [LIST, "limit", ["1", "99", "1000"], ["0", "1001", "-1", "1.5", "ten"]],
    [LIST, "cursor", [cursor], ["", "a+b", "a=", "a".repeat(1001)]],
    [
      EXPLAIN,
      "chainId",
      [good, good.toUpperCase()],
      [`${good}0`, "g".repeat(32)],
    ],
    [
      DELETE,
      "chainId",
      [good, good.toUpperCase()],
      [`${good}0`, "g".repeat(32)],
    ],
    [DELETE, "force", ["true", "false"], ["", "TRUE", "yes"]],
    [DELETE, "dryRun", ["true", "false"], ["", "True", "no"]],
  ])("%s: %s", async (operation, name, accepted, refused) => {
    const operationPointer = responsesOf(operation).replace(/\/responses$/, "");
    const pathPointer = operationPointer.replace(/\/[a-z]+$/, "");
    const parameter = [operationPointer, pathPointer]
      .flatMap((owner) =>
        keys(`${owner}/parameters`).map((index) =>
          follow(`${owner}/parameters/${index}`),
        ),
      )
      .find((pointer) => at(`${pointer}/name`) === name);
    // Every request that is understood ends here.
    const world = await start({ secret: "none" });
    for (const value of [...accepted, ...refused]) {
      const path =
        name === "chainId"
          ? `/certificates/${value}`
          : `${operation === LIST ? "/certificates" : PATH}?${name}=${encodeURIComponent(value)}`;
      const { status } = await ask(world, operation, path);
      const isAccepted = accepted.includes(value);
      expect(status, value).toBe(isAccepted ? 500 : 400);
      expect(
        mismatches(textAjv, `${parameter ?? ""}/schema`, value).length === 0,
        value,
      ).toBe(isAccepted);
    }
  });

  it.each([
    ["{}", true],
    ['{"dryRun":true}', true],
    ['{"maxDeletions":1,"graceDays":3650}', true],
    ['{"report":false}', true],
    [`{"only":["${EXPIRED.chainId}","${"Ab".repeat(16)}"]}`, true],
    ['{"only":[]}', false],
    ['{"only":["1"]}', false],
    ['{"only":null}', false],
    [JSON.stringify({ only: Array(5001).fill(EXPIRED.chainId) }), false],
    ['{"report":null}', false],
    ['{"dryRun":false}', false],
    ['{"dryRun":null}', false],
    ['{"maxDeletions":0}', false],
    ['{"maxDeletions":100001}', false],
    ['{"graceDays":3651}', false],
    ['{"graceDays":"7"}', false],
    ['{"more":1}', false],
    ["[]", false],
    ["null", false],
  ])("a sweep's body %.60s: %s", async (payload, isAccepted) => {
    const world = await start({ env: { MAX_DELETIONS: "100000" } });
    const { status } = await ask(world, SWEEP, "/sweeps", order(payload));
    expect(status).toBe(isAccepted ? 202 : 400);
    const schema =
      "/paths/~1sweeps/post/requestBody/content/application~1json/schema";
    expect(mismatches(ajv, schema, JSON.parse(payload)).length === 0).toBe(
      isAccepted,
    );
  });
});

describe("API Gateway's own answers are as described", () => {
  it.each([
    [400, LIST, "/certificates%zz", {}],
    [429, DESCRIBE, "/openapi.json", { throttle: { rate: 0, burst: 0 } }],
    [500, DELETE, PATH, { handler: () => Promise.reject(new Error("defect")) }],
    [503, EXPLAIN, PATH, { handler: () => new Promise(() => undefined) }],
    [
      503,
      DESCRIBE,
      "/openapi.json",
      { handler: () => new Promise(() => undefined) },
    ],
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

  it.each(
    OPERATIONS.flatMap((operation) => [
      [401, "Unauthorized", operation] as const,
      [403, "Forbidden", operation] as const,
      [429, "Too Many Requests", operation] as const,
    ]),
  )("%i %s to %s", (status, message, operation) => {
    const headers = { "content-type": "application/json" };
    expect(
      violations(operation, { status, headers, body: { message } }),
    ).toEqual([]);
  });
});

describe("an answer that is not as described is found", () => {
  const json = { "content-type": "application/json" };
  const ours = { "cache-control": "no-store", "x-request-id": "id=" };
  const receipt: Answer = {
    status: 200,
    headers: { ...json, ...ours },
    body: {
      chainId: chainId(1),
      outcome: "deleted",
      requestId: "20261124",
      certificate: { name: "", notAfter: "", domains: [] },
    },
  };
  const problem = (name: string, status = 503): Answer => ({
    status,
    headers: { ...ours, "content-type": "application/problem+json" },
    body: {
      type: `urn:live-cert-janitor:problem:${name}`,
      title: "",
      status,
      detail: "",
      instance: "id=",
      vendor: { code: "Code" },
    },
  });
  const billing = problem("vendor-billing");
  const throttled = problem("vendor-throttled");
  const altered = (answer: Answer, fields: object): Answer => ({
    ...answer,
    body: { ...(isObject(answer.body) && answer.body), ...fields },
  });
  const headed = (
    answer: Answer,
    headers: Readonly<Record<string, string>>,
  ): Answer => ({
    ...answer,
    headers: { ...answer.headers, ...headers },
  });

  it.each([
    ["a receipt", receipt],
    ["a problem", billing],
    ["a problem with Retry-After", headed(throttled, { "retry-after": "5" })],
  ])("%s as described is none", (_, answer) => {
    expect(violations(DELETE, answer)).toEqual([]);
  });

  it.each([
    ["a status that the operation does not have", { ...receipt, status: 202 }],
    ["a status of another answer", { ...receipt, status: 404 }],
    ["a field too many", altered(receipt, { more: 1 })],
    ["a field too few", altered(receipt, { outcome: undefined })],
    ["another outcome", altered(receipt, { outcome: "done" })],
    [
      "a field too many further down",
      altered(receipt, {
        certificate: { name: "", notAfter: "", domains: [], more: 1 },
      }),
    ],
    ["a status that is not the answer's", altered(billing, { status: 500 })],
    ["a problem of another status", problem("vendor-error")],
    ["a problem of another operation", problem("sweep-running", 409)],
    [
      "a field too many of the vendor",
      altered(billing, { vendor: { code: "Code", message: "" } }),
    ],
    ["another content type", headed(billing, json)],
    [
      "no request id",
      { ...receipt, headers: { ...json, "cache-control": "no-store" } },
    ],
    ["another cache-control", headed(receipt, { "cache-control": "public" })],
    ["a header too many", headed(receipt, { server: "1" })],
    ["no Retry-After where one is due", throttled],
    ["Retry-After where none is due", headed(billing, { "retry-after": "5" })],
    [
      "Retry-After that is no number",
      headed(throttled, { "retry-after": "soon" }),
    ],
  ])("%s", (_, answer) => {
    expect(violations(DELETE, answer)).not.toEqual([]);
  });
});

describe("the description", () => {
  it("promises nothing that the calls above did not get", () => {
    expect([...seen].sort()).toEqual(
      [...OPERATIONS, UNMATCHED].flatMap(described).sort(),
    );
  });
});
