/** Accounts for property tests of the verdict: small, and dense in near-collisions. */
import fc from "fast-check";
import type { Policy } from "../../functions/janitor/verdict.ts";
import type { Evidence } from "./statement.ts";

/** When the accounts are judged. */
export const NOW = Date.UTC(2026, 5, 15, 12);
const DAY = 86_400_000;
/** A chain id that the accounts know well. */
const ID = "0123456789abcdef0123456789abcdef";

// A handful of identifiers, names and moments, so that generated accounts collide all the time.
const IDS = [
  ID,
  ID.toUpperCase(),
  "f".repeat(32),
  "e".repeat(32),
  "a1".repeat(16),
  "21614",
  "",
];
const NAMES = [
  "a.example.com",
  "A.Example.com",
  "a.example.com.",
  "b.example.com",
  "*.example.com",
  "*.a.example.com",
  "example.com",
  "x.a.example.com",
  "other.net",
  "localhost",
  " ",
  // One domain in two spellings, and what covers it.
  "live.例子.com",
  "Live.XN--fsqu00a.com.",
  "*.例子.com",
  "*.xn--fsqu00a.com",
  "例子.com",
];
const ends = fc
  .tuple(
    fc.constantFrom(0, 1, 7, 8, 30, -1, 400),
    fc.constantFrom(0, 1, -1, 1000, -1000),
    fc.constantFrom("Z", "+08:00", "fraction"),
  )
  .map(([days, shift, form]) => {
    const at = NOW - days * DAY + shift;
    if (form === "Z") return new Date(at).toISOString();
    if (form === "fraction")
      return new Date(at).toISOString().replace("Z", "0001Z");
    return new Date(at + 8 * 3_600_000).toISOString().replace("Z", "+08:00");
  });

const oddly = <T>(usual: fc.Arbitrary<T>, odd: readonly unknown[]) =>
  fc.oneof(
    { weight: 30, arbitrary: usual },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );

const record = fc.record(
  {
    ChainID: oddly(fc.constantFrom(...IDS.slice(0, 5)), ["", null, 5, "xyz"]),
    ChainIDVolc: fc.constantFrom(...IDS, "", "", ""),
    CertID: fc.constantFrom("8121", "8122", "21614", "", ""),
    CertName: fc.constantFrom("root", "leaf-1", "LEAF-2", "", "live.例子.com"),
    CertDomainList: oddly(
      fc.array(fc.constantFrom(...NAMES), { maxLength: 2 }),
      [null, undefined, "a.example.com", [5], {}],
    ),
    NotBefore: oddly(fc.constant("2020-01-01T00:00:00Z"), [
      "",
      null,
      "2020-01-01T00:00:00",
      "2099-01-01T00:00:00Z",
    ]),
    NotAfter: oddly(ends, ["", undefined, "2026-02-30T00:00:00Z"]),
    Status: oddly(fc.constant("Expire"), ["OK", "expire", null]),
    ProjectName: oddly(fc.constantFrom("default", "video"), [undefined]),
  },
  { requiredKeys: ["ChainID"] },
);

const domain = fc.record({
  Domain: fc.constantFrom(
    ...NAMES.slice(0, 4),
    "x.a.example.com",
    "example.com",
    "live.例子.com",
    "live.xn--fsqu00a.com",
  ),
  ChainID: oddly(fc.constantFrom(...IDS, "8121", "8122", "", "", ""), [
    null,
    undefined,
    7,
  ]),
  CertDomain: fc.constantFrom("", "", "", undefined, "*.example.com"),
});

export const evidence: fc.Arbitrary<Evidence> = fc
  .tuple(
    fc.array(record, { maxLength: 4 }),
    fc.array(fc.nat(40), { maxLength: 2 }),
    fc.array(domain, { maxLength: 4 }),
  )
  .map(([records, again, domains]) => ({
    listings: [
      { expiring: true, records },
      // Mostly empty: what is in both listings is never deleted.
      {
        expiring: false,
        records: again.flatMap((i) => (i < records.length ? records[i] : [])),
      },
    ],
    domains,
  }));

export const policy: fc.Arbitrary<Policy> = fc.record({
  graceDays: fc.constantFrom(0, 1, 7, 30),
  unseenDomains: fc.constantFrom("keep", "ignore"),
  projectNames: fc.constantFrom<readonly string[]>([], [], ["default"]),
  protect: fc.array(
    fc
      .record({
        match: fc.constantFrom("chainId", "name", "domain"),
        value: fc.constantFrom(
          "0123*",
          "r??t",
          "leaf-?",
          "*.EXAMPLE.com",
          "*.例子.com",
          "l*.xn--fsqu00a.com.",
        ),
        owner: fc.constant("team"),
        until: fc.constantFrom(undefined, "2026-06-14", "2026-06-15"),
      })
      .map(({ until, ...rule }) =>
        until === undefined ? rule : { ...rule, until },
      ),
    { maxLength: 1 },
  ),
});
