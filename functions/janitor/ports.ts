/**
 * What the rules need from the vendor and from the host. The rules own these interfaces; `volcengine/` and `host/`
 * implement them.
 */
import type { Certificate } from "./certificate.ts";
import type { VendorFailure } from "./failure.ts";
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
export interface Deleter {
  deleteCertificate(
    order: DeletionOrder,
  ): Promise<{ readonly requestId: string; readonly attempts: number }>;
}
