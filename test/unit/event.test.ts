import { describe, expect, it } from "vitest";
import {
  noRoute,
  readChainId,
  readHttpRequest,
  readQuery,
  readRequestId,
  type HttpRequest,
} from "../../functions/http/event.ts";
import { routeKeyOf, ROUTES } from "../../functions/contract/routes.ts";
import { Refusal } from "../../functions/http/problem.ts";

const CHAIN_ID = "be37f7c23b514c4987f4860000000001";
const GOOD = {
  version: "2.0",
  routeKey: "DELETE /certificates/{chainId}",
  rawPath: `/certificates/${CHAIN_ID}`,
  headers: { "content-type": "application/json" },
  queryStringParameters: { force: "true" },
  pathParameters: { chainId: CHAIN_ID },
  requestContext: {
    requestId: "abc=",
    http: { method: "DELETE", path: "/x" },
    authorizer: { iam: { userArn: "arn:aws:iam::1:user/u" } },
  },
  isBase64Encoded: false,
};

function read(over: object = {}): HttpRequest {
  const request = readHttpRequest({ ...GOOD, ...over });
  if (request === undefined) throw new Error("no event");
  return request;
}

function inherits(fields: object): object {
  return Object.create(fields) as object;
}

function withContext(over: object) {
  return { requestContext: { ...GOOD.requestContext, ...over } };
}

function problemOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error.problem;
    throw error;
  }
  return undefined;
}

describe("an event of payload 2.0", () => {
  it("is read", () => {
    expect(read()).toEqual({
      method: "DELETE",
      path: `/certificates/${CHAIN_ID}`,
      routeKey: "DELETE /certificates/{chainId}",
      requestId: "abc=",
      chainId: CHAIN_ID,
      query: new Map([["force", "true"]]),
      body: undefined,
      contentType: "application/json",
      caller: "arn:aws:iam::1:user/u",
    });
  });

  it.each<[string, object, Partial<HttpRequest>]>([
    ["no query", { queryStringParameters: undefined }, { query: new Map() }],
    ["a query of null", { queryStringParameters: null }, { query: new Map() }],
    ["no path parameters", { pathParameters: undefined }, { chainId: "" }],
    [
      "a chain id that is no text",
      { pathParameters: { chainId: [CHAIN_ID] } },
      { chainId: "" },
    ],
    ["no headers", { headers: undefined }, { contentType: "" }],
    ["a body", { body: "{}" }, { body: "{}" }],
    [
      "a body in base64",
      { body: "e30=", isBase64Encoded: true },
      { body: "{}" },
    ],
    [
      "a flag that is not true",
      { body: "e30=", isBase64Encoded: "true" },
      { body: "e30=" },
    ],
    [
      "a flag that is false",
      { body: "e30=", isBase64Encoded: false },
      { body: "e30=" },
    ],
    [
      "a flag and no body",
      { body: undefined, isBase64Encoded: true },
      { body: undefined },
    ],
    ["an empty body", { body: "" }, { body: "" }],
    ["a body of null", { body: null }, { body: undefined }],
    [
      "no authorizer",
      withContext({ authorizer: undefined }),
      { caller: "unknown" },
    ],
    [
      "a JWT",
      withContext({ authorizer: { jwt: { claims: { sub: "s-1" } } } }),
      { caller: "s-1" },
    ],
    [
      "an IAM caller beside a JWT",
      withContext({
        authorizer: { iam: { userArn: "a" }, jwt: { claims: { sub: "s" } } },
      }),
      { caller: "a" },
    ],
    [
      "inherited fields, which are not looked at",
      {
        headers: inherits({ "content-type": "x" }),
        pathParameters: inherits({ chainId: "x" }),
        ...withContext({
          authorizer: {
            iam: inherits({ userArn: "x" }),
            jwt: inherits({ claims: { sub: "x" } }),
          },
        }),
      },
      { contentType: "", chainId: "", caller: "unknown" },
    ],
    [
      "a caller without end",
      withContext({ authorizer: { iam: { userArn: "a".repeat(999) } } }),
      { caller: "a".repeat(256) },
    ],
  ])("may have %s", (_what, over, expected) => {
    expect(read(over)).toMatchObject(expected);
  });

  it("is taken as it was delivered, never decoded again", () => {
    const chainId = "%62e37f7c23b514c4987f48600000000";
    expect(read({ pathParameters: { chainId } }).chainId).toBe(chainId);
  });
});

describe("what is none", () => {
  const throwing = Object.defineProperty({}, "version", {
    get: () => {
      throw new Error("trap");
    },
    enumerable: true,
  });

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["a text", JSON.stringify(GOOD)],
    ["a list", [GOOD]],
    ["another version", { ...GOOD, version: "1.0" }],
    ["a number as version", { ...GOOD, version: 2 }],
    ["no version", { ...GOOD, version: undefined }],
    ["no method", { ...GOOD, ...withContext({ http: {} }) }],
    ["an empty method", { ...GOOD, ...withContext({ http: { method: "" } }) }],
    ["no path", { ...GOOD, rawPath: undefined }],
    ["a path without a slash", { ...GOOD, rawPath: "certificates" }],
    ["no route key", { ...GOOD, routeKey: undefined }],
    ["no context", { ...GOOD, requestContext: undefined }],
    ["a query that is a list", { ...GOOD, queryStringParameters: [] }],
    [
      "a query that is a text",
      { ...GOOD, queryStringParameters: "force=true" },
    ],
    [
      "a parameter that is no text",
      { ...GOOD, queryStringParameters: { force: true } },
    ],
    [
      "a parameter that is a list",
      { ...GOOD, queryStringParameters: { force: ["true"] } },
    ],
    ["a body that is an object", { ...GOOD, body: {} }],
    ["only inherited fields", inherits(GOOD)],
    ["a getter that throws", throwing],
  ])("%s is undefined, and nothing is thrown", (_what, event) => {
    expect(readHttpRequest(event)).toBeUndefined();
  });
});

it("a revoked proxy is no event either", () => {
  expect(readHttpRequest(revoked())).toBeUndefined();
});

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe("the request id", () => {
  it.each([
    ["JKJaXmPLvHcESHA=", "JKJaXmPLvHcESHA="],
    ["a/b+c-d_e.f", "a/b+c-d_e.f"],
    ["x".repeat(64), "x".repeat(64)],
    ["x".repeat(65), ""],
    ["", ""],
    ["a b", ""],
    ["ab ", ""],
    [" ab", ""],
    ["a\r\nset-cookie: x=1", ""],
    ["<b>", ""],
    ["ü", ""],
    [7, ""],
  ])("%j is repeated as %j", (requestId, shown) => {
    expect(readRequestId({ requestContext: { requestId } })).toBe(shown);
  });

  it("of no event is empty", () => {
    for (const event of [
      ...[undefined, null, "x", [], revoked()],
      inherits(GOOD),
    ]) {
      expect(readRequestId(event)).toBe("");
    }
  });
});

describe("the chain id", () => {
  it.each([CHAIN_ID, CHAIN_ID.toUpperCase(), "0".repeat(32)])(
    "%s is one",
    (chainId) => {
      expect(readChainId(read({ pathParameters: { chainId } }))).toBe(chainId);
    },
  );

  it.each([
    "",
    CHAIN_ID.slice(1),
    `${CHAIN_ID}0`,
    `${CHAIN_ID}\n`,
    ` ${CHAIN_ID.slice(1)}`,
    `g${CHAIN_ID.slice(1)}`,
    `%62${CHAIN_ID.slice(3)}`,
    "０".repeat(32),
    "٠".repeat(32),
    `${CHAIN_ID.slice(0, 31)}\u0000`,
  ])("%j is none", (chainId) => {
    expect(
      problemOf(() => readChainId(read({ pathParameters: { chainId } }))),
    ).toEqual({
      name: "invalid-request",
      detail: expect.stringMatching(
        /32 hexadecimal digits.* Nothing was deleted\.$/,
      ) as string,
    });
  });
});

describe("the query", () => {
  const permitted = { force: ["true", "false"], limit: /^\d{1,4}$/ };
  const parse = (queryStringParameters: object) =>
    readQuery(read({ queryStringParameters }), permitted);

  it.each([
    [{}, {}],
    [{ force: "true" }, { force: "true" }],
    [
      { force: "false", limit: "10" },
      { force: "false", limit: "10" },
    ],
  ])("%j is %j", (given, expected) => {
    expect(parse(given)).toEqual(expected);
  });

  it.each<[object, RegExp]>([
    [
      { force: "" },
      /^The query parameter force must be given once and be true or false\./,
    ],
    [{ force: "TRUE" }, /force/],
    [{ force: "true,true" }, /force/],
    [{ force: "true,false" }, /force/],
    [{ force: "1" }, /force/],
    [{ force: " true" }, /force/],
    [
      { limit: "10,10" },
      /^The query parameter limit must be given once and have its documented form\./,
    ],
    [{ limit: "" }, /limit/],
    [
      { Force: "true" },
      /unknown query parameter; this route knows force, limit\./,
    ],
    [{ force: "true", "force ": "true" }, /unknown/],
    [{ "": "" }, /unknown/],
    [{ constructor: "x" }, /unknown/],
    [{ toString: "x" }, /unknown/],
    [JSON.parse('{"__proto__":"x"}') as object, /unknown/],
  ])("%j is refused", (given, says) => {
    const problem = problemOf(() => parse(given));
    expect(problem).toMatchObject({ name: "invalid-request" });
    expect(problem?.detail).toMatch(says);
    expect(problem?.detail).toMatch(/Nothing was deleted\.$/);
  });

  it("of a route without parameters says so", () => {
    expect(problemOf(() => readQuery(read(), {}))?.detail).toMatch(
      /knows none\./,
    );
  });
});

describe("no route", () => {
  const problem = (method: string, rawPath: string) =>
    noRoute(read({ rawPath, ...withContext({ http: { method } }) })).problem;

  it.each<[string, string, string, string | undefined]>([
    ["GET", "/", "no-such-route", undefined],
    ["GET", "/certificate", "no-such-route", undefined],
    ["GET", "/certificatesx", "no-such-route", undefined],
    ["GET", "/x/certificates", "no-such-route", undefined],
    ["GET", "/x/certificates/a", "no-such-route", undefined],
    ["GET", "/certificates/a/", "no-such-route", undefined],
    ["GET", "/certificates/a/b", "no-such-route", undefined],
    ["GET", "/CERTIFICATES", "no-such-route", undefined],
    ["GET", "//certificates", "no-such-route", undefined],
    ["POST", "/sweeps/x", "no-such-route", undefined],
    ["GET", "/openapi.json/", "no-such-route", undefined],
    ["GET", "/openapixjson", "no-such-route", undefined],
    ["POST", "/certificates", "method-not-allowed", "GET"],
    ["DELETE", "/certificates", "method-not-allowed", "GET"],
    ["PUT", `/certificates/${CHAIN_ID}`, "method-not-allowed", "DELETE, GET"],
    ["get", `/certificates/${CHAIN_ID}`, "method-not-allowed", "DELETE, GET"],
    ["GET", "/sweeps", "method-not-allowed", "POST"],
    ["POST", "/openapi.json", "method-not-allowed", "GET"],
    ["DELETE", "/certificates/", "invalid-request", undefined],
  ])("%s %s is %s", (method, rawPath, name, allow) => {
    const { headers, ...said } = problem(method, rawPath);
    expect(said.name).toBe(name);
    expect(headers?.["allow"]).toBe(allow);
    expect(said.detail).toMatch(/Nothing was deleted\./);
  });

  it("says which there are, for the path or at all", () => {
    const { detail } = problem("GET", "/x");
    for (const route of Object.values(ROUTES).map(routeKeyOf))
      expect(detail).toMatch(
        new RegExp(`[ ,]${route}[,.]`.replace("{", "\\{")),
      );
    expect(problem("PUT", "/certificates/a").detail).toMatch(
      / DELETE and GET only\.$/,
    );
    expect(problem("GET", "/certificates/").detail).toMatch(/32 hexadecimal/);
  });
});
