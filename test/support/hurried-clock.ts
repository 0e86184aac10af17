import { systemClock } from "../../functions/host/clock.ts";
import type { Clock } from "../../functions/janitor/ports.ts";

/** The longest that the pacers and the retries of a healthy world wait. */
const SHORT_MS = 600;

/** The system's clock, on which short waits take no time: pacers keep their order, and nobody waits for them. */
export function hurriedClock(): Clock {
  let ahead = 0;
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() + ahead,
    async sleep(ms, signal) {
      if (ms > SHORT_MS) return systemClock.sleep(ms, signal);
      signal?.throwIfAborted();
      // No timer: the shortest one takes a whole millisecond.
      ahead += Math.max(0, ms);
    },
  };
}
