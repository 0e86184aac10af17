/** A month of hourly sweeps: the row at its longest, with a rotated key, a day of arrears, and an eye on the heap. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { megabytes, slopeOf, type Sample } from "../soak/slope.ts";
import { playRow } from "./row.ts";
import { countRuns, type Stats } from "./run.ts";
import { drawPlan, NEVER_READABLE } from "./world.ts";

const DAYS = 30;
const SIZE = 120;
/** Days until code is compiled, the account has its usual size, and a first rotation, arrears and crash are past. */
const WARM_UP = 5;
/** Megabytes a day by which the heap may grow; keeping each sweep's report would be several times that. */
const FLAT = 0.1;

export interface Month {
  readonly stats: Readonly<Stats>;
  readonly violations: readonly string[];
  readonly longestWait: number;
  readonly heap: readonly Sample[];
  /** Megabytes a day. */
  readonly slope: number;
}

export async function playMonth(seed: number): Promise<Month> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const plan = drawPlan(seed, () => undefined, {
    isRow: true,
    size: SIZE,
    kind: NEVER_READABLE,
  });
  const { stats, count } = countRuns(plan);
  const heap: Sample[] = [];
  const row = await playRow(
    plan,
    {},
    { minutes: 60, sweeps: 24 * DAYS, isEventful: true },
    (run) => {
      count(run);
      if (stats.sweeps % 24 !== 0) return;
      collect();
      collect();
      const { heapUsed } = process.memoryUsage();
      heap.push({ at: stats.sweeps / 24, value: megabytes(heapUsed) });
    },
  );
  const slope = slopeOf(heap.slice(WARM_UP));
  const violations = row.violations.map(
    ({ invariant, what }) => `invariant ${String(invariant)}: ${what}`,
  );
  if (slope > FLAT)
    violations.push(`the heap grew by ${String(slope)} MB a day`);
  if (stats.deletions === 0) violations.push("nothing was deleted at all");
  return { stats, violations, longestWait: row.longestWait, heap, slope };
}
