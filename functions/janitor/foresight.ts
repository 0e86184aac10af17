/**
 * What is about to happen: certificates in use that are about to expire, and deletions to come. Nothing here has a part
 * in any verdict.
 */
import { instant, type CertificateRecord } from "./certificate.ts";
import { comparable } from "./domain.ts";
import { boundDomains, wildcardsOver, type Domain } from "./in-use.ts";
import type { Judgement } from "./verdict.ts";
import type { Reason } from "../contract/reasons.ts";

/** Days before its expiry from which a certificate in use is warned of; 0 never, "auto" by its lifetime. */
export type WarnDays = "auto" | number;

/** A domain whose certificate is about to expire. */
export interface ExpiringDomain {
  readonly domain: string;
  /** A listed certificate that covers the domain and lives longer, by its name or else its chain id. */
  readonly renewedAs?: string;
}

/** A certificate in use that is about to expire. */
export interface Expiring {
  readonly chainId: string;
  readonly name: string;
  readonly notAfter: string;
  /** Whole days until then; 0 in the last of them, or if one of contradictory records says that it is over. */
  readonly daysLeft: number;
  readonly domains: readonly ExpiringDomain[];
}

const DAY_MS = 86_400_000;
const AUTO_MS = 30 * DAY_MS;
/** Of the lifetime: 18 days of 90, 9.4 of 47, 1.4 of 7. */
const AUTO_PART = 5;

/** How long before its end a record is about to expire, in milliseconds. Without a readable lifetime the longer time. */
function warningTime(
  { begins }: CertificateRecord,
  ends: number,
  warnDays: WarnDays,
): number {
  if (warnDays !== "auto") return warnDays * DAY_MS;
  const lifetime = ends - (begins ?? -Infinity);
  return lifetime > 0 ? Math.min(AUTO_MS, lifetime / AUTO_PART) : AUTO_MS;
}

/** What ends soon, and for which domains that matters. */
interface Ending {
  readonly record: CertificateRecord;
  readonly ends: number;
  readonly domains: readonly string[];
}

/**
 * Tells of a certificate whether it is about to expire in use: it is valid, a visible domain is bound to it by one of
 * its identifiers, and its end is closer than `warnDays`. One of contradictory records is enough: a warning too many is
 * looked into, one too few is an outage.
 * @param now milliseconds since the epoch
 */
export function foresee(
  domains: readonly Domain[],
  warnDays: WarnDays,
  now: number,
): (judgement: Judgement) => Ending | undefined {
  const bound = boundDomains(domains);
  return ({ certificate: { records }, state, reasons }) => {
    if (state !== "valid" || warnDays === 0) return undefined;
    // Another project's certificates do not exist for this deployment.
    if (reasons.includes("out-of-scope")) return undefined;
    const [first] = records
      .map((record) => ({ record, ends: record.ends ?? Infinity }))
      .filter(
        ({ record, ends }) => ends - now < warningTime(record, ends, warnDays),
      )
      .sort((a, b) => a.ends - b.ends);
    if (first === undefined) return undefined;
    const ids = new Set(records.flatMap(({ ids }) => ids));
    const names = new Set([...ids].flatMap((id) => bound.get(id) ?? []));
    return names.size === 0 ? undefined : { ...first, domains: [...names] };
  };
}

/** Reasons under which nobody can tell what a certificate covers, or until when. */
const UNRELIABLE: ReadonlySet<Reason> = new Set<Reason>([
  "malformed-record",
  "expiry-unreadable",
  "validity-inverted",
]);

/** For each name that certificates secure, the one of them that lives longest. */
function longestLived(
  judgements: readonly Judgement[],
): ReadonlyMap<string, CertificateRecord> {
  const longest = new Map<string, CertificateRecord>();
  for (const { certificate, reasons } of judgements) {
    if (reasons.some((reason) => UNRELIABLE.has(reason))) continue;
    const [record] = certificate.records;
    for (const name of record.domains.map(comparable)) {
      const known = longest.get(name);
      if ((record.ends ?? 0) > (known?.ends ?? 0)) longest.set(name, record);
    }
  }
  return longest;
}

/**
 * The certificates in use that are about to expire, the next to do so first, in time linear in certificates, names and
 * domains.
 * @param now milliseconds since the epoch
 */
export function expiringInUse(
  judgements: readonly Judgement[],
  domains: readonly Domain[],
  warnDays: WarnDays,
  now: number,
): Expiring[] {
  const found = judgements
    .map(foresee(domains, warnDays, now))
    .filter((ending) => ending !== undefined)
    .sort((a, b) => a.ends - b.ends);
  const longest = longestLived(judgements);
  const renewed = (domain: string, ends: number): ExpiringDomain => {
    const [renewal] = [domain, ...wildcardsOver(domain)]
      .map((name) => longest.get(name))
      .filter((record) => record !== undefined)
      .sort((a, b) => (b.ends ?? 0) - (a.ends ?? 0));
    return renewal === undefined || (renewal.ends ?? 0) <= ends
      ? { domain }
      : { domain, renewedAs: renewal.name || renewal.chainId };
  };
  return found.map(({ record, ends, domains: names }) => ({
    chainId: record.chainId,
    name: record.name,
    notAfter: record.notAfter,
    daysLeft: Math.max(0, Math.floor((ends - now) / DAY_MS)),
    domains: names.map((domain) => renewed(domain, ends)),
  }));
}

/** What to tell the owner of such a domain. */
export function renewalOf({ domain, renewedAs }: ExpiringDomain): string {
  return renewedAs === undefined
    ? "no renewal is listed"
    : `renewed as ${renewedAs}, but not bound to ${domain}`;
}

/**
 * The notice of a deletion to come, so that an owner can object in time; undefined unless the grace is all that keeps it.
 * @param graceDays the deployment's, not what a single run may have asked for: that is how long it really has
 */
export function noticeOf(
  {
    reasons,
    notAfter,
  }: { readonly reasons: readonly string[]; readonly notAfter: string },
  graceDays: number,
): string | undefined {
  const ends = instant(notAfter);
  if (ends === undefined || reasons.join() !== "within-grace") return undefined;
  const day = new Date(ends + graceDays * DAY_MS).toISOString().slice(0, 10);
  return `will be deleted from ${day} on, unless protected`;
}

/** How long a certificate still has, in words. */
export function timeLeft({ daysLeft }: Pick<Expiring, "daysLeft">): string {
  if (daysLeft === 0) return "less than a day left";
  return daysLeft === 1 ? "1 day left" : `${String(daysLeft)} days left`;
}
