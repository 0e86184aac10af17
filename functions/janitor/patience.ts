/** Reads again what failed for want of an answer: the vendor's limits are shared with everybody who uses the account. */
import { isOver } from "./deadline.ts";
import { VendorFailure } from "./failure.ts";
import type { Clock, Deadline } from "./ports.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** No reading is begun again with less than this left before the deadline. */
const READING_MS = 10_000;

/** Throttled, not connected or without a usable answer. What the vendor decided, and clocks that differ, stay as they are. */
function mayPass({ kind, outcome }: VendorFailure): boolean {
  return (
    kind === "throttled" ||
    (["unreachable", "vendor-error", "timeout"].includes(kind) &&
      outcome !== "answered")
  );
}

/**
 * Reads until it succeeds, for at most `patienceMs`. Rejects with what the last reading failed with, or with what failed
 * before it where the deadline only cut it short.
 */
export async function patiently<T>(
  clock: Clock,
  deadline: Deadline,
  patienceMs: number,
  read: () => Promise<T>,
): Promise<T> {
  const until = Math.min(
    clock.monotonic() + patienceMs,
    deadline.at - READING_MS,
  );
  let before: VendorFailure | undefined;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (isOver(clock, deadline)) throw before ?? error;
      if (!(error instanceof VendorFailure)) throw error;
      const wait = Math.max(pause, error.retryAfterMs ?? 0);
      if (!mayPass(error) || clock.monotonic() + wait > until) throw error;
      before = error;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      await clock.sleep(wait, deadline.signal);
    }
  }
}
