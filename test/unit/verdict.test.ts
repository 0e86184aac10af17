import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REASONS, type Reason } from "../../functions/contract/reasons.ts";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import { readDomain } from "../../functions/janitor/in-use.ts";
import {
  judge,
  judgeOne,
  type Policy,
} from "../../functions/janitor/verdict.ts";
import {
  evidence,
  NOW as THEN,
  policy as policies,
} from "../simulation/arbitraries.ts";
import { state, type Evidence } from "../simulation/statement.ts";
import {
  at,
  certificate,
  DAY,
  domain,
  ending,
  id,
  NOW,
  observed,
  POLICY,
  type Fields,
} from "../world/account.ts";

/** What the product makes of raw evidence. */
function judgedBy(seen: Evidence, policy: Policy, now: number) {
  const listings = seen.listings.map(({ expiring, records }) => ({
    expiring,
    records: records.map(readCertificateRecord),
  }));
  const domains = seen.domains.flatMap((item) => readDomain(item) ?? []);
  const certificates = uniteListings(listings);
  return judge({ certificates, domains }, policy, now);
}

const says = (text: string): unknown => expect.stringContaining(text);

interface Case {
  readonly record?: Fields;
  /** Other records of the same listing. */
  readonly others?: readonly Fields[];
  /** What the listings of unexpired certificates have. */
  readonly unexpired?: readonly Fields[];
  readonly policy?: Partial<Policy>;
  readonly now?: number;
  /** What each detail says, in their order. */
  readonly says?: readonly string[];
}

const ONE = certificate(1, { CertDomainList: ["a.example.com"] });
const rule = (match: "name" | "domain", value: string, until?: string) => ({
  match,
  value,
  owner: "ops",
  ...(until !== undefined && { until }),
});

function first({ record, others = [], unexpired = [], policy, now }: Case) {
  const seen = {
    listings: [
      { expiring: true, records: [{ ...ONE, ...record }, ...others] },
      { expiring: false, records: unexpired },
    ],
    domains: [domain("a.example.com")],
  };
  return judgedBy(seen, { ...POLICY, ...policy }, now ?? NOW)[0]!;
}

describe("each reason to keep", () => {
  it.each<[string, Case, readonly Reason[]]>([
    ["none: expired, and its domain is free", {}, []],
    [
      "none: grace over to the millisecond",
      { record: { NotAfter: at(NOW - 7 * DAY) } },
      [],
    ],
    [
      "grace not quite over",
      {
        record: { NotAfter: at(NOW - 7 * DAY + 1) },
        says: ["2026-11-17T12:00:00.001Z, within the grace of 7 days"],
      },
      ["within-grace"],
    ],
    [
      "none: expires now, without grace",
      { record: { NotAfter: at(NOW) }, policy: { graceDays: 0 } },
      [],
    ],
    [
      "expires in a millisecond",
      {
        record: { NotAfter: at(NOW + 1) },
        policy: { graceDays: 0 },
        says: ["valid until 2026-11-24T12:00:00.001Z"],
      },
      ["not-expired"],
    ],
    ["valid", { record: ending(1) }, ["not-expired"]],
    [
      "no end",
      { record: { NotAfter: "" }, says: ["NotAfter is empty"] },
      ["expiry-unreadable"],
    ],
    [
      "no end, which no Status can contradict",
      { record: { NotAfter: "", Status: "OK" } },
      ["expiry-unreadable"],
    ],
    [
      "a zero time",
      {
        record: { NotBefore: "0001-01-01T00:00:00Z" },
        says: ['NotBefore "0001-01-01T00:00:00Z" is not a date'],
      },
      ["expiry-unreadable"],
    ],
    [
      "a date without end, of which forty characters tell enough",
      {
        record: { NotAfter: "y".repeat(99) },
        says: [`"${"y".repeat(40)}" is not a date`],
      },
      ["expiry-unreadable"],
    ],
    [
      "an unreadable beginning, and an end in the future",
      { record: { ...ending(1), NotBefore: "soon" } },
      ["expiry-unreadable", "not-expired"],
    ],
    [
      "dates absent",
      { record: { NotBefore: 1, NotAfter: undefined } },
      ["malformed-record", "expiry-unreadable"],
    ],
    [
      "ends as it begins",
      {
        record: { NotBefore: ONE["NotAfter"] },
        says: [`(${String(ONE["NotAfter"])}) before it begins`],
      },
      ["validity-inverted"],
    ],
    [
      "another Status, of which twenty characters tell enough",
      {
        record: { Status: "Z".repeat(30) },
        says: [`its Status is "${"Z".repeat(20)}", not`],
      },
      ["status-conflict"],
    ],
    [
      "Status in another case",
      { record: { Status: "expire" } },
      ["status-conflict"],
    ],
    [
      "no Status",
      { record: { Status: null } },
      ["malformed-record", "status-conflict"],
    ],
    [
      "also listed as unexpired",
      { unexpired: [ONE], says: ["but a listing of unexpired"] },
      ["status-conflict"],
    ],
    [
      "names are no list",
      { record: { CertDomainList: "a.example.com" } },
      ["malformed-record"],
    ],
    ["none: names are null", { record: { CertDomainList: null } }, []],
    [
      "same id, other data",
      {
        others: [{ ...ONE, CertName: "twin" }],
        says: ["listed 2 times with different data"],
      },
      ["malformed-record"],
    ],
    [
      "same id in another case, other data",
      { others: [{ ...ONE, ChainID: id(1).toUpperCase(), CertName: "twin" }] },
      ["malformed-record"],
    ],
    ["none: same id twice, same data", { others: [ONE] }, []],
    [
      "one of two records is valid",
      { others: [{ ...ONE, ...ending(9) }] },
      ["malformed-record", "not-expired"],
    ],
    [
      "protected by name",
      {
        policy: { protect: [rule("name", "C?")] },
      },
      ["protected"],
    ],
    [
      "protected by domain, to the end of today",
      {
        policy: { protect: [rule("domain", "*.com", "2026-11-24")] },
        now: Date.UTC(2026, 10, 25) - 1,
      },
      ["protected"],
    ],
    [
      "one of two records is protected",
      {
        others: [{ ...ONE, CertName: "twin" }],
        policy: { protect: [rule("name", "twin")] },
      },
      ["malformed-record", "protected"],
    ],
    [
      "another project",
      {
        policy: { projectNames: ["a", "Default"] },
        says: ['"default" is not in PROJECT_NAMES'],
      },
      ["out-of-scope"],
    ],
    ["none: its project", { policy: { projectNames: ["a", "default"] } }, []],
    [
      "the first of two records is of another project",
      {
        record: { ProjectName: "theirs" },
        others: [ONE],
        policy: { projectNames: ["default"] },
      },
      ["malformed-record", "out-of-scope"],
    ],
    [
      "the second of two records is of another project",
      {
        others: [{ ...ONE, ProjectName: "theirs" }],
        policy: { projectNames: ["default"] },
      },
      ["malformed-record", "out-of-scope"],
    ],
    [
      "everything at once",
      {
        record: {
          ChainID: "x",
          Status: "OK",
          CertDomainList: ["gone.net"],
          NotAfter: at(NOW - DAY),
          NotBefore: at(NOW),
        },
        others: [certificate(2, { ChainID: "x", CertID: "21614" })],
        policy: { projectNames: ["p"], protect: [rule("name", "*")] },
      },
      REASONS.filter(
        (reason) =>
          !["expiry-unreadable", "not-expired", "in-use"].includes(reason),
      ),
    ],
  ])("%s", (_what, test, expected) => {
    const { reasons, verdict, details } = first(test);
    expect(reasons).toEqual(expected);
    expect(verdict).toBe(expected.length === 0 ? "delete" : "keep");
    if (test.says !== undefined)
      expect(details).toMatchObject(
        test.says.map((text) => ({ because: says(text) })),
      );
  });

  it("says what was seen in fields of its own", () => {
    const { details } = first({
      record: { NotBefore: "soon" },
      policy: { projectNames: ["p"], protect: [rule("name", "C*")] },
    });
    expect(details).toMatchObject([
      { reason: "expiry-unreadable", field: "NotBefore", seen: "soon" },
      { reason: "protected", match: "name", value: "C*", owner: "ops" },
      { reason: "out-of-scope", projectName: "default" },
    ]);
  });

  it("is status-conflict, twice, where only a listing of unexpired ones has it", () => {
    const seen = {
      listings: [{ expiring: false, records: [ONE] }],
      domains: [],
    };
    const policy: Policy = { ...POLICY, unseenDomains: "ignore" };
    expect(judgedBy(seen, policy, NOW)).toMatchObject([
      {
        reasons: ["status-conflict"],
        details: [
          { because: says("no listing of expired") },
          { because: says("a listing of unexpired") },
        ],
      },
    ]);
  });
});

describe("the state", () => {
  it.each([
    [[at(NOW)], "expired"],
    [[at(NOW + 1)], "valid"],
    [[""], "unreadable"],
    [[at(NOW - DAY), "", at(NOW + DAY)], "valid"],
    [[at(NOW - DAY), ""], "unreadable"],
    [[at(NOW - DAY), at(NOW - 2 * DAY)], "expired"],
  ])("of records that end %j is %s", (ends, expected) => {
    const records = ends.map((NotAfter) => ({ ...ONE, NotAfter }));
    const [record, ...others] = records;
    expect(first({ record: record!, others }).state).toBe(expected);
  });
});

describe("the one certificate that is named", () => {
  const theirs = certificate(2, { ProjectName: "theirs" });
  const named = (
    chainId: string,
    isSettled = true,
    projectNames = ["default"],
  ) =>
    judgeOne(
      { ...observed([ONE, theirs]), isSettled },
      chainId,
      { ...POLICY, projectNames },
      NOW,
    );

  it("is found in either case, and judged as among all", () => {
    for (const chainId of [id(1), id(1).toUpperCase()])
      expect(named(chainId)).toMatchObject({
        certificate: { chainId: id(1) },
        reasons: ["domain-not-visible"],
      });
    expect(named(id(2), true, [])?.certificate.chainId).toBe(id(2));
  });

  it("is found though it is listed in upper case", () => {
    const upper = certificate(1, { ChainID: id(1).toUpperCase() });
    const seen = { ...observed([upper]), isSettled: true };
    expect(judgeOne(seen, id(1), POLICY, NOW)?.verdict).toBe("delete");
  });

  it("does not exist where no listing has it, or in another project", () => {
    expect(named(id(9))).toBeUndefined();
    expect(named(id(2))).toBeUndefined();
  });

  it("is looked for in vain in a list that shifted: that proves nothing", () => {
    expect(named(id(1), false)?.certificate.chainId).toBe(id(1));
    expect(named(id(2), false)).toBeUndefined();
    const failure = { kind: "incomplete-listing", outcome: "answered" };
    expect(() => named(id(9), false)).toThrow(
      expect.objectContaining(failure) as Error,
    );
    expect(() => named(id(9), false)).toThrow("proves nothing");
  });
});

describe("the verdict, beside an independent statement of the contract", () => {
  it("deletes exactly what the statement permits", () => {
    let deleted = 0;
    let kept = 0;
    fc.assert(
      fc.property(evidence, policies, (seen, rules) => {
        const stated = state(seen, rules, THEN);
        for (const { certificate, verdict } of judgedBy(seen, rules, THEN)) {
          const key = certificate.chainId.toLowerCase();
          const expected = stated.get(key)?.deletable ?? false;
          expect(verdict === "delete").toBe(expected);
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
      fc.property(evidence, policies, (seen, rules) => {
        const stated = state(seen, rules, THEN);
        for (const { certificate, reasons } of judgedBy(seen, rules, THEN)) {
          const key = certificate.chainId.toLowerCase();
          if (key === "") continue;
          expect(reasons.includes("in-use")).toBe(stated.get(key)?.inUse);
          if (reasons.includes("in-use")) used += 1;
        }
      }),
      { numRuns: 2000 },
    );
    expect(used).toBeGreaterThan(300);
  });

  it("gives a reason and a detail for each that is kept, and none for the others", () => {
    fc.assert(
      fc.property(evidence, policies, (seen, rules) => {
        for (const judgement of judgedBy(seen, rules, THEN)) {
          const { verdict, reasons, details } = judgement;
          expect(reasons.length === 0).toBe(verdict === "delete");
          const held = new Set(details.map(({ reason }) => reason));
          expect(REASONS.filter((reason) => held.has(reason))).toEqual(reasons);
        }
      }),
    );
  });

  it("never changes its mind for the order of records and domains", () => {
    fc.assert(
      fc.property(evidence, policies, (seen, rules) => {
        const verdicts = (of: Evidence) =>
          judgedBy(of, rules, THEN)
            .map((one) => `${one.certificate.chainId} ${one.verdict}`)
            .map((text) => text.toLowerCase())
            .sort();
        const listings = seen.listings.map(({ expiring, records }) => ({
          expiring,
          records: records.toReversed(),
        }));
        const domains = seen.domains.toReversed();
        expect(verdicts({ listings: listings.toReversed(), domains })).toEqual(
          verdicts(seen),
        );
      }),
    );
  });
});
