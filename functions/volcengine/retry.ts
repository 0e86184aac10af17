/** Whether a call that failed is made again. Pure. */
import type { VendorFailure } from "../janitor/failure.ts";

const MAX_ATTEMPTS = 4;
const MAX_WAIT_MS = 5000;

export type Next =
  | { readonly then: "fail" }
  /** With another key, if there is one. */
  | { readonly then: "refresh" }
  | { readonly then: "wait"; readonly ms: number };

/** What is known of the call so far. */
export interface Tried {
  readonly attempts: number;
  /** The key has been read anew already. */
  readonly refreshed: boolean;
  /** Milliseconds in which another attempt may still be sent. */
  readonly leftMs: number;
}

const FAIL: Next = { then: "fail" };

/** Milliseconds before the next attempt: growing and scattered, and never less than the vendor asked for. */
function waitAfter(
  { kind, retryAfterMs = 0 }: VendorFailure,
  attempts: number,
  random: () => number,
): number {
  const base = kind === "throttled" ? 500 : 100;
  const backoff = base + random() * base * 2 ** (attempts - 1);
  return Math.max(Math.min(backoff, MAX_WAIT_MS), retryAfterMs);
}

/**
 * What to do after `failure`: four attempts at the most, one other key, and no wait that leads past the time left.
 * @param random uniform in [0, 1)
 */
export function nextStep(
  failure: VendorFailure,
  { attempts, refreshed, leftMs }: Tried,
  random: () => number,
): Next {
  if (attempts >= MAX_ATTEMPTS) return FAIL;
  switch (failure.outcome) {
    case "answered":
      return FAIL;
    case "credentials":
      return refreshed ? FAIL : { then: "refresh" };
    case "not done":
    case "unknown": {
      const ms = waitAfter(failure, attempts, random);
      return ms < leftMs ? { then: "wait", ms } : FAIL;
    }
  }
}
