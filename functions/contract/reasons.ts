/** Every reason to keep a certificate: its name, what it means, and whether only a person can settle it. */

/** In the order in which they are shown. */
const TABLE = [
  {
    reason: "malformed-record",
    means: "incomplete, or listed twice with different data",
    isContradiction: true,
  },
  {
    reason: "expiry-unreadable",
    means: "no strict RFC 3339 time",
    isContradiction: true,
  },
  {
    reason: "validity-inverted",
    means: "ends before it begins",
    isContradiction: true,
  },
  {
    reason: "not-expired",
    means: "its validity has not passed",
    isContradiction: false,
  },
  {
    reason: "within-grace",
    means: "the grace period after its validity has not passed",
    isContradiction: false,
  },
  {
    reason: "status-conflict",
    means: "the date says expired, something of the vendor's says otherwise",
    isContradiction: true,
  },
  {
    reason: "in-use",
    means: "a domain is bound to it, or may be",
    isContradiction: false,
  },
  {
    reason: "domain-not-visible",
    means: "it names a domain that the key cannot see",
    isContradiction: false,
  },
  {
    reason: "protected",
    means: "a rule protects it",
    isContradiction: false,
  },
  {
    reason: "out-of-scope",
    means: "its project is none of this deployment's",
    isContradiction: false,
  },
] as const;

export type Reason = (typeof TABLE)[number]["reason"];

export const REASONS: readonly Reason[] = TABLE.map(({ reason }) => reason);

/** They tell of contradictory or unreadable data. */
export const CONTRADICTIONS: ReadonlySet<string> = new Set(
  TABLE.filter(({ isContradiction }) => isContradiction).map(
    ({ reason }) => reason,
  ),
);

/** What was seen that makes a reason hold; `because` says it as a clause for people. */
export interface Detail {
  readonly reason: Reason;
  readonly because: string;
  readonly [seen: string]: string;
}

/** The reasons that the API shows, each with its meaning, for its description: what is out of scope does not exist for it. */
export const SHOWN_REASONS = TABLE.filter(
  ({ reason }) => reason !== "out-of-scope",
);
