import { once } from "node:events";
import tls from "node:tls";
import { expect, it, onTestFinished } from "vitest";
import { createTransport } from "../../functions/volcengine/transport.ts";
import { selfSigned } from "../world/faulty-server.ts";

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
