import type { IncomingMessage, ServerResponse } from "node:http";
import { buildEvent, type Caller } from "./gateway-event.ts";
import { answerOf, ownAnswer, type GatewayAnswer } from "./gateway-response.ts";
import { createRouter, parseTarget } from "./gateway-routes.ts";
import { invoke, type LambdaHandler } from "./lambda-runtime.ts";
import {
  BodyTooLargeError,
  readBody,
  startLoopbackServer,
  type LoopbackServer,
} from "./loopback-server.ts";

export interface GatewayOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Route keys, such as `DELETE /certificates/{chainId}`; everything else reaches the handler as `$default`. */
  readonly routes: readonly string[];
  readonly handler: LambdaHandler;
  /** How long the handler may take, in milliseconds; it sees the same as its remaining time. */
  readonly timeoutMs: number;
  /** @default "123456789012" */
  readonly accountId?: string;
  /** @default "local" */
  readonly functionName?: string;
  /** The identity in `requestContext.authorizer.iam`. @default a user of the account */
  readonly caller?: Caller;
  /** The stage's throttle: requests a second and how many at once. @default none */
  readonly throttle?: { readonly rate: number; readonly burst: number };
  /** Told of what the handler threw, and of a timeout, of which the client learns nothing. @default silent */
  readonly onError?: (error: unknown) => void;
}

/** "Quotas for configuring and running an HTTP API": payload size 10 MB, not to be raised. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Takes a token if there is one. */
function createTokenBucket(rate: number, burst: number): () => boolean {
  let tokens = burst;
  let filledAt = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * rate);
    filledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

function write(response: ServerResponse, answer: GatewayAnswer): void {
  response.statusCode = answer.statusCode;
  for (const [name, value] of Object.entries(answer.headers))
    response.setHeader(name, value);
  response.setHeader("content-length", answer.body.length);
  // RFC 9110, sections 8.6 and 15.4.5: no length where there can be no body.
  if (answer.statusCode === 204 || answer.statusCode === 304)
    response.removeHeader("content-length");
  response.end(answer.body);
}

/**
 * Starts an API Gateway HTTP API with one Lambda function behind it, on 127.0.0.1 only.
 *
 * Every request is taken as one that the IAM authorizer let through: signatures are not looked at.
 * Follows "Working with HTTP APIs" of the API Gateway developer guide: payload format version 2.0, the `$default` stage.
 * @throws TypeError for a malformed route key, Node's own error for a port that is taken
 */
export async function startGateway({
  port,
  routes,
  handler,
  timeoutMs,
  accountId = "123456789012",
  functionName = "local",
  caller = {
    accessKey: "AKIALOCAL",
    accountId,
    callerId: "AIDALOCAL",
    cognitoIdentity: null,
    principalOrgId: "o-local",
    userArn: `arn:aws:iam::${accountId}:user/local`,
    userId: "AIDALOCAL",
  },
  throttle,
  onError,
}: GatewayOptions): Promise<LoopbackServer> {
  const route = createRouter(routes);
  const admit =
    throttle === undefined
      ? () => true
      : createTokenBucket(throttle.rate, throttle.burst);

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<GatewayAnswer> {
    const now = new Date();
    // Read even where it is not needed: a client that is still writing would see a reset instead of the answer.
    const body = await readBody(request, MAX_BODY_BYTES);
    if (!admit()) return ownAnswer(429, "Too Many Requests");
    const target = parseTarget(request.url ?? "");
    if (target === undefined) return ownAnswer(400, "Bad Request");
    const event = buildEvent({
      request,
      target,
      match: route(request.method ?? "", target.path),
      body,
      accountId,
      caller,
      port: server.port,
      now,
    });
    response.setHeader("apigw-requestid", event.requestContext.requestId);
    const outcome = await invoke({ handler, timeoutMs }, event, {
      functionName,
      accountId,
    });
    if (outcome.kind === "result") return answerOf(outcome.payload);
    if (outcome.kind === "error") {
      onError?.(outcome.error);
      return ownAnswer(500, "Internal Server Error");
    }
    onError?.(
      new Error(`the handler took longer than ${String(timeoutMs)} ms`),
    );
    return ownAnswer(503, "Service Unavailable");
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      write(response, await answer(request, response));
    } catch (error) {
      if (error instanceof BodyTooLargeError)
        write(response, ownAnswer(413, "Request Entity Too Large"));
      // What is left is a client that went away in the middle of its request.
      else response.destroy();
    }
  }

  const server = await startLoopbackServer(port, (request, response) => {
    void serve(request, response);
  });
  return server;
}
