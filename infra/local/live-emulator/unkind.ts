import type { Switches } from "./switches.ts";

/**
 * What the vendor's documents leave open, and what an account may therefore meet one day: one list, from which the model
 * of the simulation takes its switches, and the emulator those that it can play. Pure data.
 *
 * `then` says what a sweep that works can still be asked for: whether three sweeps delete what may be deleted, or why
 * nothing may be.
 */
interface Open {
  readonly vendor: string;
  readonly then: string;
}

const DELETES = "three sweeps delete what may be deleted";
const NO_EVIDENCE = "no evidence by the rules, nothing is deleted";

/** How listings are cut into pages, and what `Total` counts. */
const paging = {
  "certificate-pages-capped": {
    vendor:
      "ListCertV2 cuts PageSize down to a bound of its own without saying so",
    then: DELETES,
  },
  "domain-pages-capped": {
    vendor:
      "ListDomainDetail cuts PageSize down to a bound of its own without saying so",
    then: DELETES,
  },
  "certificate-total-of-page": {
    vendor: "Total of ListCertV2 counts the page alone",
    then: `with more than one page: ${NO_EVIDENCE}`,
  },
  "domain-total-of-page": {
    vendor: "Total of ListDomainDetail counts the page alone",
    then: `with more than one page: ${NO_EVIDENCE}`,
  },
  "certificate-total-absent": {
    vendor: "ListCertV2 has no Total",
    then: DELETES,
  },
  "domain-total-absent": {
    vendor: "ListDomainDetail has no Total",
    then: NO_EVIDENCE,
  },
  "total-zero-at-end": {
    vendor: "an empty page behind the last one says Total 0",
    then: DELETES,
  },
  "total-absent-at-end": {
    vendor: "an empty page behind the last one has no Total",
    then: DELETES,
  },
  "newest-first": {
    vendor: "the newest certificates are listed first, so an upload moves all",
    then: DELETES,
  },
  "domain-twins": {
    vendor: "some domains have two rows, and Total counts both",
    then: DELETES,
  },
} as const satisfies Record<string, Open>;

/** What the key may see, and in which words. */
const sight = {
  "domains-hidden-all": {
    vendor: "the key sees no domain at all: an empty listing, Total 0",
    then: `${DELETES} by what is visible; names without a visible domain keep`,
  },
  "domains-hidden-some": {
    vendor: "the key sees some domains only, and Total counts those",
    then: `${DELETES} by what is visible; names without a visible domain keep`,
  },
  "names-respelled": {
    vendor:
      "domains and certificates spell names in Unicode or punycode, upper case, with a dot at the end",
    then: DELETES,
  },
  "names-awkward": {
    vendor:
      "names of certificates hold emoji, halves of characters, line breaks and what turns text around",
    then: DELETES,
  },
  "bound-by-three-identifiers": {
    vendor:
      "a bound domain shows the certificate's ChainID, its ChainIDVolc or its CertID",
    then: DELETES,
  },
  "certificate-twins": {
    vendor:
      "some certificates are listed twice, with the same data or with others",
    then: `${DELETES}; contradictions keep`,
  },
  "bound-in-another-language": {
    vendor:
      "a bound domain shows an identifier that no listing has, or none beside its CertDomain",
    then: `${DELETES}; what covers such a domain is kept`,
  },
  misfiled: {
    vendor:
      "Expiring does not agree with NotAfter and Status for some certificates",
    then: `${DELETES}; contradictions keep`,
  },
} as const satisfies Record<string, Open>;

/** What DeleteCert answers. */
const words = {
  "deletions-unanswered": {
    vendor: "DeleteCert takes effect and answers 504, each time",
    then: DELETES,
  },
  "deletions-sometimes-unanswered": {
    vendor: "DeleteCert takes effect and answers 504, now and then",
    then: DELETES,
  },
  "certificates-refused": {
    vendor:
      "some certificates are never deleted: 400, 403, 404, 409 for any number of them, 500 for fewer than ten",
    then: `${DELETES}, those apart`,
  },
  "missing-forbidden": {
    vendor: "a chain id that does not exist is answered by 403, not by 404",
    then: DELETES,
  },
  "missing-fine": {
    vendor: "a chain id that does not exist is answered by 200",
    then: DELETES,
  },
  "deleted-still-listed": {
    vendor: "a deleted certificate is listed for some seconds more",
    then: DELETES,
  },
} as const satisfies Record<string, Open>;

/** What changes while a sweep looks and deletes. */
const change = {
  "renewed-while-read": {
    vendor: "a certificate is renewed under its chain id between two pages",
    then: DELETES,
  },
  "stale-beside-renewed": {
    vendor:
      "the record of before a renewal stays among the expired for a while, the new one among the unexpired",
    then: `${DELETES}; contradictions keep`,
  },
  "lists-shift": {
    vendor: "certificates come and go between the pages of one listing",
    then: DELETES,
  },
  "key-rotated-midway": {
    vendor:
      "the secret gets a new key while deletions are under way, one of which took effect without an answer",
    then: DELETES,
  },
  "closed-midway": {
    vendor: "the account falls into arrears while deletions are under way",
    then: "the run stops; what was in flight is settled or uncertain",
  },
  "busy-at-first": {
    vendor: "others use up the limits of the listings for up to 100 s",
    then: DELETES,
  },
  "clock-drifts": {
    vendor: "the vendor's clock and ours drift apart by up to 5 minutes",
    then: DELETES,
  },
} as const satisfies Record<string, Open>;

/** By family: what belongs together is met together. */
export const UNKIND = { paging, sight, words, change };

export type UnkindFamily = keyof typeof UNKIND;
export type Unkind =
  | keyof typeof paging
  | keyof typeof sight
  | keyof typeof words
  | keyof typeof change;

/** What the emulator can play of it, in its own switches; `POST /switches` takes these names as `unkind`. */
export const PLAYED: Readonly<Partial<Record<Unkind, Partial<Switches>>>> = {
  "certificate-pages-capped": { maxPageSize: 10 },
  "domain-pages-capped": { maxPageSize: 10 },
  "certificate-total-of-page": { total: "page" },
  "domain-total-of-page": { total: "page" },
  "certificate-total-absent": { total: "absent" },
  "domain-total-absent": { total: "absent" },
  "missing-forbidden": { missing: "RequestForbidden" },
  misfiled: { ignoreExpiringFilter: true },
};
