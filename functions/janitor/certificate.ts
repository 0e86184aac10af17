/**
 * A certificate as the vendor lists it. Source: ListCertV2, docs/6469/1126823.
 */

import { isChainId, isObject } from "../contract/parsers.ts";

/** One record of ListCertV2. Absent or ill-typed fields are empty here and named in `defects`. */
export interface CertificateRecord {
  readonly chainId: string;
  /** ChainID, ChainIDVolc and CertID, lower-cased, the empty ones dropped: a domain may be bound by any of them. */
  readonly ids: readonly string[];
  readonly name: string;
  /** CertDomainList: bound domains according to one vendor page, secured names according to another. */
  readonly domains: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  /** NotBefore and NotAfter as {@link instant} reads them: once, while they are at hand. */
  readonly begins: number | undefined;
  readonly ends: number | undefined;
  readonly status: string;
  readonly projectName: string;
  readonly defects: readonly string[];
}

/** Everything that the listings say under one chain id. More than one record means that they contradict each other. */
export interface Certificate {
  readonly chainId: string;
  readonly records: readonly [CertificateRecord, ...CertificateRecord[]];
  /** A listing with `Expiring: true` (the expired ones, despite the name) had it. */
  readonly listedAsExpired: boolean;
  /** A listing with `Expiring: false` had it. */
  readonly listedAsUnexpired: boolean;
}

/** One of the listings that an observation unites. */
export interface Listing {
  readonly expiring: boolean;
  readonly records: readonly CertificateRecord[];
}

function isListOfStrings(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.every((item) => typeof item === "string")
  );
}

/** Reads one item of `CertList`, whatever it is; never throws. */
export function readCertificateRecord(item: unknown): CertificateRecord {
  const fields = isObject(item) ? item : {};
  const text = (name: string): string => {
    const value = fields[name];
    return typeof value === "string" ? value : "";
  };
  const names = fields["CertDomainList"];
  const defects: string[] = ["ChainID", "NotBefore", "NotAfter", "Status"]
    .filter((name) => typeof fields[name] !== "string")
    .map((name) => `${name} is missing or not a string`);
  if (typeof fields["ChainID"] === "string" && !isChainId(fields["ChainID"])) {
    defects.push("ChainID is not 32 hex digits");
  }
  if (names !== undefined && names !== null && !isListOfStrings(names)) {
    defects.push("CertDomainList is not a list of strings");
  }
  return {
    chainId: text("ChainID"),
    ids: [text("ChainID"), text("ChainIDVolc"), text("CertID")]
      .filter((id) => id !== "")
      .map((id) => id.toLowerCase()),
    name: text("CertName"),
    domains: isListOfStrings(names) ? names : [],
    notBefore: text("NotBefore"),
    notAfter: text("NotAfter"),
    begins: instant(text("NotBefore")),
    ends: instant(text("NotAfter")),
    status: text("Status"),
    projectName: text("ProjectName"),
    defects,
  };
}

function contentOf(record: CertificateRecord): string {
  return JSON.stringify({ ...record, chainId: record.chainId.toLowerCase() });
}

/**
 * Unites listings by chain id, compared in lower case. Records that say the same become one;
 * a record without a chain id stands alone.
 */
export function uniteListings(listings: readonly Listing[]): Certificate[] {
  const groups = new Map<
    string,
    {
      first: CertificateRecord;
      /** By content, from the second record on. */
      others: Map<string, CertificateRecord> | undefined;
      asExpired: boolean;
      asUnexpired: boolean;
    }
  >();
  for (const { expiring, records } of listings) {
    for (const record of records) {
      const key =
        record.chainId === ""
          ? contentOf(record)
          : record.chainId.toLowerCase();
      const group = groups.get(key);
      if (group === undefined) {
        groups.set(key, {
          first: record,
          others: undefined,
          asExpired: expiring,
          asUnexpired: !expiring,
        });
        continue;
      }
      group.others ??= new Map([[contentOf(group.first), group.first]]);
      const content = contentOf(record);
      if (!group.others.has(content)) group.others.set(content, record);
      if (expiring) group.asExpired = true;
      else group.asUnexpired = true;
    }
  }
  return [...groups.values()].flatMap((group) => {
    const [first, ...rest] = group.others?.values() ?? [group.first];
    // Stryker disable next-line ConditionalExpression: a group begins with a record; only the compiler needs the test
    return first === undefined
      ? // Stryker disable next-line ArrayDeclaration: the same
        []
      : [
          {
            chainId: first.chainId,
            records: [first, ...rest] as const,
            listedAsExpired: group.asExpired,
            listedAsUnexpired: group.asUnexpired,
          },
        ];
  });
}

/** Year, day and fraction are looked at below; all else is in its range as far as a single field can tell. */
const RFC_3339 =
  /^(\d{4})-(?:0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Milliseconds since the epoch of a strict RFC 3339 time with zone, a fraction rounded up to the next millisecond.
 * Undefined for anything else: a date that no calendar has, a leap second, no zone, or a zero time
 * (year 1, or the epoch itself), which stands for "not set".
 */
export function instant(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  // Stryker disable next-line StringLiteral: a match has both; only the compiler needs the defaults
  const [, year = "", day = "", fraction] = match;
  // Date carries a day that its month does not have into the next one.
  const inCalendar =
    // Stryker disable next-line ConditionalExpression,EqualityOperator,StringLiteral: every month has the first 28 days; not to ask saves time only
    day <= "28" || new Date(text.slice(0, 10)).getUTCDate() === Number(day);
  if (!inCalendar || year <= "0001") return undefined;
  const at =
    fraction === undefined
      ? Date.parse(text)
      : Date.parse(text.replace(fraction, "")) +
        Math.ceil(Number(fraction) * 1000);
  return at === 0 ? undefined : at;
}
