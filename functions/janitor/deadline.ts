/** Work that has to end at a given time, and stops what it has begun. */
import { VendorFailure } from "./failure.ts";
import type { Clock, Deadline } from "./ports.ts";

/** Timers set for one moment fire one after the other, and some a little early. */
const TIMER_SLACK_MS = 10;

/** Whether a deadline has passed, whichever of the timers set for it has fired already. */
export function isOver(clock: Clock, { at, signal }: Deadline): boolean {
  return signal.aborted || clock.monotonic() >= at - TIMER_SLACK_MS;
}

/** What is left over stops for this reason. Made once: an error of its own for each call costs more than the signature. */
const NO_LONGER_NEEDED = new VendorFailure("No longer needed.", {
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
      // Stryker disable next-line BooleanLiteral: a signal aborts once
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

/** Timers of an HTTP client come late; what has not ended so long after its deadline does not end by itself. */
const LATE_MS = 250;

/**
 * Settles as `work` does. Work that goes on although its deadline has passed is left behind: then it rejects with a
 * {@link VendorFailure} of kind `timeout`.
 */
export async function orLeftBehind<T>(
  clock: Clock,
  { at }: Deadline,
  work: Promise<T>,
): Promise<T> {
  const finished = new AbortController();
  const late = clock
    .sleep(at + LATE_MS - clock.monotonic(), finished.signal)
    .then((): never => {
      throw new VendorFailure("The time for the request ran out.", {
        kind: "timeout",
        outcome: "unknown",
      });
    });
  try {
    return await Promise.race([work, late]);
  } finally {
    finished.abort(NO_LONGER_NEEDED);
  }
}
