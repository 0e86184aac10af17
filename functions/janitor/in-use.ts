/**
 * Is a certificate in use? The vendor's pages disagree on what `CertDomainList` means, so it is treated as a claim,
 * and the listing of all domains as the witness (design: "cross-examination"). Change the rule for "in use" here.
 */
import { type Certificate, type CertificateRecord } from "./certificate.ts";
import { isObject } from "../contract/parsers.ts";
import { comparable } from "./domain.ts";
import type { Detail } from "../contract/reasons.ts";

/** One item of ListDomainDetail, docs/6469/1126815. */
export interface Domain {
  /** In the form in which names are compared. */
  readonly name: string;
  /**
   * The certificate that the domain is bound to, as the vendor identifies it, lower-cased: '' for none,
   * undefined where the vendor shows that there is one, or may be, without a readable identifier.
   */
  readonly boundTo: string | undefined;
}

/** Reads one item of `DomainList`; undefined if not even its name can be read. */
export function readDomain(item: unknown): Domain | undefined {
  if (!isObject(item)) return undefined;
  const name = item["Domain"];
  if (typeof name !== "string" || name === "") return undefined;
  const boundTo = item["ChainID"];
  const certDomain = item["CertDomain"];
  const saysNothing =
    certDomain === undefined || certDomain === null || certDomain === "";
  const readable =
    typeof boundTo === "string" && (boundTo !== "" || saysNothing);
  return {
    name: comparable(name),
    boundTo: readable ? boundTo.toLowerCase() : undefined,
  };
}

/** The wildcard that covers a name, if one can: it stands for one label. */
export function wildcardsOver(name: string): readonly string[] {
  const parent = name.indexOf(".");
  // Stryker disable next-line ArrayDeclaration: names are compared in lower case, so nothing is called like what Stryker puts there
  return parent < 0 ? [] : [`*${name.slice(parent)}`];
}

interface Coverage {
  /** A covered domain whose binding identifies no listed certificate. */
  unknown: Domain | undefined;
}

/** The domains of the account, indexed so that judging all certificates stays linear in their number. */
export interface Witness {
  /** Bound domains by identifier. */
  readonly bound: ReadonlyMap<string, readonly string[]>;
  /** What an exact name (`a.example.com`) or a wildcard (`*.example.com`) covers. */
  readonly covered: ReadonlyMap<string, Coverage>;
  /** Any domain whose binding identifies no listed certificate. */
  readonly unknown: Domain | undefined;
}

/** Names of domains, by the identifier of the certificate that each is bound to. */
export function boundDomains(
  domains: readonly Domain[],
): ReadonlyMap<string, readonly string[]> {
  const bound = new Map<string, string[]>();
  for (const { name, boundTo } of domains) {
    // Stryker disable next-line ConditionalExpression,LogicalOperator,StringLiteral: nobody looks up undefined or '': records drop empty identifiers
    if (boundTo === undefined || boundTo === "") continue;
    const names = bound.get(boundTo);
    if (names === undefined) bound.set(boundTo, [name]);
    else names.push(name);
  }
  return bound;
}

/** Prepares the witness once for all certificates of an observation. */
export function callWitness(
  certificates: readonly Certificate[],
  domains: readonly Domain[],
): Witness {
  const unlisted = new Set(domains.map((domain) => domain.boundTo));
  for (const certificate of certificates) {
    for (const record of certificate.records) {
      for (const id of record.ids) unlisted.delete(id);
    }
  }
  const covered = new Map<string, Coverage>();
  let unknown: Domain | undefined;
  for (const domain of domains) {
    // A binding without a readable identifier is undefined, which no certificate is called.
    const isUnknown = domain.boundTo !== "" && unlisted.has(domain.boundTo);
    if (isUnknown) unknown ??= domain;
    for (const name of [domain.name, ...wildcardsOver(domain.name)]) {
      // Stryker disable next-line ObjectLiteral: an absent field reads as undefined
      const coverage = covered.get(name) ?? { unknown: undefined };
      if (isUnknown) coverage.unknown ??= domain;
      covered.set(name, coverage);
    }
  }
  return { bound: boundDomains(domains), covered, unknown };
}

function unknownBinding(domain: Domain): string {
  return domain.boundTo === undefined
    ? `domain ${domain.name} has a certificate that the vendor does not identify`
    : `domain ${domain.name} is bound to ${domain.boundTo}, which no listed certificate is called`;
}

/**
 * Every reason of the kinds `in-use` and `domain-not-visible` that holds for a record.
 * `unseenDomains` decides what a name that covers no visible domain means.
 */
export function usesOf(
  record: CertificateRecord,
  witness: Witness,
  unseenDomains: "keep" | "ignore",
): Detail[] {
  const details: Detail[] = [];
  for (const domain of new Set(
    record.ids.flatMap((id) => witness.bound.get(id) ?? []),
  )) {
    details.push({
      reason: "in-use",
      domain,
      because: `domain ${domain} is bound to it`,
    });
  }
  const names = new Set(
    record.domains.map(comparable).filter((name) => name !== ""),
  );
  const unseen = (seen: string, domain?: string): void => {
    if (unseenDomains === "keep") {
      details.push({
        reason: "domain-not-visible",
        ...(domain !== undefined && { domain }),
        setting: "UNSEEN_DOMAINS",
        because: `${seen}; UNSEEN_DOMAINS=ignore disregards what cannot be seen`,
      });
    }
  };
  if (names.size === 0 && witness.unknown !== undefined) {
    details.push({
      reason: "in-use",
      domain: witness.unknown.name,
      because: `it names no domain, and ${unknownBinding(witness.unknown)}: that could be this one`,
    });
  } else if (names.size === 0 && witness.covered.size === 0) {
    unseen(
      "it names no domain, and this key cannot see any, so one that is out of sight may be bound to it",
    );
  }
  for (const name of names) {
    const coverage = witness.covered.get(name);
    if (coverage?.unknown !== undefined) {
      details.push({
        reason: "in-use",
        domain: coverage.unknown.name,
        because: `it names ${name}, and ${unknownBinding(coverage.unknown)}`,
      });
    } else if (coverage === undefined && !sharesWildcard(name, names)) {
      unseen(
        name.startsWith("*.")
          ? `it names ${name}, which covers no domain that this key can see`
          : `it names ${name}, which is not a domain that this key can see`,
        name,
      );
    }
  }
  return details;
}

/** Whether a plain name is the apex of a wildcard beside it, or covered by one: then it shares that one's fate. */
function sharesWildcard(name: string, beside: ReadonlySet<string>): boolean {
  return (
    !name.startsWith("*.") &&
    (beside.has(`*.${name}`) || wildcardsOver(name).some((w) => beside.has(w)))
  );
}
