/**
 * What the rules need from the vendor and from the host. The rules own these interfaces; `volcengine/` and `host/` implement them.
 */
import type { Certificate } from "./certificate.ts";
import type { Domain } from "./in-use.ts";

export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Milliseconds on a clock that never jumps; only differences mean anything. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A moment on the monotonic clock, and the signal that fires then. */
export interface Deadline {
  readonly at: number;
  readonly signal: AbortSignal;
}

/** Timers set for one moment fire one after the other, and some a little early. */
const TIMER_SLACK_MS = 10;

/** Whether a deadline has passed, whichever of the timers set for it has fired already. */
export function isOver(clock: Clock, { at, signal }: Deadline): boolean {
  return signal.aborted || clock.monotonic() >= at - TIMER_SLACK_MS;
}

/**
 * - `not done`: the request never took effect; sending it again is safe.
 * - `unknown`: it may have taken effect; only a fresh list can tell.
 * - `answered`: the vendor has decided; asking again changes nothing.
 * - `credentials`: the key was refused before anything happened.
 */
export type Outcome = "not done" | "unknown" | "answered" | "credentials";

export type FailureKind =
  | "throttled"
  | "billing"
  | "credentials-rejected"
  | "access-denied"
  | "not-found"
  | "forbidden"
  | "invalid-parameter"
  | "vendor-error"
  | "unreachable"
  | "clock-off"
  | "timeout"
  | "incomplete-listing"
  | "secret-changed"
  | "too-late"
  | "misconfigured"
  | "not-set-up";

export interface FailureFacts {
  readonly kind: FailureKind;
  readonly outcome: Outcome;
  /** The vendor's error code and request id, where it answered. */
  readonly code?: string | undefined;
  readonly requestId?: string | undefined;
  /** Milliseconds that the vendor asked us to wait. */
  readonly retryAfterMs?: number | undefined;
  /** Requests sent before giving up. */
  readonly attempts?: number;
  /** True when at least one of those may have taken effect. */
  readonly possiblyDone?: boolean;
  readonly cause?: unknown;
}

/** The one error that vendor calls reject with. Its message is in our own words and safe to show. */
export class VendorFailure extends Error {
  override readonly name = "VendorFailure";
  readonly kind: FailureKind;
  readonly outcome: Outcome;
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly attempts: number;
  readonly possiblyDone: boolean;

  constructor(message: string, facts: FailureFacts) {
    super(
      message,
      facts.cause === undefined ? undefined : { cause: facts.cause },
    );
    this.kind = facts.kind;
    this.outcome = facts.outcome;
    this.code = facts.code;
    this.requestId = facts.requestId;
    this.retryAfterMs = facts.retryAfterMs;
    this.attempts = facts.attempts ?? 0;
    this.possiblyDone = facts.possiblyDone ?? false;
  }

  /** The same failure, with what the attempts before it add up to. */
  after(attempts: number, possiblyDone: boolean): VendorFailure {
    const { kind, outcome, code, requestId, retryAfterMs, cause } = this;
    return new VendorFailure(this.message, {
      kind,
      outcome,
      code,
      requestId,
      retryAfterMs,
      cause,
      attempts,
      possiblyDone,
    });
  }
}

/** Evidence older than this, in milliseconds from its first listing call, is never acted on. */
export const EVIDENCE_LIFE_MS = 60_000;

/** A complete reading of the account: every certificate and every domain, nothing cut off. */
export interface Observation {
  readonly certificates: readonly Certificate[];
  readonly domains: readonly Domain[];
  /** No listing shifted while it was read: what it does not have is not there. */
  readonly isSettled: boolean;
  /** When its first listing call started, on the monotonic clock: its age counts from here. */
  readonly startedAt: number;
  /** Wall-clock times, ISO 8601, at which each piece of evidence had been read in full. */
  readonly readAt: { readonly certificates: string; readonly domains: string };
  /** The vendor's request id of the last listing answer. */
  readonly requestId: string;
  /** The version of the secret that signed all of it. */
  readonly secretVersion: string;
}

/** Reads. Both reject with a {@link VendorFailure} unless what they return is complete. */
export interface Observer {
  observe(deadline: Deadline): Promise<Observation>;
  listCertificates(
    deadline: Deadline,
  ): Promise<Pick<Observation, "certificates" | "requestId">>;
}

export interface DeletionOrder {
  readonly chainId: string;
  /** The evidence was read under this version of the secret; under another one nothing is sent. */
  readonly secretVersion: string;
  /** On the monotonic clock: nothing is sent from then on, and no wait leads past it. */
  readonly sendBefore: number;
  readonly deadline: Deadline;
  /** Called in the same instant as each send; false forbids it. The place for the log line before. */
  permit(attempt: number): boolean;
  /** Called when that attempt has ended, `undefined` meaning deleted. The place for the log line after. */
  ended(
    attempt: number,
    failure: VendorFailure | undefined,
    requestId?: string,
  ): void;
}

/** Writes. Rejects with a {@link VendorFailure}; `attempts` 0 means that nothing was sent. */
export interface Remover {
  deleteCertificate(
    order: DeletionOrder,
  ): Promise<{ readonly requestId: string; readonly attempts: number }>;
}

/** What is left over stops for this reason. Made once: an error of its own for each call costs more than the signature. */
export const NO_LONGER_NEEDED = new VendorFailure("No longer needed.", {
  kind: "timeout",
  outcome: "unknown",
});

/**
 * Runs `work` under a deadline `ms` from now, or the parent's if that is sooner, and stops whatever it left running.
 * The signal's reason is a {@link VendorFailure} of kind `timeout`.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  parent: Deadline | undefined,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const finished = new AbortController();
  const at = Math.min(clock.monotonic() + ms, parent?.at ?? Infinity);
  const expire = (): void => {
    over.abort(
      new VendorFailure("The time for this step ran out.", {
        kind: "timeout",
        outcome: "unknown",
      }),
    );
  };
  if (parent?.signal.aborted === true || ms <= 0) expire();
  else {
    parent?.signal.addEventListener("abort", expire, {
      once: true,
      signal: finished.signal,
    });
    clock
      .sleep(at - clock.monotonic(), finished.signal)
      .then(expire, () => undefined);
  }
  try {
    return await work({ at, signal: over.signal });
  } finally {
    finished.abort(NO_LONGER_NEEDED);
    over.abort(NO_LONGER_NEEDED);
  }
}
