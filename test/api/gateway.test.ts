import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  startGateway,
  type GatewayOptions,
} from "../../infra/local/gateway.ts";
import type {
  LambdaContext,
  LambdaHandler,
} from "../../infra/local/lambda-runtime.ts";
import type { LoopbackServer } from "../../infra/local/loopback-server.ts";

const open: LoopbackServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function gateway(
  over: Partial<GatewayOptions> = {},
): Promise<LoopbackServer & { seen: unknown[]; contexts: LambdaContext[] }> {
  const seen: unknown[] = [];
  const contexts: LambdaContext[] = [];
  const server = await startGateway({
    port: 0,
    routes: [
      "GET /certificates",
      "GET /certificates/{chainId}",
      "DELETE /certificates/{chainId}",
      "POST /sweeps",
    ],
    timeoutMs: 60_000,
    handler: (event, context) => {
      seen.push(event);
      contexts.push(context);
      return Promise.resolve({ statusCode: 200 });
    },
    ...over,
  });
  open.push(server);
  return { ...server, seen, contexts };
}

/** Answers every request with what the function gives, or fails with what it throws. */
const answering =
  (result: () => unknown): LambdaHandler =>
  () =>
    new Promise((resolve) => {
      resolve(result());
    });

interface RawAnswer {
  readonly head: string;
  readonly body: string;
}

/** Sends a request byte for byte, which no HTTP client does. */
async function send(
  server: LoopbackServer,
  line: string,
  headers: readonly string[] = [],
  body = "",
): Promise<RawAnswer> {
  const socket = connect(server.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = once(socket, "end");
  socket.write(
    [line, "Host: api.test", "Connection: close", ...headers, "", body].join(
      "\r\n",
    ),
  );
  await ended;
  socket.destroy();
  const [head = "", ...rest] = Buffer.concat(chunks)
    .toString("latin1")
    .split("\r\n\r\n");
  return { head, body: rest.join("\r\n\r\n") };
}

describe("the event", () => {
  it("has every field of payload format 2.0", async () => {
    const api = await gateway({ accountId: "210987654321" });
    const before = Date.now();
    const answer = await send(
      api,
      "DELETE /certificates/0a1B?force=true&x=%2B+1&x=b%26c&empty= HTTP/1.1",
      ["User-Agent: probe/1", "Authorization: AWS4-HMAC-SHA256 x"],
    );
    expect(api.seen).toEqual([
      {
        version: "2.0",
        routeKey: "DELETE /certificates/{chainId}",
        rawPath: "/certificates/0a1B",
        rawQueryString: "force=true&x=%2B+1&x=b%26c&empty=",
        headers: {
          authorization: "AWS4-HMAC-SHA256 x",
          "content-length": "0",
          host: "api.test",
          "user-agent": "probe/1",
          "x-amzn-trace-id": expect.stringMatching(
            /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/,
          ) as unknown,
          "x-forwarded-for": "127.0.0.1",
          "x-forwarded-port": String(api.port),
          "x-forwarded-proto": "http",
        },
        queryStringParameters: { force: "true", x: "+ 1,b&c", empty: "" },
        pathParameters: { chainId: "0a1B" },
        requestContext: {
          accountId: "210987654321",
          apiId: "localgateway",
          authorizer: {
            iam: {
              accessKey: "AKIALOCAL",
              accountId: "210987654321",
              callerId: "AIDALOCAL",
              cognitoIdentity: null,
              principalOrgId: "o-local",
              userArn: "arn:aws:iam::210987654321:user/local",
              userId: "AIDALOCAL",
            },
          },
          domainName: "localgateway.execute-api.us-east-1.amazonaws.com",
          domainPrefix: "localgateway",
          http: {
            method: "DELETE",
            path: "/certificates/0a1B",
            protocol: "HTTP/1.1",
            sourceIp: "127.0.0.1",
            userAgent: "probe/1",
          },
          requestId: expect.stringMatching(/^[\w-]{15}=$/) as unknown,
          routeKey: "DELETE /certificates/{chainId}",
          stage: "$default",
          time: expect.stringMatching(
            /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/,
          ) as unknown,
          timeEpoch: expect.any(Number) as unknown,
        },
        isBase64Encoded: false,
      },
    ]);
    const { requestContext } = api.seen[0] as {
      requestContext: { time: string; timeEpoch: number; requestId: string };
    };
    expect(requestContext.timeEpoch).toBeGreaterThanOrEqual(before);
    const time = requestContext.time.replace(":", " ").replaceAll("/", " ");
    expect(Date.parse(time)).toBe(
      Math.floor(requestContext.timeEpoch / 1000) * 1000,
    );
    expect(answer.head.toLowerCase()).toContain(
      `apigw-requestid: ${requestContext.requestId.toLowerCase()}`,
    );
  });

  it("lacks what the request lacks", async () => {
    const api = await gateway();
    await send(api, "GET /certificates HTTP/1.1");
    await send(api, "GET /certificates? HTTP/1.1");
    for (const event of api.seen) {
      expect(event).toMatchObject({ rawQueryString: "" });
      for (const field of [
        "queryStringParameters",
        "pathParameters",
        "cookies",
        "body",
      ])
        expect(event).not.toHaveProperty(field);
    }
  });

  it("joins repeated headers by a comma, and takes cookies and the connection's headers out", async () => {
    const api = await gateway();
    await send(api, "GET /certificates HTTP/1.1", [
      "X-Probe: first",
      "x-probe: second, third",
      "Content-Type: text/plain",
      "Content-type: text/html",
      "Cookie: session=abc; theme=da=rk",
      "cookie: last=1;",
      "X-Forwarded-For: 203.0.113.9",
      "Keep-Alive: timeout=5",
    ]);
    const [event] = api.seen;
    expect(event).toMatchObject({
      headers: {
        "x-probe": "first,second, third",
        "content-type": "text/plain,text/html",
        "x-forwarded-for": "203.0.113.9,127.0.0.1",
      },
      cookies: ["session=abc", "theme=da=rk", "last=1"],
    });
    expect(event).not.toHaveProperty("headers.cookie");
    expect(event).not.toHaveProperty("headers.connection");
    expect(event).not.toHaveProperty("headers.keep-alive");
  });

  it("gives a parameter or header named __proto__ no power", async () => {
    const api = await gateway();
    await send(api, "GET /certificates?__proto__=a&toString=b HTTP/1.1", [
      "__proto__: c",
    ]);
    const event = api.seen[0] as Record<string, object>;
    expect(Object.entries(event["queryStringParameters"] ?? {})).toEqual([
      ["__proto__", "a"],
      ["toString", "b"],
    ]);
    expect(Object.entries(event["headers"] ?? {})).toContainEqual([
      "__proto__",
      "c",
    ]);
  });
});

describe("paths, as captures of the live service show them", () => {
  it.each([
    ["/certificates/plain", "/certificates/plain", "plain"],
    ["/certificates/a%20b", "/certificates/a b", "a b"],
    ["/certificates/a+b", "/certificates/a+b", "a+b"],
    ["/certificates/%E8%AF%81", "/certificates/证", "证"],
    ["/certificates/a%23b", "/certificates/a#b", "a#b"],
    // A question mark that decoding uncovers ends the path.
    ["/certificates/a%3Fb", "/certificates/a", "a"],
    // The path is decoded twice.
    ["/certificates/a%253Fb", "/certificates/a?b", "a?b"],
    ["/certificates/a%2525b", "/certificates/a%b", "a%b"],
    ["/certificates/%00", "/certificates/\0", "\0"],
    ["/certificates/..", "/certificates/..", ".."],
    ["http://elsewhere.test/certificates/a", "/certificates/a", "a"],
  ])("%s is one parameter", async (sent, rawPath, chainId) => {
    const api = await gateway();
    await send(api, `GET ${sent}?q=%3F HTTP/1.1`);
    expect(api.seen[0]).toMatchObject({
      routeKey: "GET /certificates/{chainId}",
      rawPath,
      rawQueryString: "q=%3F",
      pathParameters: { chainId },
      requestContext: { http: { path: rawPath } },
    });
  });

  it.each([
    ["/certificates/a%2Fb", "/certificates/a/b"],
    ["/certificates/a%252Fb", "/certificates/a/b"],
    ["/certificates/%2e%2e%2fx", "/certificates/../x"],
    ["/certificates/", "/certificates/"],
    ["/certificates/a/", "/certificates/a/"],
    ["//certificates/a", "//certificates/a"],
    ["/Certificates", "/Certificates"],
    ["/", "/"],
    ["/sweeps", "/sweeps"],
  ])("%s matches no route of GET", async (sent, rawPath) => {
    const api = await gateway();
    await send(api, `GET ${sent} HTTP/1.1`);
    expect(api.seen[0]).toMatchObject({
      routeKey: "$default",
      rawPath,
      requestContext: { routeKey: "$default" },
    });
    expect(api.seen[0]).not.toHaveProperty("pathParameters");
  });

  it.each([
    "/certificates/%",
    "/certificates/%zz",
    "/certificates/%C3%28",
    "/certificates/%ED%A0%80",
    "/certificates/a%25b%zz",
    "/certificates/percent%25done",
    "*",
  ])("%s is a 400 of the gateway itself", async (sent) => {
    const api = await gateway();
    const { head, body } = await send(api, `OPTIONS ${sent} HTTP/1.1`);
    expect(head).toContain("HTTP/1.1 400 ");
    expect(body).toBe('{"message":"Bad Request"}');
    expect(api.seen).toEqual([]);
  });
});

describe("the body", () => {
  it.each([
    ["application/json; charset=utf-8", false],
    ["application/problem+json", false],
    ["application/x-www-form-urlencoded", true],
    ["application/json-seq", true],
  ])("of type %s is base64: %s", async (type, isBase64Encoded) => {
    const api = await gateway();
    await fetch(`${api.url}/certificates`, {
      method: "POST",
      headers: { "content-type": type },
      body: '{"é":1}',
    });
    const body = isBase64Encoded ? "eyLDqSI6MX0=" : '{"é":1}';
    expect(api.seen[0]).toMatchObject({
      body,
      isBase64Encoded,
      headers: { "content-length": "8" },
    });
  });

  it("may have 10 MB, and not one byte more", async () => {
    const api = await gateway({
      handler: (event) =>
        Promise.resolve({
          statusCode: 200,
          body: String((event as { body: string }).body.length),
        }),
    });
    const post = (bytes: number) =>
      fetch(api.url, { method: "POST", body: "x".repeat(bytes) });
    const limit = 10 * 1024 * 1024;
    expect(await (await post(limit)).text()).toBe(String(limit));
    const refused = await post(limit + 1);
    expect(refused.status).toBe(413);
    expect(await refused.json()).toEqual({
      message: "Request Entity Too Large",
    });
  });
});

describe("the answer", () => {
  const get = async (result: unknown): Promise<Response> => {
    const api = await gateway({ handler: answering(() => result) });
    return fetch(api.url);
  };

  it("is plain text where the function names no type", async () => {
    const answer = await get({ statusCode: 404 });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe(
      "text/plain; charset=utf-8",
    );
    expect(await answer.text()).toBe("");
  });

  it.each([
    [{ hello: "é" }, '{"hello":"é"}'],
    ["text", '"text"'],
    [undefined, "null"],
  ])(
    "is a 200 with the whole result %j where it has no statusCode",
    async (result, body) => {
      const answer = await get(result);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(await answer.text()).toBe(body);
    },
  );

  it.each([
    ["a status of text", { statusCode: "200" }],
    ["no final status", { statusCode: 101 }],
    ["an object for a body", { statusCode: 200, body: { a: 1 } }],
    ["a list for a header", { statusCode: 200, headers: { a: ["b"] } }],
    [
      "a line break in a header",
      { statusCode: 200, headers: { a: "b\r\nc: d" } },
    ],
    [
      "a space in a header's name",
      { statusCode: 200, headers: { "a b": "c" } },
    ],
    [
      "a body that is no base64",
      { statusCode: 200, body: "%", isBase64Encoded: true },
    ],
    ["what JSON cannot say", { statusCode: 200, extra: 1n }],
    [
      "more than 6 MB",
      { statusCode: 200, body: "x".repeat(6.1 * 1024 * 1024) },
    ],
  ])("is the gateway's own 500 for %s", async (_, result) => {
    const answer = await get(result);
    expect(answer.status).toBe(500);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.text()).toBe('{"message":"Internal Server Error"}');
  });

  it("is the same 500 when the handler throws, and only onError learns why", async () => {
    const onError = vi.fn();
    const thrown = new Error("secret detail");
    const api = await gateway({
      onError,
      handler: answering(() => {
        throw thrown;
      }),
    });
    const answer = await fetch(api.url);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toBe('{"message":"Internal Server Error"}');
    expect(onError.mock.calls).toEqual([[thrown]]);
  });

  it("is a 503 when the handler takes too long", async () => {
    const api = await gateway({
      timeoutMs: 60,
      handler: () => new Promise(() => undefined),
    });
    const answer = await fetch(api.url);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toBe('{"message":"Service Unavailable"}');
  });
});

it("the throttle admits a burst and refuses the rest without a call", async () => {
  const api = await gateway({ throttle: { rate: 0.001, burst: 2 } });
  const answers = await Promise.all([1, 2, 3].map(() => fetch(api.url)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  const refused = answers.find(({ status }) => status === 429);
  expect(await refused?.text()).toBe('{"message":"Too Many Requests"}');
  expect(api.seen).toHaveLength(2);
});

it("it closes at once, with idle and busy connections open, and may be closed again", async () => {
  let called: () => void;
  const isBusy = new Promise<void>((resolve) => {
    called = resolve;
  });
  const api = await gateway({
    handler: () => {
      called();
      return new Promise(() => undefined);
    },
  });
  const idle = connect(api.port, "127.0.0.1");
  await once(idle, "connect");
  const idleClosed = once(idle, "close");
  const busy = fetch(api.url).catch((error: unknown) => error);
  await isBusy;
  await api.close();
  await idleClosed;
  expect(await busy).toBeInstanceOf(Error);
  await expect(api.close()).resolves.toBeUndefined();
  await expect(fetch(api.url)).rejects.toThrow();
});
