/**
 * HTTP to the vendor, over one undici Pool. The only file that touches the network.
 * undici is taken in parts: its index loads fetch, caches and mocks too, a fourth of the bundle and of the cold start.
 */
import request from "undici/lib/api/api-request.js";
import errors from "undici/lib/core/errors.js";
import Pool from "undici/lib/dispatcher/pool.js";

export interface TransportRequest {
  readonly method: "POST";
  /** Path and query, sent as they are. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  /** Bytes of the answer's body; more is an error. */
  readonly maxBytes: number;
}

export interface TransportAnswer {
  readonly status: number;
  readonly date: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: Uint8Array;
}

/** Rejects with undici's or Node's own error, or with the signal's reason. */
export interface Transport {
  send(request: TransportRequest): Promise<TransportAnswer>;
  close(): Promise<void>;
}

/** Connections, and so calls in flight, at the most. */
const CONNECTIONS = 8;

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? undefined : header;
}

/**
 * A transport to one origin. `connectTimeoutMs` covers DNS, TCP and TLS; all other limits are the request's signal,
 * since undici's own timeouts are coarse and its body timeout misses a trickle.
 */
export function createTransport(
  origin: URL,
  connectTimeoutMs: number,
): Transport {
  const pool = new Pool(origin.origin, {
    connections: CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    async send({ signal, maxBytes, ...options }) {
      const answer = await request
        .call(pool, { ...options, signal })
        .catch((error: unknown) => {
          // It carries the raw bytes received; from a peer that echoes, that is our own Authorization header.
          // Stryker disable next-line ConditionalExpression: no other error has that field
          if (error instanceof errors.HTTPParserError) {
            Reflect.deleteProperty(error, "data");
          }
          throw error;
        });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of answer.body) {
        // Stryker disable next-line ConditionalExpression: every chunk is one; only the compiler asks
        if (!(chunk instanceof Uint8Array)) continue;
        size += chunk.byteLength;
        // Leaving the loop destroys the body, and with it the connection.
        if (size > maxBytes)
          throw new Error(`answer longer than ${String(maxBytes)} bytes`);
        chunks.push(Buffer.from(chunk));
      }
      return {
        status: answer.statusCode,
        date: single(answer.headers["date"]),
        retryAfter: single(answer.headers["retry-after"]),
        body: Buffer.concat(chunks, size),
      };
    },
    close: () => pool.destroy(),
  };
}
