/** What the client of the vendor makes of everything that a network can do to one call, over real sockets. */
import type { Socket } from "node:net";
import tls from "node:tls";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  BROKEN,
  CAP,
  clockOfCalls,
  connect,
  endAll,
  expectFailure,
  json,
  NOT_CONNECTED,
  REFUSED,
  serve,
  SILENT,
  SUCCESS,
  THROTTLED,
  WRONG_PEER,
  type Expected,
} from "../world/faulty-call.ts";
import {
  http,
  resetConnection,
  say,
  selfSigned,
  unusedOrigin,
  type Reaction,
} from "../world/faulty-server.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await endAll();
});

const failed = (error: object) =>
  json({ ResponseMetadata: { RequestId: "r-failed", Error: error } });
const chunked = (text: string) =>
  `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${text}`;
const ENVELOPE = SUCCESS.subarray(SUCCESS.indexOf("{")).toString();
/** All that matters has come, but less than the length that was announced. */
const PART = `HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n${ENVELOPE}`;
const after =
  (bytes: string, then: Reaction): Reaction =>
  (socket, text) => {
    socket.write(bytes, () => {
      // What was written must have arrived first.
      setTimeout(() => {
        then(socket, text);
      }, 20);
    });
  };
/** Writes this again and again until the client has enough. */
function endlessly(head: string, part: string, everyMs: number): Reaction {
  return (socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(part), everyMs);
    socket.on("close", () => {
      clearInterval(timer);
    });
  };
}

describe("no connection comes about", () => {
  it.each([
    ["refused", unusedOrigin],
    ["name not resolved", () => new URL("http://nowhere.invalid")],
  ])("%s: not done, repeated to the last attempt", async (_, origin) => {
    const { failure } = await connect(await origin())();
    expectFailure(failure, NOT_CONNECTED);
  });

  it("a certificate that nobody trusts: never repeated, nothing sent", async () => {
    const server = await serve(say(SUCCESS), {
      identity: selfSigned("127.0.0.1"),
    });
    const { failure } = await connect(server.origin)();
    expectFailure(failure, WRONG_PEER);
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    ["localhost", undefined],
    ["elsewhere.example.com", WRONG_PEER],
  ])("a trusted certificate for %s", async (host, expected) => {
    const identity = selfSigned(host);
    const server = await serve(say(SUCCESS), { identity });
    const original = tls.createSecureContext;
    vi.spyOn(tls, "createSecureContext").mockImplementation((options) =>
      original({ ...options, ca: identity.cert }),
    );
    const origin = new URL(`https://localhost:${server.origin.port}`);
    const { answer, failure } = await connect(origin)();
    if (expected === undefined) expect(answer?.requestId).toBe("r-ok");
    else expectFailure(failure, expected);
    expect(server.requests).toHaveLength(expected === undefined ? 1 : 0);
  });

  it("plain HTTP on the TLS port: never repeated, nothing sent", async () => {
    const server = await serve([], {
      scheme: "https",
      greet: (socket) => socket.once("data", () => socket.end(http("400 Bad"))),
    });
    const { failure } = await connect(server.origin)();
    expectFailure(failure, WRONG_PEER);
    expect(server.connections).toBe(1);
  });
});

describe("an answer that is none", () => {
  it.each<[string, Reaction, Expected]>([
    ["headers never", () => undefined, SILENT],
    ["a reset before the headers", resetConnection, BROKEN],
    ["FIN before the headers", (socket) => socket.end(), BROKEN],
    ["a reset in the body", after(PART, resetConnection), BROKEN],
    ["FIN in the body", after(PART, (socket) => socket.end()), BROKEN],
    ["a body that stalls", say(PART), SILENT],
    ["one byte per 20 ms", endlessly(PART, " ", 20), SILENT],
    ["204", say("HTTP/1.1 204 No Content\r\n\r\n"), BROKEN],
    ["502 in HTML", say(http("502 Bad Gateway", "<html></html>")), BROKEN],
    [
      "gzip that was not asked for",
      say(http("200 OK", gzipSync(ENVELOPE), ["content-encoding: gzip"])),
      BROKEN,
    ],
    [
      "a header of 64 KB",
      say(http("200 OK", ENVELOPE, [`x-long: ${"x".repeat(65_536)}`])),
      BROKEN,
    ],
    ["garbage", say("\0\x01SSH-2.0-nothing\r\n\r\n"), BROKEN],
    [
      "a bad chunk",
      say(chunked(`${ENVELOPE.length.toString(16)}\r\n${ENVELOPE}\r\nzz\r\n`)),
      BROKEN,
    ],
    [
      "two content lengths",
      say(http("200 OK", ENVELOPE, ["content-length: 7"])),
      BROKEN,
    ],
    [
      "100 for ever",
      endlessly("", "HTTP/1.1 100 Continue\r\n\r\n", 10),
      BROKEN,
    ],
    [
      "103 for ever",
      endlessly("", "HTTP/1.1 103 Early Hints\r\n\r\n", 10),
      SILENT,
    ],
  ])("%s: unknown, repeated to the last attempt", async (_, reaction, row) => {
    const clock = clockOfCalls();
    const server = await serve((socket, text) => {
      reaction(socket, text);
      // What was written, if anything, should arrive first.
      if (row === SILENT) setTimeout(clock.skip, 50);
    });
    const { failure } = await connect(server.origin, clock)();
    expectFailure(failure, row);
    // What was cut short may not have arrived.
    if (row !== SILENT) expect(server.requests).toHaveLength(row.attempts);
  });

  it.each<[string, Reaction]>([
    [
      "by its length",
      (socket) => {
        const size = String(20 * CAP);
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
        endlessly("", "x".repeat(CAP / 4), 1)(socket, "");
      },
    ],
    [
      "by chunks",
      endlessly(chunked(""), `4000\r\n${"x".repeat(0x4000)}\r\n`, 1),
    ],
  ])("a body over the cap %s is cut off there", async (_, reaction) => {
    const server = await serve(reaction);
    const { failure } = await connect(server.origin)();
    expectFailure(failure, BROKEN);
    expect(server.written() / 4).toBeLessThan(10 * CAP);
  });

  it.each([
    [CAP, true],
    [CAP + 1, false],
  ])("of a cap of 65536 bytes a body has %i", async (size, accepted) => {
    const server = await serve(say(http("200 OK", ENVELOPE.padEnd(size))));
    const { answer } = await connect(server.origin)();
    expect(answer !== undefined).toBe(accepted);
  });

  it("a deadline in the middle of an attempt ends it", async () => {
    const clock = clockOfCalls();
    const server = await serve(clock.skip);
    const { failure, ms } = await connect(server.origin, clock)(4000);
    expectFailure(failure, { ...SILENT, attempts: 1 });
    expect(ms).toBeLessThan(15_000);
  });
});

describe("an answer that is one", () => {
  it.each<[string, object, Expected]>([
    ["CommonErr", { Code: "CommonErr" }, BROKEN],
    [
      "InvalidParam",
      { Code: "InvalidParam.ChainID" },
      { ...REFUSED, kind: "invalid-parameter" },
    ],
    [
      "a rejected key with no newer one to be had",
      { Code: "SignatureDoesNotMatch", CodeN: 100_010 },
      { outcome: "credentials", kind: "credentials-rejected", attempts: 1 },
    ],
  ])("%s inside a 200 is a failure", async (_, error, row) => {
    const server = await serve(say(failed(error)));
    const { failure } = await connect(server.origin)();
    expectFailure(failure, row);
    expect(failure?.requestId).toBe("r-failed");
    expect(server.requests).toHaveLength(row.attempts);
  });

  it("103 first does not stand in the way", async () => {
    const hint = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    const server = await serve(say(hint, SUCCESS));
    const { answer } = await connect(server.origin)();
    expect(answer).toMatchObject({ requestId: "r-ok", attempts: 1 });
  });

  it("asks for no compression and follows no redirect, not even to another loopback server", async () => {
    const target = await serve(say(SUCCESS));
    const location = `location: ${target.origin.href}`;
    const server = await serve(say(http("302 Found", "", [location])));
    const { failure } = await connect(server.origin)();
    expectFailure(failure, BROKEN);
    expect(target.connections).toBe(0);
    expect(server.requests).toHaveLength(4);
    expect(server.requests[0]).toMatch(/^accept-encoding: identity\r$/m);
  });

  it.each([301, 302, 303, 307, 308])(
    "%i to the link-local address of a metadata service is a failure",
    async (status) => {
      const location = "location: http://169.254.169.254/latest/meta-data/";
      const server = await serve(
        say(http(`${String(status)} Elsewhere`, "", [location])),
      );
      const { failure } = await connect(server.origin)();
      expectFailure(failure, BROKEN);
      expect(server.requests).toHaveLength(4);
    },
  );
});

describe("429 is not done", () => {
  const inSeconds = (seconds: number) =>
    new Date(Date.now() + seconds * 1000).toUTCString();

  it.each<[string, () => string[], number, number]>([
    ["500 ms later without Retry-After", () => [], 4, 1500],
    ["one second later, as asked", () => ["retry-after: 1"], 4, 3000],
    // Dates have whole seconds.
    ["at a date, as asked", () => [`retry-after: ${inSeconds(3)}`], 4, 6000],
    ["never before that", () => ["retry-after: 99999999999"], 1, 0],
  ])("and repeated %s", async (_, headers, attempts, least) => {
    const server = await serve((socket) => {
      socket.write(http("429 Too Many Requests", "", headers()));
    });
    const { failure, ms } = await connect(server.origin)();
    expectFailure(failure, { ...THROTTLED, attempts });
    expect(server.requests).toHaveLength(attempts);
    expect(ms).toBeGreaterThan(least - 100);
  });

  it("and the call succeeds once the vendor has room", async () => {
    const server = await serve([say(http("429 Too Many")), say(SUCCESS)]);
    const { answer } = await connect(server.origin)();
    expect(answer).toMatchObject({ requestId: "r-ok", attempts: 2 });
  });
});

describe("a connection that is kept", () => {
  it("and is closed just before the next call costs one attempt, not the call", async () => {
    const server = await serve(say(SUCCESS));
    const call = connect(server.origin);
    expect((await call()).answer?.attempts).toBe(1);
    server.endAll();
    expect((await call()).answer?.attempts).toBeLessThanOrEqual(2);
    expect(server.connections).toBe(2);
  });

  it.each<[string, Reaction]>([
    ["FIN", (socket) => socket.end()],
    ["a reset", resetConnection],
  ])("and met with %s on its second use is replaced", async (_, reaction) => {
    const server = await serve([say(SUCCESS), reaction, say(SUCCESS)]);
    const call = connect(server.origin);
    expect((await call()).answer?.attempts).toBe(1);
    expect(server.connections).toBe(1);
    expect((await call()).answer?.attempts).toBe(2);
    expect(server.connections).toBe(2);
  });

  it("is not used again once the client gave up, so a slow success answers no other call", async () => {
    const clock = clockOfCalls();
    const slow: Socket[] = [];
    const second = json({ ResponseMetadata: { RequestId: "r-second" } });
    const server = await serve([
      (socket) => {
        slow.push(socket);
        clock.skip();
      },
      (socket) => {
        slow[0]?.write(SUCCESS);
        socket.write(second);
      },
      say(second),
    ]);
    const call = connect(server.origin, clock);
    const { answer } = await call();
    expect(answer).toMatchObject({ requestId: "r-second", attempts: 2 });
    expect((await call()).answer?.requestId).toBe("r-second");
    expect(server.connections).toBeGreaterThan(1);
  });
});
