import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  instant,
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import { comparable } from "../../functions/janitor/domain.ts";
import { readDomain } from "../../functions/janitor/in-use.ts";
import { globMatches, protections } from "../../functions/janitor/protect.ts";
import { judge, type Policy } from "../../functions/janitor/verdict.ts";
import { REASONS, type Reason } from "../../functions/contract/reasons.ts";
import { DAY, evidence, ID, NOW, policy } from "../simulation/arbitraries.ts";
import { glob, moment, state, type Evidence } from "../simulation/statement.ts";

/** What the product makes of raw evidence. */
function judged(evidence: Evidence, policy: Policy, now = NOW) {
  return judge(
    {
      certificates: uniteListings(
        evidence.listings.map(({ expiring, records }) => ({
          expiring,
          records: records.map(readCertificateRecord),
        })),
      ),
      domains: evidence.domains
        .map(readDomain)
        .filter((domain) => domain !== undefined),
    },
    policy,
    now,
  );
}

const iso = (time: number): string =>
  new Date(time).toISOString().replace(".000Z", "Z");

describe("the verdict, beside an independent statement of the contract", () => {
  it("deletes exactly what the statement permits", () => {
    let deleted = 0;
    let kept = 0;
    fc.assert(
      fc.property(evidence, policy, (seen, rules) => {
        const stated = state(seen, rules, NOW);
        for (const { certificate, verdict } of judged(seen, rules)) {
          const id = certificate.chainId.toLowerCase();
          expect(verdict === "delete").toBe(stated.get(id)?.deletable ?? false);
          if (verdict === "delete") deleted += 1;
          else kept += 1;
        }
      }),
      { numRuns: 5000 },
    );
    // The comparison means something only if both verdicts are common.
    expect(deleted).toBeGreaterThan(300);
    expect(kept).toBeGreaterThan(300);
  });

  it("calls in use exactly what the statement does", () => {
    let used = 0;
    fc.assert(
      fc.property(evidence, policy, (seen, rules) => {
        const stated = state(seen, rules, NOW);
        for (const { certificate, reasons } of judged(seen, rules)) {
          const id = certificate.chainId.toLowerCase();
          if (id === "") continue;
          expect(reasons.includes("in-use")).toBe(stated.get(id)?.inUse);
          if (reasons.includes("in-use")) used += 1;
        }
      }),
      { numRuns: 2000 },
    );
    expect(used).toBeGreaterThan(300);
  });

  it("gives a reason and a detail for each that is kept, and none for the others", () => {
    fc.assert(
      fc.property(evidence, policy, (seen, rules) => {
        for (const { verdict, reasons, details } of judged(seen, rules)) {
          expect(reasons.length === 0).toBe(verdict === "delete");
          expect(
            [...new Set(details.map(({ reason }) => reason))].sort(),
          ).toEqual([...reasons].sort());
          expect(REASONS.filter((reason) => reasons.includes(reason))).toEqual(
            reasons,
          );
        }
      }),
    );
  });

  it("never changes its mind for the order of records and domains", () => {
    fc.assert(
      fc.property(evidence, policy, (seen, rules) => {
        const verdicts = (of: Evidence) =>
          judged(of, rules)
            .map(
              ({ certificate, verdict }) =>
                `${certificate.chainId.toLowerCase()} ${verdict}`,
            )
            .sort();
        expect(
          verdicts({
            listings: seen.listings
              .map(({ expiring, records }) => ({
                expiring,
                records: records.toReversed(),
              }))
              .toReversed(),
            domains: seen.domains.toReversed(),
          }),
        ).toEqual(verdicts(seen));
      }),
    );
  });
});

const POLICY: Policy = {
  graceDays: 7,
  unseenDomains: "keep",
  projectNames: [],
  protect: [],
};
const EXPIRED = {
  ChainID: ID,
  ChainIDVolc: "b".repeat(32),
  CertID: "8121",
  CertName: "leaf",
  CertDomainList: ["a.example.com"],
  NotBefore: "2025-01-01T00:00:00Z",
  NotAfter: iso(NOW - 8 * DAY),
  Status: "Expire",
  ProjectName: "default",
};
const FREE = { Domain: "a.example.com", ChainID: "", CertDomain: "" };

interface Case {
  readonly name: string;
  readonly record?: Record<string, unknown>;
  readonly others?: readonly Record<string, unknown>[];
  readonly valid?: readonly Record<string, unknown>[];
  readonly domains?: readonly Record<string, unknown>[];
  readonly policy?: Partial<Policy>;
  readonly reasons: readonly Reason[];
}

const CASES: readonly Case[] = [
  { name: "expired, named by an unbound domain", reasons: [] },
  {
    name: "grace over to the millisecond",
    record: { NotAfter: iso(NOW - 7 * DAY) },
    reasons: [],
  },
  {
    name: "grace not quite over",
    record: { NotAfter: new Date(NOW - 7 * DAY + 1).toISOString() },
    reasons: ["within-grace"],
  },
  {
    name: "expires now, without grace",
    record: { NotAfter: iso(NOW) },
    policy: { graceDays: 0 },
    reasons: [],
  },
  {
    name: "expires in a millisecond",
    record: { NotAfter: new Date(NOW + 1).toISOString() },
    policy: { graceDays: 0 },
    reasons: ["not-expired"],
  },
  {
    name: "valid",
    record: { NotAfter: iso(NOW + DAY), Status: "OK" },
    reasons: ["not-expired"],
  },
  { name: "no date", record: { NotAfter: "" }, reasons: ["expiry-unreadable"] },
  {
    name: "no beginning",
    record: { NotBefore: "0001-01-01T00:00:00Z" },
    reasons: ["expiry-unreadable"],
  },
  {
    name: "dates absent",
    record: { NotAfter: undefined },
    reasons: ["malformed-record", "expiry-unreadable"],
  },
  {
    name: "ends as it begins",
    record: { NotBefore: iso(NOW - 8 * DAY) },
    reasons: ["validity-inverted"],
  },
  { name: "Status OK", record: { Status: "OK" }, reasons: ["status-conflict"] },
  {
    name: "Status in another case",
    record: { Status: "expire" },
    reasons: ["status-conflict"],
  },
  {
    name: "no Status",
    record: { Status: null },
    reasons: ["malformed-record", "status-conflict"],
  },
  {
    name: "also listed as valid",
    valid: [EXPIRED],
    reasons: ["status-conflict"],
  },
  {
    name: "names are no list",
    record: { CertDomainList: "a.example.com" },
    reasons: ["malformed-record"],
  },
  { name: "names absent", record: { CertDomainList: null }, reasons: [] },
  {
    name: "same id, other data",
    others: [{ ...EXPIRED, CertName: "twin" }],
    reasons: ["malformed-record"],
  },
  {
    name: "same id in another case, other data",
    others: [{ ...EXPIRED, ChainID: ID.toUpperCase(), CertName: "twin" }],
    reasons: ["malformed-record"],
  },
  { name: "same id twice, same data", others: [EXPIRED], reasons: [] },
  {
    name: "bound by ChainID",
    domains: [{ ...FREE, ChainID: ID.toUpperCase() }],
    reasons: ["in-use"],
  },
  {
    name: "bound by ChainIDVolc",
    domains: [{ ...FREE, ChainID: "B".repeat(32) }],
    reasons: ["in-use"],
  },
  {
    name: "bound by CertID, to a domain that it does not name",
    domains: [FREE, { Domain: "z.net", ChainID: "8121" }],
    reasons: ["in-use"],
  },
  {
    name: "the domain is bound to a stranger",
    domains: [{ ...FREE, ChainID: "21614" }],
    reasons: ["in-use"],
  },
  {
    name: "a wildcard covers the stranger's domain",
    record: { CertDomainList: ["*.example.com"] },
    domains: [{ ...FREE, ChainID: "21614" }],
    reasons: ["in-use"],
  },
  {
    name: "another domain is bound to a stranger",
    domains: [FREE, { Domain: "z.net", ChainID: "21614" }],
    reasons: [],
  },
  {
    name: "nameless, and a stranger is bound somewhere",
    record: { CertDomainList: [] },
    domains: [{ Domain: "z.net", ChainID: "21614" }],
    reasons: ["in-use"],
  },
  {
    name: "a binding without identifier",
    domains: [{ ...FREE, CertDomain: "*.example.com" }],
    reasons: ["in-use"],
  },
  {
    name: "the domain is bound to another listed one",
    others: [
      { ...EXPIRED, ChainID: "c".repeat(32), ChainIDVolc: "", CertID: "" },
    ],
    domains: [{ ...FREE, ChainID: "c".repeat(32) }],
    reasons: [],
  },
  {
    name: "names nothing visible",
    domains: [],
    reasons: ["domain-not-visible"],
  },
  {
    name: "names nothing visible, which is ignored",
    domains: [],
    policy: { unseenDomains: "ignore" },
    reasons: [],
  },
  {
    name: "a wildcard and its apex cover nothing visible",
    record: { CertDomainList: ["*.example.com", "example.com"] },
    domains: [{ Domain: "live.other.com", ChainID: "" }],
    reasons: ["domain-not-visible"],
  },
  {
    name: "a wildcard and its apex, and no domain is visible at all",
    record: { CertDomainList: ["*.example.com", "example.com"] },
    domains: [],
    reasons: ["domain-not-visible"],
  },
  {
    name: "a wildcard that covers nothing visible, which is ignored",
    record: { CertDomainList: ["*.example.com"] },
    domains: [],
    policy: { unseenDomains: "ignore" },
    reasons: [],
  },
  {
    name: "an apex shares the fate of its wildcard, which covers a domain",
    record: { CertDomainList: ["*.example.com", "example.com"] },
    reasons: [],
  },
  {
    name: "a name that a wildcard beside it covers shares that one's fate",
    record: { CertDomainList: ["gone.example.com", "*.example.com"] },
    reasons: [],
  },
  {
    name: "a name two labels below a wildcard does not",
    record: { CertDomainList: ["x.gone.example.com", "*.example.com"] },
    reasons: ["domain-not-visible"],
  },
  {
    name: "a name beside the wildcard of another domain does not",
    record: { CertDomainList: ["live.gone.com", "*.example.com"] },
    reasons: ["domain-not-visible"],
  },
  {
    name: "a wildcard below another wildcard stands for itself",
    record: { CertDomainList: ["*.gone.example.com", "*.example.com"] },
    reasons: ["domain-not-visible"],
  },
  {
    name: "no name, and no domain is visible at all",
    record: { CertDomainList: [] },
    domains: [],
    reasons: ["domain-not-visible"],
  },
  {
    name: "no name, no domain is visible, which is ignored",
    record: { CertDomainList: [] },
    domains: [],
    policy: { unseenDomains: "ignore" },
    reasons: [],
  },
  {
    name: "no name but blanks, and no domain is visible at all",
    record: { CertDomainList: [" ", "."] },
    domains: [],
    reasons: ["domain-not-visible"],
  },
  {
    name: "a Unicode wildcard over a stranger's punycode domain",
    record: { CertDomainList: ["*.例子.com"] },
    domains: [{ Domain: "live.xn--fsqu00a.com", ChainID: "21614" }],
    reasons: ["in-use"],
  },
  {
    name: "a punycode wildcard over a stranger's Unicode domain",
    record: { CertDomainList: ["*.xn--fsqu00a.com"] },
    domains: [{ Domain: "Live.例子.com.", ChainID: "21614" }],
    reasons: ["in-use"],
  },
  {
    name: "a Unicode name of a free punycode domain",
    record: { CertDomainList: [" 例子.COM. "] },
    domains: [{ Domain: "xn--fsqu00a.com", ChainID: "" }],
    reasons: [],
  },
  {
    name: "protected by name",
    policy: { protect: [{ match: "name", value: "LEA?", owner: "x" }] },
    reasons: ["protected"],
  },
  {
    name: "protected by domain",
    policy: { protect: [{ match: "domain", value: "*.com", owner: "x" }] },
    reasons: ["protected"],
  },
  {
    name: "protected by chain id",
    policy: { protect: [{ match: "chainId", value: "0123*", owner: "x" }] },
    reasons: ["protected"],
  },
  {
    name: "protected until today",
    policy: {
      protect: [
        { match: "name", value: "leaf", owner: "x", until: "2026-06-15" },
      ],
    },
    reasons: ["protected"],
  },
  {
    name: "protected until yesterday",
    policy: {
      protect: [
        { match: "name", value: "leaf", owner: "x", until: "2026-06-14" },
      ],
    },
    reasons: [],
  },
  {
    name: "another project",
    policy: { projectNames: ["Default"] },
    reasons: ["out-of-scope"],
  },
  {
    name: "everything at once",
    record: {
      ChainID: "x",
      NotAfter: iso(NOW - DAY),
      NotBefore: iso(NOW),
      Status: "OK",
      CertDomainList: ["gone.net"],
    },
    domains: [{ ...FREE, ChainID: "8121" }],
    policy: {
      projectNames: ["p"],
      protect: [{ match: "name", value: "*", owner: "x" }],
    },
    reasons: [
      "malformed-record",
      "validity-inverted",
      "within-grace",
      "status-conflict",
      "in-use",
      "domain-not-visible",
      "protected",
      "out-of-scope",
    ],
  },
];

describe("each reason to keep", () => {
  it.each(CASES)("$name: $reasons", (test) => {
    const [first] = judged(
      {
        listings: [
          {
            expiring: true,
            records: [{ ...EXPIRED, ...test.record }, ...(test.others ?? [])],
          },
          { expiring: false, records: test.valid ?? [] },
        ],
        domains: test.domains ?? [FREE],
      },
      { ...POLICY, ...test.policy },
    );
    expect(first?.reasons).toEqual(test.reasons);
    expect(first?.verdict).toBe(test.reasons.length === 0 ? "delete" : "keep");
  });

  it("no listing of expired certificates has it: status-conflict", () => {
    const [first] = judged(
      { listings: [{ expiring: false, records: [EXPIRED] }], domains: [FREE] },
      POLICY,
    );
    expect(first?.reasons).toEqual(["status-conflict"]);
    expect(first?.details).toHaveLength(2);
  });
});

describe("instant", () => {
  it.each([
    ["2024-08-18T07:19:00Z", Date.UTC(2024, 7, 18, 7, 19)],
    ["2024-08-18T15:19:00+08:00", Date.UTC(2024, 7, 18, 7, 19)],
    ["2024-08-18T07:19:00-00:30", Date.UTC(2024, 7, 18, 7, 49)],
    ["2024-08-18T07:19:00.5Z", Date.UTC(2024, 7, 18, 7, 19) + 500],
    ["2024-08-18T07:19:00.0001Z", Date.UTC(2024, 7, 18, 7, 19) + 1],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["9999-12-31T23:59:59Z", Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])("reads %s", (text, at) => {
    expect(instant(text)).toBe(at);
  });

  it.each([
    "",
    "2024-08-18",
    "2024-08-18T07:19:00",
    "2024-08-18 07:19:00Z",
    "2024-08-18t07:19:00z",
    "2024-8-18T07:19:00Z",
    "2024-08-18T07:19Z",
    "2024-08-18T07:19:00.Z",
    "2024-08-18T07:19:00,5Z",
    "2024-08-18T07:19:00+0800",
    "2024-08-18T07:19:00+24:00",
    "2024-08-18T07:19:00+08:60",
    "2024-08-18T24:00:00Z",
    "2024-08-18T07:60:00Z",
    "2024-12-31T23:59:60Z",
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-00-10T00:00:00Z",
    "2024-04-31T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "1970-01-01T08:00:00+08:00",
    " 2024-08-18T07:19:00Z",
    "2024-08-18T07:19:00Z\n",
    "+002024-08-18T07:19:00Z",
  ])("refuses %j", (text) => {
    expect(instant(text)).toBeUndefined();
  });

  it("agrees with an independent reading of nearly right texts", () => {
    fc.assert(
      fc.property(
        fc.tuple(
          fc.constantFrom("2024", "2023", "1900", "0001", "1970"),
          fc.constantFrom("00", "01", "02", "04", "12", "13"),
          fc.constantFrom("00", "01", "28", "29", "30", "31", "32"),
          fc.constantFrom("00", "23", "24"),
          fc.constantFrom("", ".0", ".5", ".007", ".0070", ".9999", ".28", "."),
          fc.constantFrom("Z", "+00:00", "-12:30", "+23:59", "+24:00", ""),
        ),
        ([year, month, day, hour, fraction, zone]) => {
          const text = `${year}-${month}-${day}T${hour}:00:59${fraction}${zone}`;
          expect(instant(text)).toBe(moment(text));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("a rule that protects a domain", () => {
  it.each([
    ["例子.com", "xn--fsqu00a.com", true],
    ["xn--fsqu00a.com", "例子.com", true],
    ["*.例子.com", "live.XN--FSQU00A.com.", true],
    ["*.xn--fsqu00a.com", "live.例子.com", true],
    ["例*.com", "xn--fsqu00a.com", true],
    ["xn--fsq*", "例子.com", true],
    ["Cafe\u0301-*.com", "xn--caf-1-dsa.com", true],
    ["ｌｉｖｅ。例子．com", "live.xn--fsqu00a.com", true],
    ["😀?.com", "xn--a-iv3s.com", true],
    ["live.example.org", "live.example.org.", true],
    ["live.example.org.", " live.example.org", true],
    ["live.example.org。", "live.example.org", true],
    ["例子.com。", "例子.com", true],
    ["2024", "0.0.7.232", false],
    ["例子.com", "xn--fsq.com", false],
    ["例子.com", "例子.com/x", false],
    ["*.例子.com", "例子.com", false],
  ])("%s on %s: %s", (value, name, expected) => {
    for (const match of ["domain", "name"] as const) {
      const details = protections(
        readCertificateRecord({ CertName: name, CertDomainList: [name] }),
        [{ match, value, owner: "ops" }],
        NOW,
      );
      expect(details.map(({ reason }) => reason)).toEqual(
        expected ? ["protected"] : [],
      );
    }
  });
});

describe("names are compared", () => {
  it.each([
    [" Live.Example.COM. ", "live.example.com"],
    ["live.例子.com", "live.xn--fsqu00a.com"],
    ["*.例子.com", "*.xn--fsqu00a.com"],
    ["live。例子。com。", "live.xn--fsqu00a.com"],
    ["2024", "2024"],
    ["%41.com", "%41.com"],
    ["例/x.com", "例/x.com"],
    ["例:80.com", "例:80.com"],
    ["例\ud83d.com", "例\ud83d.com"],
    ["例.1", "例.1"],
    ["a..", "a."],
    ["例子.com..", "xn--fsqu00a.com."],
    ["例子.com。.", "xn--fsqu00a.com."],
    [".", ""],
  ])("%j as %j", (name, expected) => {
    expect(comparable(name)).toBe(expected);
  });
});

describe("globMatches", () => {
  it.each([
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["a*", "A", true],
    ["*a", "ba", true],
    ["*a", "ab", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a.c", "abc", false],
    ["*.example.com", "x.EXAMPLE.com", true],
    ["*.example.com", "example.com", false],
    ["**a**b", "xaxb", true],
    ["a*b*c", "a_b_b_c_", false],
    ["?", "😀", true],
    ["[a]", "a", false],
  ])("%j on %j: %s", (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  it("agrees with a regular expression", () => {
    const texts = fc.string({
      unit: fc.constantFrom("a", "B", "*", "?", ".", "\n"),
      maxLength: 8,
    });
    fc.assert(
      fc.property(texts, texts, (pattern, text) => {
        expect(globMatches(pattern, text)).toBe(glob(pattern, text));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes no longer for a malicious pattern", () => {
    expect(globMatches(`${"*a".repeat(50)}b`, "a".repeat(5000))).toBe(false);
  });
});

describe("uniteListings", () => {
  const read = (fields: Record<string, unknown>) =>
    readCertificateRecord({ ...EXPIRED, ...fields });

  it("makes one of records that say the same, in whatever case of the id", () => {
    const united = uniteListings([
      {
        expiring: true,
        records: [read({}), read({ ChainID: ID.toUpperCase() })],
      },
      { expiring: false, records: [read({ CreateTime: "later" })] },
    ]);
    expect(united).toHaveLength(1);
    expect(united[0]).toMatchObject({
      chainId: ID,
      listedAsExpired: true,
      listedAsUnexpired: true,
    });
    expect(united[0]?.records).toHaveLength(1);
  });

  it.each([
    { CertName: "x" },
    { NotAfter: "2020-01-01T00:00:00Z" },
    { Status: "OK" },
    { CertDomainList: [] },
    { CertID: "9" },
    { ProjectName: "video" },
  ])("keeps both records where %j differs", (fields) => {
    const [first] = uniteListings([
      { expiring: true, records: [read({}), read(fields)] },
    ]);
    expect(first?.records).toHaveLength(2);
  });

  it("leaves records without a chain id apart, unless they are the same", () => {
    const united = uniteListings([
      {
        expiring: true,
        records: [
          read({ ChainID: "" }),
          read({ ChainID: "", CertName: "x" }),
          read({ ChainID: "" }),
        ],
      },
    ]);
    expect(united).toHaveLength(2);
  });
});
