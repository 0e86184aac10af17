/** The host's clocks, behind the interface that the rules own. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../janitor/ports.ts";

/** A timer fires at once beyond this many milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await sleep(Math.min(Math.max(ms, 0), LONGEST_TIMER_MS), undefined, {
        signal,
      });
    } catch (error) {
      // Node's own AbortError would hide the reason.
      // Stryker disable next-line OptionalChaining: without a signal nothing ends a sleep
      signal?.throwIfAborted();
      throw error;
    }
  },
};
