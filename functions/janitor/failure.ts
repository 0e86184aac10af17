/** Why a call to the vendor failed: whose fault it is, whether it may be repeated and whether it may have taken effect. */

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
