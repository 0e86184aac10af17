import { describe, expect, it } from "vitest";
import {
  BadConfiguration,
  readConfiguration,
  type Configuration,
} from "../../functions/host/configuration.ts";
import {
  noRoute,
  readChainId,
  readHttpRequest,
  readQuery,
  readRequestId,
  type HttpRequest,
} from "../../functions/http/event.ts";
import { Refusal } from "../../functions/http/problem.ts";
import {
  BadPayload,
  readSweepPayload,
} from "../../functions/host/sweep-payload.ts";

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

const RULE = { match: "name", value: "x", owner: "o" };
const EXAMPLE =
  'A rule looks like {"match":"name","value":"*-root","owner":"video-team","until":"2027-01-31"}.';

/** These sentences are all that an operator has when a function does not start. */
describe("a bad setting is told in full", () => {
  const message = (env: Record<string, string>) => {
    const error = thrown(() =>
      readConfiguration({ VOLCENGINE_SECRET_ID: "live/key", ...env }),
    );
    expect(error).toBeInstanceOf(BadConfiguration);
    return error as BadConfiguration;
  };
  const protect = (rule: unknown) => ({
    PROTECT: JSON.stringify([RULE, rule]),
  });

  it.each<[Record<string, string>, string]>([
    [
      { VOLCENGINE_SECRET_ID: "a b" },
      "VOLCENGINE_SECRET_ID is wrong (its value is not repeated here, in case it is a key); it must be the name or ARN of a secret.",
    ],
    [
      { VOLCENGINE_ENDPOINT: "https://evil.example" },
      "VOLCENGINE_ENDPOINT is wrong (its value is not repeated here, in case it is a key); it must be https on *.volcengineapi.com or *.byteplusapi.com, or http on a loopback host, without path or user.",
    ],
    [
      { VOLCENGINE_REGION: "X" },
      'VOLCENGINE_REGION is "X"; it must be a region such as cn-north-1.',
    ],
    [{ GRACE_DAYS: "" }, "GRACE_DAYS is empty; set it or leave it out."],
    [
      { MAX_DELETIONS: "0" },
      'MAX_DELETIONS is "0"; it must be a whole number from 1 to 100000.',
    ],
    [
      { SENDS_PER_SECOND: "8" },
      'SENDS_PER_SECOND is "8"; it must be a number from 0.1 to 7.8.',
    ],
    [
      { UNSEEN_DOMAINS: "x" },
      'UNSEEN_DOMAINS is "x"; it must be keep or ignore.',
    ],
    [{ DRY_RUN: "x" }, 'DRY_RUN is "x"; it must be true or false.'],
    [
      { PROJECT_NAMES: "a" },
      'PROJECT_NAMES is "a"; it must be a JSON array of project names.',
    ],
    [
      { PROJECT_NAMES: '["a",7]' },
      'PROJECT_NAMES holds "7"; it must be a JSON array of project names.',
    ],
    [{ PROTECT: "{}" }, 'PROTECT is "{}"; it must be a JSON array of rules.'],
    [protect(7), `PROTECT has a bad rule 2: it is no object. ${EXAMPLE}`],
    [
      protect({ ...RULE, untill: "x" }),
      `PROTECT has a bad rule 2: it has an unknown key "untill". ${EXAMPLE}`,
    ],
    [
      protect({ ...RULE, match: "x" }),
      `PROTECT has a bad rule 2: match must be chainId, name or domain. ${EXAMPLE}`,
    ],
    [
      protect({ ...RULE, value: "" }),
      `PROTECT has a bad rule 2: value must be a glob, not empty. ${EXAMPLE}`,
    ],
    [
      protect({ ...RULE, owner: "" }),
      `PROTECT has a bad rule 2: owner must say who wants it kept. ${EXAMPLE}`,
    ],
    [
      protect({ ...RULE, until: "x" }),
      `PROTECT has a bad rule 2: until must be a day, YYYY-MM-DD. ${EXAMPLE}`,
    ],
    [
      { DRY_RUN: "x".repeat(60) },
      `DRY_RUN is "${"x".repeat(60)}"; it must be true or false.`,
    ],
    [
      { DRY_RUN: "x".repeat(61) },
      `DRY_RUN is "${"x".repeat(60)}…"; it must be true or false.`,
    ],
  ])("%j", (env, problem) => {
    expect(message(env).problems).toEqual([problem]);
    expect(message(env).message).toBe(
      `Nothing was deleted: a setting is wrong. ${problem}`,
    );
    expect(message(env).name).toBe("BadConfiguration");
  });

  it("by the number of problems", () => {
    const secret =
      "VOLCENGINE_SECRET_ID is not set; it must be the name or ARN of the secret with the access key.";
    expect(thrown(() => readConfiguration({}))).toHaveProperty(
      "message",
      `Nothing was deleted: a setting is wrong. ${secret}`,
    );
    expect(
      thrown(() => readConfiguration({ DRY_RUN: "", GRACE_DAYS: "x" })),
    ).toHaveProperty(
      "message",
      `Nothing was deleted: 3 settings are wrong. ${secret} GRACE_DAYS is "x"; it must be a whole number from 0 to 3650. DRY_RUN is empty; set it or leave it out.`,
    );
  });

  it.each([
    "http://localhost.volcengineapi.com",
    "http://127.0.0.1.volcengineapi.com",
    "http://127.0.0",
    "http://127.100.0.250:80",
    "http://127.1000.0.1",
    "http://xlocalhost",
    "https://localhost",
    "ws://127.0.0.1",
    "https://x.volcengineapi.com:8443/",
    "https://x.volcengineapi.community",
    "http://127.0.0.1/x",
  ])("an endpoint %s", (VOLCENGINE_ENDPOINT) => {
    const error = thrown(() =>
      readConfiguration({ VOLCENGINE_SECRET_ID: "k", VOLCENGINE_ENDPOINT }),
    );
    const permitted = [
      "https://x.volcengineapi.com:8443/",
      "http://127.0.0",
      "http://127.100.0.250:80",
    ];
    expect(error === undefined).toBe(permitted.includes(VOLCENGINE_ENDPOINT));
  });

  it.each([
    "12027-01-31",
    "+012027-01-31",
    "2027-01-311",
    "2027-01-31x",
    "2027-01-31T00:00:00.000Z",
    ["2027-01-31"],
  ])("a day %j", (until) => {
    expect(message(protect({ ...RULE, until })).problems).toHaveLength(1);
  });

  it.each(["1234567890", "x1", "1x"])("a number %s", (GRACE_DAYS) => {
    expect(message({ GRACE_DAYS }).problems).toHaveLength(1);
  });

  it.each(["x2", "2x", "2.5x"])("a pace %s", (SENDS_PER_SECOND) => {
    expect(message({ SENDS_PER_SECOND }).problems).toHaveLength(1);
  });

  it("and a defect of this program is not taken for one", () => {
    const env = Object.defineProperty(
      { VOLCENGINE_SECRET_ID: "k" },
      "GRACE_DAYS",
      {
        value: Symbol("no text"),
      },
    );
    expect(thrown(() => readConfiguration(env))).toBeInstanceOf(TypeError);
  });
});

it("a number may have leading zeros", () => {
  expect(
    readConfiguration({
      VOLCENGINE_SECRET_ID: "live/key",
      GRACE_DAYS: "008",
      SENDS_PER_SECOND: "02.5",
    }),
  ).toMatchObject({ policy: { graceDays: 8 }, sendsPerSecond: 2.5 });
});

it("a good rule is taken with its last day, or without one", () => {
  const until = { ...RULE, until: "2027-01-31" };
  const { policy } = readConfiguration({
    VOLCENGINE_SECRET_ID: "live/key",
    PROTECT: JSON.stringify([RULE, until]),
  });
  expect(policy.protect).toStrictEqual([RULE, until]);
});

const CONFIGURATION: Configuration = readConfiguration({
  VOLCENGINE_SECRET_ID: "live/key",
});

describe("a bad payload is told in full", () => {
  it.each<[unknown, string]>([
    [
      [],
      "No sweep was started: the payload must be a JSON object, {} or one with some of dryRun, maxDeletions, graceDays, only, report.",
    ],
    [
      { dryRun: false, graceDays: 6 },
      "No sweep was started: graceDays must be a whole number from 7 to 3650, since a payload may only be stricter than the settings. dryRun must be true or left out, since a payload may only be stricter than the settings.",
    ],
    [
      { maxDeletions: 0, force: true, "x y": 1 },
      'No sweep was started: maxDeletions must be a whole number from 1 to 100, since a payload may only be stricter than the settings. It may hold dryRun, maxDeletions, graceDays, only, report only, not "force", "x y".',
    ],
    [
      { a: 1, b: 1, c: 1, d: 1 },
      'No sweep was started: It may hold dryRun, maxDeletions, graceDays, only, report only, not "a", "b", "c".',
    ],
  ])("%j", (payload, message) => {
    const error = thrown(() => readSweepPayload(payload, CONFIGURATION));
    expect(error).toBeInstanceOf(BadPayload);
    expect(error).toMatchObject({ name: "BadPayload", message });
  });
});

const EVENT = {
  version: "2.0",
  routeKey: "GET /certificates",
  rawPath: "/certificates",
  requestContext: { requestId: "r", http: { method: "GET" } },
};

function read(over: object = {}): HttpRequest {
  return readHttpRequest({ ...EVENT, ...over })!;
}

function detail(work: () => unknown): string | undefined {
  const error = thrown(work);
  return error instanceof Refusal ? error.problem.detail : undefined;
}

describe("a bad request is told in full", () => {
  const permitted = { force: ["true", "false"], limit: /^\d{1,4}$/ };
  const query = (queryStringParameters: object) =>
    detail(() => readQuery(read({ queryStringParameters }), permitted));

  it("in its chain id", () => {
    expect(detail(() => readChainId(read()))).toBe(
      "The chain id must be 32 hexadecimal digits, as ListCertV2 gives it. Nothing was deleted.",
    );
  });

  it("in its query", () => {
    expect(query({ force: "x" })).toBe(
      "The query parameter force must be given once and be true or false. Nothing was deleted.",
    );
    expect(query({ limit: "x" })).toBe(
      "The query parameter limit must be given once and have its documented form. Nothing was deleted.",
    );
    expect(query({ x: "", limit: "1" })).toBe(
      "There is an unknown query parameter; this route knows force, limit. Nothing was deleted.",
    );
    expect(
      detail(() => readQuery(read({ queryStringParameters: { x: "" } }), {})),
    ).toBe(
      "There is an unknown query parameter; this route knows none. Nothing was deleted.",
    );
    expect(query({ limit: "1" })).toBeUndefined();
  });

  it("in its path or method", () => {
    const problem = (rawPath: string, method: string) =>
      noRoute(read({ rawPath, requestContext: { http: { method } } })).problem;
    expect(problem("/x", "GET")).toEqual({
      name: "no-such-route",
      detail:
        "Nothing was deleted. The routes are GET /certificates, GET and DELETE /certificates/{chainId}, POST /sweeps and GET /openapi.json.",
    });
    expect(problem("/certificates/a", "PUT")).toEqual({
      name: "method-not-allowed",
      detail: "Nothing was deleted. This path knows DELETE and GET only.",
      headers: { allow: "DELETE, GET" },
    });
    expect(problem("/certificates/", "GET")).toEqual({
      name: "invalid-request",
      detail:
        "The chain id must be 32 hexadecimal digits, as ListCertV2 gives it. Nothing was deleted.",
    });
  });

  it.each([
    ["/x/certificates", undefined],
    ["/certificatesx", undefined],
    ["/x/certificates/a", undefined],
    ["/certificates/a/", undefined],
    ["/x/sweeps", undefined],
    ["/sweeps/x", undefined],
    ["/x/openapi.json", undefined],
    ["/openapi.jsonx", undefined],
    ["/openapixjson", undefined],
    ["/certificates", "GET"],
    ["/certificates/abc", "DELETE, GET"],
    ["/sweeps", "POST"],
    ["/openapi.json", "GET"],
  ])("in a method of %s", (rawPath, allow) => {
    const { problem } = noRoute(
      read({ rawPath, requestContext: { http: { method: "PATCH" } } }),
    );
    expect(problem.headers?.["allow"]).toBe(allow);
  });
});

describe("what an event inherits", () => {
  it("is not looked at, at any depth", () => {
    const inherits = (fields: object): object =>
      Object.create(fields) as object;
    const request = read({
      headers: inherits({ "content-type": "x" }),
      pathParameters: inherits({ chainId: "x" }),
      requestContext: {
        ...EVENT.requestContext,
        authorizer: {
          iam: inherits({ userArn: "x" }),
          jwt: inherits({ claims: { sub: "x" } }),
        },
      },
    });
    expect(request).toMatchObject({
      contentType: "",
      chainId: "",
      caller: "unknown",
    });
    expect(readRequestId(inherits(EVENT))).toBe("");
  });

  it.each([
    { requestId: "a b" },
    { requestId: "ab " },
    { requestId: " ab" },
    { requestId: "" },
  ])("is no request id: %j", (requestContext) => {
    expect(readRequestId({ requestContext })).toBe("");
  });

  it("prefers the IAM caller to the subject of a token", () => {
    const authorizer = {
      iam: { userArn: "arn" },
      jwt: { claims: { sub: "s" } },
    };
    expect(
      read({ requestContext: { ...EVENT.requestContext, authorizer } }).caller,
    ).toBe("arn");
  });

  it("leaves an unflagged body as it is, and reads a flagged one", () => {
    expect(read({ body: "e30=" }).body).toBe("e30=");
    expect(read({ body: "e30=", isBase64Encoded: false }).body).toBe("e30=");
    expect(read({ body: "e30=", isBase64Encoded: true }).body).toBe("{}");
    expect(read({ isBase64Encoded: true }).body).toBeUndefined();
  });
});
