/** What a sweep says of itself, for what reads it. */
import type {
  ReportItem,
  SweepReport,
} from "../../functions/janitor/report.ts";

/** A sweep that found nothing to do. */
export const REPORT: SweepReport = {
  runId: "run-7",
  mode: "delete",
  startedAt: "2026-11-24T03:17:00.000Z",
  finishedAt: "2026-11-24T03:17:09.000Z",
  stoppedBecause: "done",
  rounds: 1,
  counts: {
    listed: 9,
    expired: 4,
    eligible: 0,
    deleted: 0,
    alreadyGone: 0,
    unconfirmed: 0,
    failed: 0,
    remaining: 0,
    expiredInUse: 0,
    expiringInUse: 0,
    kept: {},
  },
  items: [],
  expiring: [],
  idleRules: [],
};

/** Item `n`, an expired certificate that is kept. */
export function item(n: number, over: Partial<ReportItem> = {}): ReportItem {
  return {
    chainId: String(n).repeat(32),
    name: `name-${String(n)}`,
    domains: [`d${String(n)}.net`],
    notAfter: `2026-08-2${String(n)}T00:00:00Z`,
    state: "expired",
    verdict: "keep",
    reasons: [],
    ...over,
  };
}
