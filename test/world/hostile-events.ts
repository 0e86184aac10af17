/** Events that no client of good will causes, and the problem that each must get. */
import { CHAIN_ID, IDS, MARK } from "./hostile-ids.ts";

export interface HostileEvent {
  readonly what: string;
  readonly event: unknown;
  readonly status: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** An event of payload 2.0 as API Gateway makes it, but for what `over` says. */
export function httpEvent(routeKey: string, over: Fields = {}): Fields {
  const [method = "", path = ""] = routeKey.split(" ");
  const rawPath = path.replace("{chainId}", CHAIN_ID);
  return {
    version: "2.0",
    routeKey,
    rawPath,
    rawQueryString: "",
    headers: { "content-type": "application/json", host: "api.example.com" },
    pathParameters: path.includes("{") ? { chainId: CHAIN_ID } : undefined,
    requestContext: {
      accountId: "123456789012",
      stage: "$default",
      requestId: "JKJaXmPLvHcESHA=",
      http: { method, path: rawPath, protocol: "HTTP/1.1" },
      authorizer: { iam: { userArn: "arn:aws:iam::123456789012:user/u" } },
    },
    isBase64Encoded: false,
    ...over,
  };
}

export const DELETE = "DELETE /certificates/{chainId}";
export const GET_ONE = "GET /certificates/{chainId}";
export const LIST = "GET /certificates";
export const SWEEP = "POST /sweeps";

const QUERIES: readonly (readonly [string, string, unknown])[] = [
  ["force twice", DELETE, { force: "true,true" }],
  ["force both ways", DELETE, { force: "true,false" }],
  ["force as a list", DELETE, { force: ["true"] }],
  ["force as a boolean", DELETE, { force: true }],
  ["force in capitals", DELETE, { force: "TRUE" }],
  ["force without a value", DELETE, { force: "" }],
  ["force with a fullwidth e", DELETE, { force: "truｅ" }],
  ["Force", DELETE, { Force: "true" }],
  ["force and a stranger", DELETE, { force: "true", [MARK]: MARK }],
  ["dry_run, misspelt", DELETE, { dry_run: "true" }],
  ["dryRun of a GET", GET_ONE, { dryRun: "true" }],
  ["an empty name", GET_ONE, { "": "" }],
  ["constructor", GET_ONE, { constructor: "x" }],
  ["hasOwnProperty", GET_ONE, { hasOwnProperty: "x" }],
  ["__proto__", GET_ONE, JSON.parse('{"__proto__":"x"}')],
  [
    "a thousand names",
    LIST,
    Object.fromEntries(
      Array.from({ length: 1000 }, (_, n) => [`${MARK}${String(n)}`, "x"]),
    ),
  ],
  ["limit 0", LIST, { limit: "0" }],
  ["limit 1001", LIST, { limit: "1001" }],
  ["limit -1", LIST, { limit: "-1" }],
  ["limit 1e3", LIST, { limit: "1e3" }],
  ["limit in Arabic digits", LIST, { limit: "٥" }],
  ["limit twice", LIST, { limit: "5,5" }],
  ["limit with a line break", LIST, { limit: "5\n" }],
  ["a verdict of its own", LIST, { verdict: MARK }],
  ["a state of every object", LIST, { state: "constructor" }],
  ["a cursor that is none", LIST, { cursor: MARK }],
  [
    "a cursor of another shape",
    LIST,
    { cursor: Buffer.from('{"a":1}').toString("base64url") },
  ],
  ["a cursor without end", LIST, { cursor: "A".repeat(100_000) }],
  ["an empty cursor", LIST, { cursor: "" }],
  ["a query that is a text", LIST, "limit=5"],
  ["a query that is a list", LIST, ["limit"]],
  ["any query of the description", "GET /openapi.json", { v: "3" }],
  ["any query of a sweep", SWEEP, { dryRun: "true" }],
];

const BODIES: readonly (readonly [string, unknown])[] = [
  ["none", undefined],
  ["empty", ""],
  ["no JSON", `{"${MARK}`],
  ["null", "null"],
  ["a list", "[]"],
  ["a text", '"x"'],
  ["an object and more", "{} {}"],
  ["nested without end", "[".repeat(100_000)],
  ["a megabyte of keys", JSON.stringify({ ["\u0001".repeat(1_000_000)]: 1 })],
  [
    "keys that grow when escaped",
    JSON.stringify({
      ['"'.repeat(40)]: 1,
      ["\\".repeat(40)]: 1,
      [`${'"'.repeat(39)}x`]: 1,
      graceDays: 1,
      maxDeletions: 0,
      dryRun: 0,
    }),
  ],
  ["less grace", '{"graceDays":0}'],
  ["more deletions", '{"maxDeletions":100001}'],
  ["no dry run", '{"dryRun":false}'],
  ["dry run twice, the last false", '{"dryRun":true,"dryRun":false}'],
  ["__proto__", '{"__proto__":{"dryRun":true}}'],
  ["a number beyond all", '{"graceDays":1e999}'],
  ["an object that is no text", { dryRun: true }],
  ["base64 that is none", "\u0000\u0001"],
];

/** As other services call a function. */
const STRANGERS: readonly (readonly [string, unknown])[] = [
  [
    "S3",
    {
      Records: [
        {
          eventVersion: "2.1",
          eventSource: "aws:s3",
          eventName: "ObjectCreated:Put",
          s3: { object: { key: CHAIN_ID } },
        },
      ],
    },
  ],
  [
    "SQS",
    {
      Records: [
        {
          messageId: "m",
          eventSource: "aws:sqs",
          body: JSON.stringify(httpEvent(DELETE)),
        },
      ],
    },
  ],
  [
    "SNS",
    {
      Records: [
        {
          EventSource: "aws:sns",
          Sns: { Message: JSON.stringify(httpEvent(DELETE)) },
        },
      ],
    },
  ],
  ["DynamoDB", { Records: [{ eventName: "REMOVE", dynamodb: {} }] }],
  ["Kinesis", { Records: [{ kinesis: { data: "e30=" } }] }],
  [
    "a load balancer",
    {
      requestContext: { elb: { targetGroupArn: "arn:x" } },
      httpMethod: "DELETE",
      path: `/certificates/${CHAIN_ID}`,
      headers: {},
    },
  ],
  [
    "a REST API",
    {
      version: "1.0",
      resource: "/certificates/{chainId}",
      path: `/certificates/${CHAIN_ID}`,
      httpMethod: "DELETE",
      pathParameters: { chainId: CHAIN_ID },
      requestContext: { requestId: "r" },
    },
  ],
  [
    "a WebSocket API",
    {
      requestContext: {
        routeKey: "$connect",
        eventType: "CONNECT",
        connectionId: "c=",
      },
    },
  ],
  [
    "EventBridge",
    {
      version: "0",
      id: "x",
      "detail-type": "Scheduled Event",
      source: "aws.events",
      detail: {},
    },
  ],
  ["Scheduler", {}],
  ["CloudFormation", { RequestType: "Delete", ResponseURL: `https://${MARK}` }],
  ["Cognito", { version: "1", triggerSource: "PreSignUp_SignUp", request: {} }],
  [
    "CloudFront",
    { Records: [{ cf: { request: { method: "DELETE", uri: "/" } } }] },
  ],
  ["a wrong version", httpEvent(DELETE, { version: "2" })],
  ["a number as version", httpEvent(DELETE, { version: 2.0 })],
  ["a future version", httpEvent(DELETE, { version: "3.0" })],
  ["no version", httpEvent(DELETE, { version: undefined })],
];

function trap(): never {
  throw new Error(MARK);
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const ODDITIES: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["a text", JSON.stringify(httpEvent(DELETE))],
  ["a number", NaN],
  ["a symbol", Symbol(MARK)],
  ["a function", trap],
  ["a list", [httpEvent(DELETE)]],
  ["a date", new Date(0)],
  ["only inherited fields", Object.create(httpEvent(DELETE))],
  [
    "an inherited context",
    httpEvent(DELETE, {
      requestContext: Object.create(
        httpEvent(DELETE)["requestContext"] as object,
      ),
    }),
  ],
  [
    "a getter that throws",
    Object.defineProperty({}, "requestContext", {
      get: trap,
      enumerable: true,
    }),
  ],
  [
    "a getter that throws, deep",
    httpEvent(DELETE, {
      queryStringParameters: Object.defineProperty({}, "force", {
        get: trap,
        enumerable: true,
      }),
    }),
  ],
  [
    "headers that throw",
    httpEvent(DELETE, {
      headers: Object.defineProperty({}, "content-type", { get: trap }),
    }),
  ],
  [
    "a proxy that throws at everything",
    new Proxy(
      {},
      {
        get: trap,
        has: trap,
        ownKeys: trap,
        getOwnPropertyDescriptor: trap,
        getPrototypeOf: trap,
      },
    ),
  ],
  ["a revoked proxy", revoked()],
  [
    "a revoked proxy as context",
    httpEvent(DELETE, { requestContext: revoked() }),
  ],
  [
    "a revoked proxy as query",
    httpEvent(DELETE, { queryStringParameters: revoked() }),
  ],
  [
    "frozen, with a bad id",
    Object.freeze(
      httpEvent(DELETE, { pathParameters: Object.freeze({ chainId: "x" }) }),
    ),
  ],
  [
    "forged headers and a bad id",
    httpEvent(DELETE, {
      pathParameters: { chainId: "x" },
      headers: {
        "x-request-id": MARK,
        authorization: MARK,
        "x-forwarded-for": "127.0.0.1",
        "x-amzn-trace-id": MARK,
        host: MARK,
      },
    }),
  ],
  [
    "a forged request id",
    httpEvent(DELETE, {
      version: "1.0",
      requestContext: { requestId: `a\r\nx: ${MARK}` },
    }),
  ],
  [
    "a request id without end",
    httpEvent(DELETE, {
      version: "1.0",
      requestContext: { requestId: MARK.repeat(100_000) },
    }),
  ],
  [
    "a path without end",
    httpEvent("$default", {
      rawPath: `x${MARK.repeat(100_000)}`,
      version: "2.0",
    }),
  ],
];

const ROUTES: readonly (readonly [string, string, number])[] = [
  ["POST", "/certificates", 405],
  ["PUT", `/certificates/${CHAIN_ID}`, 405],
  ["PATCH", `/certificates/${MARK}`, 405],
  ["TRACE", "/certificates", 405],
  ["delete", `/certificates/${CHAIN_ID}`, 405],
  ["GET", "/sweeps", 405],
  ["DELETE", "/openapi.json", 405],
  ["GET", "/", 404],
  ["GET", `/${MARK}`, 404],
  ["DELETE", `/certificates/${CHAIN_ID}/x`, 404],
  ["DELETE", `/CERTIFICATES/${CHAIN_ID}`, 404],
  ["DELETE", `//certificates/${CHAIN_ID}`, 404],
  ["GET", "/certificates/../sweeps", 404],
  ["GET", `/${MARK.repeat(100_000)}`, 404],
  ["GET", "/.git/config", 404],
  ["DELETE", "/certificates/", 400],
];

export const HOSTILE: readonly HostileEvent[] = [
  ...IDS.flatMap(([what, chainId]) =>
    [DELETE, GET_ONE].map((route) => ({
      what: `${route}: ${what}`,
      event: httpEvent(route, { pathParameters: { chainId } }),
      status: 400,
    })),
  ),
  ...QUERIES.map(([what, route, queryStringParameters]) => ({
    what: `${route}?: ${what}`,
    event: httpEvent(route, { queryStringParameters }),
    status: 400,
  })),
  ...BODIES.map(([what, body]) => ({
    what: `${SWEEP}, body: ${what}`,
    event: httpEvent(SWEEP, { body }),
    status: 400,
  })),
  ...["", "text/plain", "application/jsonx", "multipart/form-data"].map(
    (type) => ({
      what: `${SWEEP}, content-type: ${type}`,
      event: httpEvent(SWEEP, {
        body: "{}",
        headers: { "content-type": type },
      }),
      status: 400,
    }),
  ),
  ...STRANGERS.map(([what, event]) => ({
    what: `from ${what}`,
    event,
    status: 400,
  })),
  ...ODDITIES.map(([what, event]) => ({ what, event, status: 400 })),
  ...ROUTES.map(([method, rawPath, status]) => ({
    what: `${method} ${rawPath.slice(0, 60)}`,
    event: httpEvent("$default", {
      rawPath,
      requestContext: { requestId: "r", http: { method } },
    }),
    status,
  })),
];
