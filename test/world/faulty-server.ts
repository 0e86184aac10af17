/** A server on 127.0.0.1 that answers raw bytes as told, over TCP or TLS, and counts what came. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

/** What one request meets; `text` is the request as it came. */
export type Reaction = (socket: net.Socket, text: string) => void;

export interface FaultyServer {
  readonly origin: URL;
  /** Connections that came, TLS ones as soon as their handshake is done. */
  connections: number;
  /** Requests that came whole, as text. */
  readonly requests: string[];
  /** Bytes that went out, and might have stayed in a buffer. */
  written(): number;
  /** Ends all connections at once; the server goes on. */
  endAll(): void;
  close(): Promise<void>;
}

export interface FaultyServerOptions {
  /** Meets a connection before any byte of it; @default nothing. */
  readonly greet?: (socket: net.Socket) => void;
  /** With a certificate it speaks TLS. */
  readonly identity?: Identity;
  /** The scheme that the client is told. */
  readonly scheme?: "http" | "https";
}

/** Starts a server whose requests meet one reaction after the other, the last one for ever. */
export async function startFaultyServer(
  reactions: readonly Reaction[],
  options: FaultyServerOptions = {},
): Promise<FaultyServer> {
  const sockets = new Set<net.Socket>();
  let written = 0;
  const accept = (socket: net.Socket): void => {
    sockets.add(socket);
    handle.connections += 1;
    socket.on("close", () => {
      sockets.delete(socket);
      written += socket.bytesWritten;
    });
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const length = /^content-length: *(\d+)/im.exec(text)?.[1] ?? "0";
      const head = text.indexOf("\r\n\r\n");
      if (head < 0 || text.length < head + 4 + Number(length)) return;
      const request = text;
      text = "";
      handle.requests.push(request);
      const turn = Math.min(handle.requests.length, reactions.length) - 1;
      reactions[turn]?.(socket, request);
    });
    options.greet?.(socket);
  };
  const server =
    options.identity === undefined
      ? net.createServer(accept)
      : tls.createServer(options.identity, accept);
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const scheme =
    options.scheme ?? (options.identity === undefined ? "http" : "https");
  const handle: FaultyServer = {
    origin: new URL(`${scheme}://127.0.0.1:${String(port)}`),
    connections: 0,
    requests: [],
    written: () =>
      [...sockets].reduce((sum, one) => sum + one.bytesWritten, written),
    endAll() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      handle.endAll();
      await closed;
    },
  };
  return handle;
}

/** An address on which nothing listens. */
export async function unusedOrigin(): Promise<URL> {
  const server = await startFaultyServer([]);
  await server.close();
  return server.origin;
}

/** An answer with its length; `headers` as lines. */
export function http(
  status: string,
  body: string | Uint8Array = "",
  headers: readonly string[] = [],
): Buffer {
  const lines = [
    `HTTP/1.1 ${status}`,
    `date: ${new Date().toUTCString()}`,
    `content-length: ${String(Buffer.byteLength(body))}`,
    ...headers,
  ];
  return Buffer.concat([
    Buffer.from(`${lines.join("\r\n")}\r\n\r\n`),
    Buffer.from(body),
  ]);
}

/** The reaction that writes these bytes and leaves the connection open. */
export function say(...bytes: readonly (string | Uint8Array)[]): Reaction {
  return (socket) => {
    for (const part of bytes) socket.write(part);
  };
}

export const resetConnection: Reaction = (socket) => {
  socket.resetAndDestroy();
};

export interface Identity {
  readonly key: string;
  readonly cert: string;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length =
    body.length < 128
      ? [body.length]
      : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** A self-signed certificate for one host name, valid from yesterday to tomorrow (RFC 5280, ECDSA with SHA-256). */
export function selfSigned(host: string): Identity {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
  });
  const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
  const ecdsaWithSha256 = der(0x30, oid("2a8648ce3d040302"));
  const commonName = der(0x30, oid("550403"), der(0x0c, Buffer.from(host)));
  const name = der(0x30, der(0x31, commonName));
  const day = (offset: number) => {
    const iso = new Date(Date.now() + offset * 86_400_000).toISOString();
    const digits = iso.replace(/\.\d+|\D/g, "");
    return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
  };
  const alternative = der(0x30, der(0x82, Buffer.from(host)));
  const extension = der(0x30, oid("551d11"), der(0x04, alternative));
  const content = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ecdsaWithSha256,
    name,
    der(0x30, day(-1), day(1)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, extension)),
  );
  const signature = sign("sha256", content, privateKey);
  const whole = der(
    0x30,
    content,
    ecdsaWithSha256,
    der(0x03, Buffer.from([0]), signature),
  );
  const base64 = whole.toString("base64").replace(/(.{64})/g, "$1\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}
