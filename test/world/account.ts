/** An account as the vendor lists it: one maker of certificates and one of domains, and what the rules read from them. */
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import {
  VendorFailure,
  type FailureFacts,
} from "../../functions/janitor/failure.ts";
import { readDomain } from "../../functions/janitor/in-use.ts";
import {
  judge,
  type Judgement,
  type Policy,
} from "../../functions/janitor/verdict.ts";

export const NOW = Date.parse("2026-11-24T12:00:00Z");
export const DAY = 86_400_000;

export type Fields = Readonly<Record<string, unknown>>;

export function at(ms: number): string {
  return new Date(ms).toISOString();
}

/** The chain id of certificate `n`; it has letters, so that their case could matter. */
export function id(n: number): string {
  return `abcdef${n.toString(16).padStart(26, "0")}`;
}

/** A validity that ends `days` from now after a life of `life` days, with the status that goes with it. */
export function ending(days: number, life = 90): Fields {
  const ends = NOW + days * DAY;
  return {
    NotBefore: at(ends - life * DAY),
    NotAfter: at(ends),
    Status: days > 0 ? "OK" : "Expire",
  };
}

/** Certificate `n`, an item of ListCertV2: it expired a month ago and names no domain, so it may be deleted. */
export function certificate(n: number, over: Fields = {}): Fields {
  return {
    ChainID: id(n),
    CertID: String(8_000_000 + n),
    CertName: `c${String(n)}`,
    CertDomainList: [],
    ...ending(-30),
    ProjectName: "default",
    ...over,
  };
}

/** Certificates 1 to `count`. */
export function many(count: number): Fields[] {
  return Array.from({ length: count }, (_, n) => certificate(n + 1));
}

/** An item of ListDomainDetail, bound to an identifier or to nothing. */
export function domain(name: string, boundTo: unknown = ""): Fields {
  return { Domain: name, ChainID: boundTo, CertDomain: "" };
}

/** What a reading makes of an account: the listings of expired certificates have what the vendor says has expired. */
export function observed(
  items: readonly Fields[],
  domains: readonly Fields[] = [domain("free.example.com")],
) {
  const records = items.map(readCertificateRecord);
  return {
    certificates: uniteListings(
      [true, false].map((expiring) => ({
        expiring,
        records: records.filter(
          ({ status }) => (status === "Expire") === expiring,
        ),
      })),
    ),
    domains: domains.flatMap((item) => readDomain(item) ?? []),
  };
}

export const POLICY: Policy = {
  graceDays: 7,
  unseenDomains: "keep",
  projectNames: [],
  protect: [],
};

/** What the rules say of an account now. */
export function judged(
  items: readonly Fields[],
  domains?: readonly Fields[],
  policy: Partial<Policy> = {},
  now = NOW,
): Judgement[] {
  return judge(observed(items, domains), { ...POLICY, ...policy }, now);
}

/** A refusal that the vendor sent after one attempt, or whatever `over` makes of it. */
export function failure(over: Partial<FailureFacts> = {}): VendorFailure {
  return new VendorFailure("It failed.", {
    kind: "vendor-error",
    outcome: "answered",
    attempts: 1,
    ...over,
  });
}
