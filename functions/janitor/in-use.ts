/**
 * Is a certificate in use? The vendor's pages disagree on what `CertDomainList` means, so it is treated as a claim,
 * and the listing of all domains as the witness (design: "cross-examination"). Change the rule for "in use" here.
 */
import {
  isObject,
  type Certificate,
  type CertificateRecord,
} from "./certificate.ts";
import type { Detail } from "./verdict.ts";

/** One item of ListDomainDetail, docs/6469/1126815. */
export interface Domain {
  /** Lower-cased. */
  readonly name: string;
  /**
   * The certificate that the domain is bound to, as the vendor identifies it, lower-cased: '' for none,
   * undefined where the vendor shows that there is one, or may be, without a readable identifier.
   */
  readonly boundTo: string | undefined;
}

/** A domain name in the one form in which names are compared. */
function comparable(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
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
  const bound = new Map<string, string[]>();
  const covered = new Map<string, Coverage>();
  let unknown: Domain | undefined;
  for (const domain of domains) {
    const isUnknown =
      domain.boundTo === undefined ||
      (domain.boundTo !== "" && unlisted.has(domain.boundTo));
    if (isUnknown) unknown ??= domain;
    if (domain.boundTo !== undefined && domain.boundTo !== "") {
      const names = bound.get(domain.boundTo);
      if (names === undefined) bound.set(domain.boundTo, [domain.name]);
      else names.push(domain.name);
    }
    const parent = domain.name.indexOf(".");
    const coveredBy =
      parent < 0
        ? [domain.name]
        : [domain.name, `*${domain.name.slice(parent)}`];
    for (const name of coveredBy) {
      const coverage = covered.get(name) ?? { unknown: undefined };
      if (isUnknown) coverage.unknown ??= domain;
      covered.set(name, coverage);
    }
  }
  return { bound, covered, unknown };
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
  const names = record.domains
    .map(comparable)
    .filter((name) => name.trim() !== "");
  if (names.length === 0 && witness.unknown !== undefined) {
    details.push({
      reason: "in-use",
      domain: witness.unknown.name,
      because: `it names no domain, and ${unknownBinding(witness.unknown)}: that could be this one`,
    });
  }
  // A Live domain is never a wildcard: with one in it, the list holds secured names, not bindings.
  const securedNames = names.some((name) => name.startsWith("*."));
  for (const name of new Set(names)) {
    const coverage = witness.covered.get(name);
    if (coverage?.unknown !== undefined) {
      details.push({
        reason: "in-use",
        domain: coverage.unknown.name,
        because: `it names ${name}, and ${unknownBinding(coverage.unknown)}`,
      });
    } else if (
      coverage === undefined &&
      !securedNames &&
      unseenDomains === "keep"
    ) {
      details.push({
        reason: "domain-not-visible",
        domain: name,
        setting: "UNSEEN_DOMAINS",
        because: `it names ${name}, which is no domain this key can see; UNSEEN_DOMAINS=ignore disregards such names`,
      });
    }
  }
  return details;
}
