/** What a sweep says of itself: pure, from what the run knows of each certificate. */
import type { StoppedBecause } from "../contract/stops.ts";
import type { ProtectRule } from "../contract/parsers.ts";
import type { Expiring } from "./foresight.ts";
import type { Judgement } from "./verdict.ts";
import type { Reason } from "../contract/reasons.ts";

export type ItemOutcome =
  "deleted" | "alreadyGone" | "unconfirmed" | "failed" | "remaining";

export interface ReportItem {
  readonly chainId: string;
  readonly name: string;
  readonly domains: readonly string[];
  readonly notAfter: string;
  readonly state: Judgement["state"];
  readonly verdict: "delete" | "keep";
  /** `not-listed`: it was asked for, and the account does not list it. */
  readonly reasons: readonly (Reason | "not-listed")[];
  /** The run was restricted to certificates, and this is one of them. */
  readonly isAskedFor?: true;
  readonly outcome?: ItemOutcome;
  /** DeleteCert requests sent for it. */
  readonly attempts?: number;
  readonly requestId?: string;
  readonly error?: string;
}

/** Disjoint: `eligible` is the sum of the five after it. */
export interface SweepCounts {
  readonly listed: number;
  readonly expired: number;
  readonly eligible: number;
  readonly deleted: number;
  readonly alreadyGone: number;
  readonly unconfirmed: number;
  readonly failed: number;
  readonly remaining: number;
  /** Expired and still bound: an outage in the making. */
  readonly expiredInUse: number;
  /** Valid and still bound, but not for long. */
  readonly expiringInUse: number;
  readonly kept: Readonly<Partial<Record<Reason, number>>>;
}

export interface SweepReport {
  readonly runId: string;
  readonly mode: "delete" | "dry-run";
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly stoppedBecause: StoppedBecause;
  readonly rounds: number;
  /** How many certificates the run was restricted to; absent without restriction. */
  readonly only?: number;
  readonly counts: SweepCounts;
  readonly items: readonly ReportItem[];
  /** What is counted as `expiringInUse`, the next to expire first. */
  readonly expiring: readonly Expiring[];
  /** Protect rules that no listed certificate meets, each in words: misspelt, or over. */
  readonly idleRules: readonly string[];
  /** What went wrong with the reading that ended the run. */
  readonly error?: string;
}

/** What a run knows of one certificate. */
export interface Item {
  judgement: Judgement;
  /** Whether it was asked for; undefined in a run that is restricted to none. */
  isAskedFor: boolean | undefined;
  /** Times that it was tried, each with its retries. */
  tries: number;
  attempts: number;
  /** The vendor said once that it deleted it. */
  succeeded: boolean;
  /** It may have been deleted without the vendor's word: only a list can tell. */
  inDoubt: boolean;
  /** Whether a list has it that was taken since it was last tried; undefined: there is none that could tell. */
  listed: boolean | undefined;
  requestId: string | undefined;
  error: string | undefined;
}

/** Whether the run may delete it: so the evidence says, and it is among those asked for. */
export function isEligible({ judgement, isAskedFor }: Item): boolean {
  return judgement.verdict === "delete" && isAskedFor !== false;
}

/** What became of a certificate in the run; undefined if nothing was to become of it. */
export function outcomeOf(item: Item): ItemOutcome | undefined {
  const { tries, succeeded, inDoubt, listed } = item;
  if (tries === 0) {
    return isEligible(item) && listed !== false ? "remaining" : undefined;
  }
  if (listed === true) return succeeded ? "unconfirmed" : "failed";
  if (listed === false) return succeeded ? "deleted" : "alreadyGone";
  if (inDoubt) return "unconfirmed";
  return succeeded ? "deleted" : "failed";
}

/** What is to be said of a failure, now that it is known what came of it. */
function errorOf(
  { error, inDoubt, listed }: Item,
  outcome: ItemOutcome | undefined,
): string | undefined {
  if (outcome === "deleted" || outcome === "alreadyGone") return undefined;
  if (error === undefined || !inDoubt) return error;
  return listed === true
    ? `${error} A list read afterwards still has it.`
    : `${error} It may have been deleted: no complete list could be read afterwards. The next sweep looks again.`;
}

function reportItem(item: Item): ReportItem {
  const { certificate, state, verdict, reasons } = item.judgement;
  const [{ name, domains, notAfter }] = certificate.records;
  const outcome = outcomeOf(item);
  const error = errorOf(item, outcome);
  return {
    chainId: certificate.chainId,
    name,
    domains,
    notAfter,
    state,
    verdict,
    reasons,
    ...(item.isAskedFor === true && { isAskedFor: true }),
    ...(outcome !== undefined && { outcome, attempts: item.attempts }),
    ...(item.requestId !== undefined && { requestId: item.requestId }),
    ...(error !== undefined && { error }),
  };
}

/** The protect rules that protect none of the certificates: a rule with a slip in it looks like protection and is none. */
export function idleRules(
  judgements: readonly Judgement[],
  rules: readonly ProtectRule[],
): string[] {
  const met = new Set(
    judgements.flatMap(({ details }) =>
      details.flatMap(({ reason, match, value }) =>
        reason === "protected" ? [JSON.stringify([match, value])] : [],
      ),
    ),
  );
  return rules
    .filter(({ match, value }) => !met.has(JSON.stringify([match, value])))
    .map(({ match, value, owner }) => `${match} ${value} (${owner})`);
}

function byExpiry(a: Item, b: Item): number {
  const [{ certificate: one }, { certificate: other }] = [
    a.judgement,
    b.judgement,
  ];
  return (
    (one.records[0].ends ?? 0) - (other.records[0].ends ?? 0) ||
    // Stryker disable next-line EqualityOperator: only records without a chain id can have equal ones, and their order means nothing
    (one.chainId < other.chainId ? -1 : 1)
  );
}

/** One that was asked for, and that the account does not list. */
function notListed(chainId: string, isSettled: boolean): ReportItem {
  return {
    chainId,
    name: "",
    domains: [],
    notAfter: "",
    state: "unreadable",
    verdict: "keep",
    reasons: ["not-listed"],
    isAskedFor: true,
    ...(!isSettled && {
      error:
        "The list changed while it was read, so it may be there all the same. Nothing was done to it.",
    }),
  };
}

/**
 * Counts and items: all that are eligible or failed, the kept ones that have expired, and whatever was asked for.
 * @param only the chain ids asked for, in lower case; none if nothing could be read that would tell of them
 * @param isSettled whether a reading showed all that there is
 */
export function accountOf(
  all: Iterable<Item>,
  expiring: readonly Expiring[],
  only: ReadonlySet<string>,
  isSettled: boolean,
): Pick<SweepReport, "counts" | "items" | "expiring"> {
  const outcomes = {
    deleted: 0,
    alreadyGone: 0,
    unconfirmed: 0,
    failed: 0,
    remaining: 0,
  };
  const kept: Partial<Record<Reason, number>> = {};
  let listed = 0;
  let expired = 0;
  let expiredInUse = 0;
  const shown: Item[] = [];
  const missing = new Set(only);
  for (const item of all) {
    const { state, reasons } = item.judgement;
    const outcome = outcomeOf(item);
    // Gone before its turn, by another hand: nothing of this run.
    if (outcome === undefined && item.listed === false) continue;
    listed += 1;
    if (state === "expired") {
      expired += 1;
      if (reasons.includes("in-use")) expiredInUse += 1;
    }
    if (outcome !== undefined) outcomes[outcome] += 1;
    else for (const reason of reasons) kept[reason] = (kept[reason] ?? 0) + 1;
    missing.delete(item.judgement.certificate.chainId.toLowerCase());
    // What may be deleted, but was not asked for, is nothing of this run either.
    const isLeftOut = item.isAskedFor === false && reasons.length === 0;
    if (
      outcome !== undefined ||
      item.isAskedFor === true ||
      (state === "expired" && !isLeftOut)
    ) {
      shown.push(item);
    }
  }
  return {
    counts: {
      listed,
      expired,
      eligible: Object.values(outcomes).reduce((sum, n) => sum + n, 0),
      ...outcomes,
      expiredInUse,
      expiringInUse: expiring.length,
      kept,
    },
    items: [
      ...shown.sort(byExpiry).map(reportItem),
      ...[...missing].map((chainId) => notListed(chainId, isSettled)),
    ],
    expiring,
  };
}
