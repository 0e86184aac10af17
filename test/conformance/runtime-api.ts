/** The side of Lambda that a runtime talks to: the Runtime API, version 2018-06-01, on 127.0.0.1. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  readBody,
  startLoopbackServer,
} from "../../infra/local/loopback-server.ts";

const MAX_BODY_BYTES = 6 * 1024 * 1024;
const PREFIX = "/2018-06-01/runtime";

/** How an invocation ended; Lambda itself ends the one that takes too long. */
export interface Outcome {
  readonly kind: "response" | "error" | "timeout";
  /** As the runtime sent it, parsed. */
  readonly payload: unknown;
}

export interface Invocation {
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly outcome: Promise<Outcome>;
}

export interface RuntimeApi {
  /** Host and port, for AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** What the runtime reported before it asked for any invocation. */
  readonly initErrors: readonly unknown[];
  /** What no runtime may do. */
  readonly violations: readonly string[];
  /** Hands the event to the runtime as soon as that asks. */
  readonly invoke: (event: unknown, timeoutMs: number) => Invocation;
  /** Resolves when the runtime waits for an invocation: that is when Lambda freezes it. */
  readonly idle: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Follows "Using the Lambda runtime API for custom runtimes" of the Lambda developer guide. */
export async function startRuntimeApi(
  functionArn: string,
): Promise<RuntimeApi> {
  const initErrors: unknown[] = [];
  const violations: string[] = [];
  const queue: { event: unknown; requestId: string; deadline: number }[] = [];
  const open = new Map<string, (outcome: Outcome) => void>();
  const watchers: (() => void)[] = [];
  let asking: ServerResponse | undefined;

  function deliver(): void {
    const invocation = asking === undefined ? undefined : queue.shift();
    if (asking === undefined || invocation === undefined) return;
    const { event, requestId, deadline } = invocation;
    asking.writeHead(200, {
      "content-type": "application/json",
      // Node would end an idle connection just when the runtime asks again; Lambda never does.
      connection: "close",
      "lambda-runtime-aws-request-id": requestId,
      "lambda-runtime-deadline-ms": String(deadline),
      "lambda-runtime-invoked-function-arn": functionArn,
      "lambda-runtime-trace-id": `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-0123456789abcdef01234567;Sampled=0`,
    });
    asking.end(JSON.stringify(event));
    asking = undefined;
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = (await readBody(request, MAX_BODY_BYTES)).toString();
    const accept = (status: number, answer: object): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    };
    const called = `${request.method ?? ""} ${request.url ?? ""}`;
    if (called === `GET ${PREFIX}/invocation/next`) {
      asking = response;
      deliver();
    } else if (called === `POST ${PREFIX}/init/error`) {
      initErrors.push(JSON.parse(body));
      accept(202, { status: "OK" });
    } else {
      const [, requestId = "", kind] =
        /^POST \/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(
          called,
        ) ?? [];
      const settle = open.get(requestId);
      open.delete(requestId);
      if (settle === undefined) {
        violations.push(called);
        accept(400, { errorType: "InvalidRequestID", errorMessage: "" });
      } else {
        accept(202, { status: "OK" });
        settle({
          kind: kind === "error" ? "error" : "response",
          payload: JSON.parse(body),
        });
      }
    }
    if (asking !== undefined && open.size === 0) {
      for (const watcher of watchers.splice(0)) watcher();
    }
  }

  const server = await startLoopbackServer(0, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      violations.push(String(error));
      response.destroy();
    });
  });
  return {
    address: server.url.replace("http://", ""),
    initErrors,
    violations,
    invoke(event, timeoutMs) {
      const requestId = randomUUID();
      const deadline = Date.now() + timeoutMs;
      const outcome = new Promise<Outcome>((resolve) => {
        const timer = setTimeout(() => {
          open.delete(requestId);
          resolve({ kind: "timeout", payload: undefined });
        }, timeoutMs);
        open.set(requestId, (how) => {
          clearTimeout(timer);
          resolve(how);
        });
      });
      queue.push({ event, requestId, deadline });
      deliver();
      return { requestId, deadline, outcome };
    },
    idle: () =>
      asking !== undefined && open.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            watchers.push(resolve);
          }),
    close: () => server.close(),
  };
}
