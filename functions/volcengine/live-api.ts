/**
 * One call of the Live OpenAPI, version 2023-01-01: signed anew for every attempt, repeated while that is safe and useful.
 * Source: docs/6469/1126803 (common parameters), docs/6469/1121981 (response structure).
 */
import { setMaxListeners } from "node:events";
import { isObject } from "../janitor/certificate.ts";
import {
  VendorFailure,
  withDeadline,
  type Clock,
  type Deadline,
  type DeletionOrder,
} from "../janitor/vendor.ts";
import { failedAnswer, failedTransport } from "./errors.ts";
import { aborting, type Pacer } from "./pacer.ts";
import {
  canonicalQuery,
  createSigner,
  type Credentials,
  type UnsignedRequest,
} from "./signer.ts";
import type { Transport, TransportAnswer } from "./transport.ts";

const VERSION = "2023-01-01";
const MAX_ATTEMPTS = 4;
const MAX_WAIT_MS = 5000;
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Where the access key comes from. Both reject with an error whose message is safe to show. */
export interface CredentialsSource {
  current(signal: AbortSignal): Promise<Credentials>;
  /** What the secret holds after `rejectedVersion` was refused; the same version if nothing newer is there. */
  refreshed(rejectedVersion: string, signal: AbortSignal): Promise<Credentials>;
}

export interface LiveApiParts {
  readonly endpoint: URL;
  readonly region: string;
  readonly credentials: CredentialsSource;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Milliseconds after which one attempt is given up. */
  readonly attemptMs: number;
}

export interface CallOptions
  extends
    Pick<DeletionOrder, "deadline">,
    Partial<
      Pick<DeletionOrder, "secretVersion" | "sendBefore" | "permit" | "ended">
    > {
  readonly pacer: Pacer;
  /** Bytes of the answer's body. */
  readonly maxBytes: number;
}

export interface LiveAnswer {
  readonly result: unknown;
  readonly requestId: string;
  /** The vendor's clock, milliseconds since the epoch; undefined without a readable Date header. */
  readonly vendorTime: number | undefined;
  readonly secretVersion: string;
  readonly attempts: number;
}

export interface LiveApi {
  /** Rejects with a {@link VendorFailure} that tells the attempts made and whether one may have taken effect. */
  call(
    action: string,
    body: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<LiveAnswer>;
}

/** Milliseconds to wait as `Retry-After` says, in seconds or as a date; undefined if it says nothing. */
function retryAfterMs(
  header: string | undefined,
  now: number,
): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** A request id is shown and logged, so only what looks like one passes. */
function printable(id: unknown): string {
  return typeof id === "string" && /^[\w.-]{1,80}$/.test(id) ? id : "";
}

/** The one place where an answer becomes a success or a failure: any `Error` is a failure, whatever the status. */
function readAnswer(
  action: string,
  answer: TransportAnswer,
  now: number,
): Pick<LiveAnswer, "result" | "requestId"> {
  const facts = {
    action,
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.retryAfter, now),
  };
  let envelope: unknown;
  try {
    envelope = JSON.parse(STRICT_UTF8.decode(answer.body));
  } catch (cause) {
    throw failedAnswer({ ...facts, cause });
  }
  const metadata = isObject(envelope)
    ? envelope["ResponseMetadata"]
    : undefined;
  if (!isObject(envelope) || !isObject(metadata)) throw failedAnswer(facts);
  const requestId =
    printable(metadata["RequestId"]) || printable(metadata["RequestID"]);
  const error = metadata["Error"] ?? undefined;
  if (error !== undefined) {
    const { Code: code, CodeN: codeN } = isObject(error) ? error : {};
    throw failedAnswer({
      ...facts,
      requestId,
      error: {
        code: typeof code === "string" ? code : "",
        codeN: typeof codeN === "number" ? codeN : undefined,
      },
    });
  }
  if (answer.status < 200 || answer.status > 299) {
    throw failedAnswer({ ...facts, requestId });
  }
  return { result: envelope["Result"], requestId };
}

export function createLiveApi(parts: LiveApiParts): LiveApi {
  const { clock, transport } = parts;
  const signer = createSigner({ region: parts.region, service: "live" });

  const credentialsFrom = async (
    read: Promise<Credentials>,
    deadline: Deadline,
  ): Promise<Credentials> => {
    try {
      return await aborting(deadline.signal, read);
    } catch (cause) {
      if (cause instanceof VendorFailure) throw cause;
      throw new VendorFailure(
        cause instanceof Error ? cause.message : "The secret is unreadable.",
        { kind: "misconfigured", outcome: "not done", cause },
      );
    }
  };

  const exchange = async (
    action: string,
    request: UnsignedRequest,
    credentials: Credentials,
    { deadline, maxBytes }: CallOptions,
  ): Promise<LiveAnswer> => {
    const headers = {
      ...signer.sign(request, credentials, clock.now()),
      accept: "application/json",
      "accept-encoding": "identity",
    };
    const answer = await withDeadline(
      clock,
      parts.attemptMs,
      deadline,
      ({ signal }) =>
        aborting(
          signal,
          transport.send({
            method: "POST",
            path: `${request.path}?${request.query}`,
            headers,
            body: request.body,
            signal,
            maxBytes,
          }),
        ),
    ).catch((error: unknown) => {
      throw failedTransport(error);
    });
    const vendorTime = Date.parse(answer.date ?? "");
    return {
      ...readAnswer(action, answer, clock.now()),
      vendorTime: Number.isNaN(vendorTime) ? undefined : vendorTime,
      secretVersion: credentials.version,
      attempts: 0,
    };
  };

  const waitBefore = (attempt: number, failure: VendorFailure): number => {
    const base = failure.kind === "throttled" ? 500 : 100;
    const backoff = base + parts.random() * base * 2 ** (attempt - 1);
    return Math.max(Math.min(backoff, MAX_WAIT_MS), failure.retryAfterMs ?? 0);
  };

  return {
    async call(action, body, options) {
      const { deadline } = options;
      // Dozens of calls share one deadline; by default Node takes more than ten for a leak.
      setMaxListeners(0, deadline.signal);
      const sendBefore = Math.min(options.sendBefore ?? Infinity, deadline.at);
      const request: UnsignedRequest = {
        method: "POST",
        path: "/",
        query: canonicalQuery([
          ["Action", action],
          ["Version", VERSION],
        ]),
        host: parts.endpoint.host,
        contentType: "application/json",
        body: JSON.stringify(body),
      };
      let attempts = 0;
      let possiblyDone = false;
      let mayRefresh = true;
      let last: VendorFailure | undefined;
      const fail = (failure: VendorFailure): never => {
        throw failure.after(attempts, possiblyDone);
      };
      let credentials = await credentialsFrom(
        parts.credentials.current(deadline.signal),
        deadline,
      );
      for (;;) {
        if (
          options.secretVersion !== undefined &&
          options.secretVersion !== credentials.version
        ) {
          return fail(
            new VendorFailure(
              "The secret changed after the certificates had been read.",
              { kind: "secret-changed", outcome: "not done" },
            ),
          );
        }
        const before = attempts;
        try {
          const answer = await options.pacer.run(deadline.signal, () => {
            if (clock.monotonic() >= sendBefore) return undefined;
            if (options.permit?.(attempts + 1) === false) return undefined;
            attempts += 1;
            return exchange(action, request, credentials, options);
          });
          if (answer !== undefined) {
            options.ended?.(attempts, undefined, answer.requestId);
            return { ...answer, attempts };
          }
        } catch (failure) {
          if (!(failure instanceof VendorFailure)) throw failure;
          if (attempts === before) return fail(failure);
          options.ended?.(attempts, failure);
          last = failure;
          possiblyDone ||= failure.outcome === "unknown";
          if (attempts >= MAX_ATTEMPTS) return fail(failure);
          if (failure.outcome === "credentials" && mayRefresh) {
            mayRefresh = false;
            const { version } = credentials;
            try {
              credentials = await credentialsFrom(
                parts.credentials.refreshed(version, deadline.signal),
                deadline,
              );
            } catch {
              return fail(failure); // without a newer key the rejection stands
            }
            if (credentials.version === version) return fail(failure);
            continue;
          }
          const repeatable =
            failure.outcome === "not done" || failure.outcome === "unknown";
          const wait = waitBefore(attempts, failure);
          if (!repeatable || clock.monotonic() + wait >= sendBefore) {
            return fail(failure);
          }
          try {
            await clock.sleep(wait, deadline.signal);
          } catch {
            return fail(failure); // the deadline came first; what failed before it is the news
          }
          continue;
        }
        // Too late for another attempt: what the one before it failed with is the news.
        return fail(
          last ??
            new VendorFailure("It was too late to send the call.", {
              kind: "too-late",
              outcome: "not done",
            }),
        );
      }
    },
  };
}
