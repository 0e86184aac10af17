import { once } from "node:events";
import tls from "node:tls";
import { setImmediate as soon } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { createTransport } from "../../functions/volcengine/transport.ts";
import {
  http,
  say,
  selfSigned,
  startFaultyServer,
  type Reaction,
} from "../world/faulty-server.ts";

/** A server that reacts like this, and a way to send to it. */
async function serve(...reactions: readonly Reaction[]) {
  const server = await startFaultyServer(reactions);
  const transport = createTransport(server.origin, 2000);
  onTestFinished(async () => {
    await transport.close();
    await server.close();
  });
  const send = (maxBytes = 100, signal = AbortSignal.timeout(60_000)) =>
    transport.send({
      method: "POST",
      path: "/?a=b",
      headers: { "x-a": "b" },
      body: "{}",
      signal,
      maxBytes,
    });
  return { server, transport, send };
}

it("gives what was answered, and of a header that came twice nothing", async () => {
  const { server, send } = await serve(
    say(http("429 Slow", "wait", ["retry-after: 7"])),
    say(http("200 OK", "", ["retry-after: 7", "retry-after: 8", "date: x"])),
  );
  const { body, ...answer } = await send();
  expect(Buffer.from(body).toString()).toBe("wait");
  expect(answer).toEqual({
    status: 429,
    date: expect.stringMatching(/ GMT$/) as string,
    retryAfter: "7",
  });
  expect(server.requests[0]).toMatch(
    /^POST \/\?a=b HTTP\/1\.1\r\n[^]*^x-a: b\r\n[^]*\r\n\r\n\{\}$/m,
  );
  expect(await send()).toMatchObject({ status: 200, retryAfter: undefined });
});

it("takes as many bytes as it may, and of more neither the answer nor the connection", async () => {
  const { server, send } = await serve(say(http("200 OK", "12345")));
  expect((await send(5)).body).toHaveLength(5);
  await expect(send(4)).rejects.toThrow("answer longer than 4 bytes");
  await send(5);
  expect(server.connections).toBe(2);
});

it("puts an answer together that came in pieces", async () => {
  const answer = http("200 OK", "12345");
  const { send } = await serve((socket) => {
    socket.write(answer.subarray(0, -3));
    setImmediate(() => socket.write(answer.subarray(-3)));
  });
  expect(Buffer.from((await send()).body).toString()).toBe("12345");
});

it("keeps what a peer echoes out of its error", async () => {
  const { send } = await serve(
    say("HTTP/1.1 what\r\nauthorization: CANARY\r\n"),
  );
  const error: unknown = await send().catch((cause: unknown) => cause);
  expect(error).toMatchObject({ name: "HTTPParserError" });
  expect(error).not.toHaveProperty("data");
});

it("rejects with the signal's own reason", async () => {
  const { send } = await serve(() => undefined);
  const reason = new Error("no longer needed");
  await expect(send(1, AbortSignal.abort(reason))).rejects.toBe(reason);
});

it("has eight calls under way at the most, each over a connection of its own", async () => {
  const held: (() => void)[] = [];
  const { server, send } = await serve((socket) =>
    held.push(() => socket.write(http("200 OK"))),
  );
  const calls = Array.from({ length: 9 }, () => send());
  while (held.length < 8) await soon();
  for (let turn = 0; turn < 100; turn += 1) await soon();
  expect([held.length, server.connections]).toEqual([8, 8]);
  held[0]?.();
  while (held.length < 9) await soon();
  for (const answer of held.slice(1)) answer();
  await Promise.all(calls);
  expect(server.connections).toBe(8);
});

it("once closed leaves no connection and sends no more", async () => {
  const { server, transport, send } = await serve((socket) => {
    socket.once("close", () => server.requests.push("closed"));
    socket.write(http("200 OK"));
  });
  await send();
  await transport.close();
  await expect(send()).rejects.toThrow();
  while (!server.requests.includes("closed")) await soon();
});

it("offers HTTP/1.1 and nothing else", async () => {
  const offered: string[][] = [];
  const server = tls.createServer({
    ...selfSigned("127.0.0.1"),
    ALPNCallback: ({ protocols }) => {
      offered.push(protocols);
      return undefined;
    },
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const transport = createTransport(
    new URL(`https://127.0.0.1:${String(port)}`),
    2000,
  );
  onTestFinished(() => transport.close());
  await expect(
    transport.send({
      method: "POST",
      path: "/",
      headers: {},
      body: "",
      signal: AbortSignal.timeout(5000),
      maxBytes: 10,
    }),
  ).rejects.toThrow();
  // Without an offer the callback is not asked.
  expect(offered.flat().filter((name) => name !== "http/1.1")).toEqual([]);
});
