import {
  createServer,
  type IncomingMessage,
  type RequestListener,
} from "node:http";

/** A small HTTP server that only this machine can reach. */
export interface LoopbackServer {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and ends every open socket, in the middle of an answer too. Calling it again is harmless. */
  close(): Promise<void>;
}

/** The body of a request is longer than the reader allows. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
  constructor(maxBytes: number) {
    super(`the request body is longer than ${String(maxBytes)} bytes`);
  }
}

/**
 * Starts an HTTP server on 127.0.0.1, never on another interface.
 * @param port 0 picks a free one; rejects with Node's own error (`EADDRINUSE`) where it is taken
 * @param listener answers the requests; it handles its own errors
 */
export async function startLoopbackServer(
  port: number,
  listener: RequestListener,
): Promise<LoopbackServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("the server has no TCP address");
  let closing: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    port: address.port,
    close: () => (closing ??= closeWithSockets()),
  };

  function closeWithSockets(): Promise<void> {
    return new Promise((resolve, reject) => {
      server.close((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
      // Without this, keep-alive clients hold the server open for as long as they like.
      server.closeAllConnections();
    });
  }
}

/**
 * Reads a request body to its end.
 *
 * A body that is too long is read to its end as well but not kept: an answer sent while the client is still writing
 * would reach it as a reset connection.
 * @param maxBytes the longest body to accept
 * @throws BodyTooLargeError when the body is longer
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (length > maxBytes) throw new BodyTooLargeError(maxBytes);
  return Buffer.concat(chunks);
}
