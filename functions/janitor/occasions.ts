/** When a report is worth a mail. Nothing is remembered: the report, the clock and the order of the run decide. */
import { contradictory } from "./report-text.ts";
import type { SweepReport } from "./report.ts";

export interface Occasions {
  /** Whoever ordered the run asked for its report. */
  readonly asked: boolean;
  /** The longest time between two scheduled sweeps, in minutes. */
  readonly sweepIntervalMinutes: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY = 4 * DAY_MS;

/**
 * Whether a report goes out: one that was asked for; one of a run that deleted, failed, left unconfirmed, stopped early
 * or, dry, would delete; the first of a UTC day while something is in use that has expired or is about to; the first of
 * a week, which begins on Monday, while data contradict each other. A day or week whose beginning lies further back than
 * the interval has seen a run before; so an even schedule has one first run a day and a week, and with days between its
 * runs, each is the first of its day and one the first of its week, whether or not on a Monday.
 * @param startedAt start of the run, milliseconds since the epoch
 */
export function deservesMail(
  report: SweepReport,
  startedAt: number,
  { asked, sweepIntervalMinutes }: Occasions,
): boolean {
  const { counts, stoppedBecause } = report;
  const isFirstOf = (periodMs: number, firstMs: number): boolean =>
    (startedAt - firstMs) % periodMs < sweepIntervalMinutes * MINUTE_MS;
  return (
    asked ||
    counts.eligible > 0 ||
    stoppedBecause !== "done" ||
    (counts.expiredInUse + counts.expiringInUse > 0 && isFirstOf(DAY_MS, 0)) ||
    (contradictory(report).length > 0 && isFirstOf(WEEK_MS, FIRST_MONDAY))
  );
}
