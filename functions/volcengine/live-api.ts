/**
 * One call of the Live OpenAPI, version 2023-01-01: signed anew for every attempt, repeated while that is safe and useful.
 * Source: docs/6469/1126803 (common parameters).
 */
import { setMaxListeners } from "node:events";
import { VendorFailure } from "../janitor/failure.ts";
import { withDeadline } from "../janitor/deadline.ts";
import type { Clock, Deadline, DeletionOrder } from "../janitor/ports.ts";
import { failedTransport } from "./errors.ts";
import { readEnvelope, type Envelope } from "./envelope.ts";
import { aborting, type Pacer } from "./pacer.ts";
import { nextStep } from "./retry.ts";
import {
  canonicalQuery,
  createSigner,
  type UnsignedRequest,
  type AccessKey,
} from "./signer.ts";
import type { Transport } from "./transport.ts";

const VERSION = "2023-01-01";

/** Where the access key comes from. Both reject with an error whose message is safe to show. */
export interface AccessKeySource {
  current(): Promise<AccessKey>;
  /** What the secret holds after `rejectedVersion` was refused; the same version if nothing newer is there. */
  refreshed(rejectedVersion: string): Promise<AccessKey>;
}

export interface LiveApiParts {
  readonly endpoint: URL;
  readonly region: string;
  readonly accessKeys: AccessKeySource;
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

export interface LiveAnswer extends Envelope {
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

/** Settles as the source does; what it rejects with becomes a {@link VendorFailure}. */
async function keyFrom(
  reading: Promise<AccessKey>,
  { signal }: Deadline,
): Promise<AccessKey> {
  try {
    return await aborting(signal, reading);
  } catch (cause) {
    if (cause instanceof VendorFailure) throw cause;
    throw new VendorFailure(
      cause instanceof Error ? cause.message : "The secret is unreadable.",
      { kind: "misconfigured", outcome: "not done", cause },
    );
  }
}

function requestFor(
  { endpoint }: LiveApiParts,
  action: string,
  body: Readonly<Record<string, unknown>>,
): UnsignedRequest {
  return {
    method: "POST",
    path: "/",
    query: canonicalQuery([
      ["Action", action],
      ["Version", VERSION],
    ]),
    host: endpoint.host,
    contentType: "application/json",
    body: JSON.stringify(body),
  };
}

/** A client of one endpoint and region. */
export function createLiveApi(parts: LiveApiParts): LiveApi {
  const { accessKeys, clock, random, transport } = parts;
  const signer = createSigner({ region: parts.region, service: "live" });

  /** One attempt: signs, sends and reads the answer. Rejects with a {@link VendorFailure}. */
  const exchange = async (
    action: string,
    request: UnsignedRequest,
    key: AccessKey,
    { deadline, maxBytes }: CallOptions,
  ): Promise<LiveAnswer> => {
    const headers = {
      ...signer.sign(request, key, clock.now()),
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
    // Stryker disable next-line StringLiteral: neither text is a date
    const vendorTime = Date.parse(answer.date ?? "");
    return {
      ...readEnvelope(action, answer, clock.now()),
      vendorTime: Number.isNaN(vendorTime) ? undefined : vendorTime,
      secretVersion: key.version,
      attempts: 0,
    };
  };

  return {
    async call(action, body, options) {
      const { deadline, ended, pacer, permit, secretVersion } = options;
      // Dozens of calls share one deadline; by default Node takes more than ten for a leak.
      setMaxListeners(0, deadline.signal);
      const sendBefore = Math.min(options.sendBefore ?? Infinity, deadline.at);
      const request = requestFor(parts, action, body);
      let key = await keyFrom(accessKeys.current(), deadline);
      let attempts = 0;
      let possiblyDone = false;
      let refreshed = false;
      // Where there is no time for another attempt, what the one before failed with is the news.
      let failure = new VendorFailure("It was too late to send the call.", {
        kind: "too-late",
        outcome: "not done",
      });
      for (;;) {
        if (secretVersion !== undefined && secretVersion !== key.version) {
          failure = new VendorFailure(
            "The secret changed after the certificates had been read.",
            { kind: "secret-changed", outcome: "not done" },
          );
          break;
        }
        const before = attempts;
        const outcome = await pacer
          .run(deadline.signal, () => {
            const mayBeSent =
              clock.monotonic() < sendBefore &&
              permit?.(attempts + 1) !== false;
            if (!mayBeSent) return undefined;
            attempts += 1;
            return exchange(action, request, key, options);
          })
          .catch(asVendorFailure);
        if (outcome === undefined) break;
        if (!(outcome instanceof VendorFailure)) {
          ended?.(attempts, undefined, outcome.requestId);
          return { ...outcome, attempts };
        }
        failure = outcome;
        if (attempts === before) break;
        ended?.(attempts, failure);
        possiblyDone ||= failure.outcome === "unknown";
        const leftMs = sendBefore - clock.monotonic();
        const next = nextStep(failure, { attempts, refreshed, leftMs }, random);
        if (next.then === "fail") break;
        if (next.then === "refresh") {
          refreshed = true;
          const { version } = key;
          // Without a newer key the rejection stands.
          key = await keyFrom(accessKeys.refreshed(version), deadline).catch(
            () => key,
          );
          if (key.version === version) break;
        } else if (!(await slept(clock, next.ms, deadline))) break;
      }
      throw failure.after(attempts, possiblyDone);
    },
  };
}

/** For `catch`: the failure as a value; any other error is a defect and goes on. */
function asVendorFailure(error: unknown): VendorFailure {
  if (error instanceof VendorFailure) return error;
  throw error;
}

/** Whether the time passed before the deadline did. */
function slept(clock: Clock, ms: number, { signal }: Deadline) {
  return clock.sleep(ms, signal).then(
    () => true,
    // Stryker disable next-line ArrowFunction: nothing is as untrue as false
    () => false,
  );
}
