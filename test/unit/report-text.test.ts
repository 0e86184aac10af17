import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  contradictory,
  reportMail,
  type Origin,
} from "../../functions/janitor/report-text.ts";
import type {
  ReportItem,
  SweepReport,
} from "../../functions/janitor/report.ts";
import type { Reason } from "../../functions/contract/reasons.ts";

const REPORT: SweepReport = {
  runId: "run-7",
  mode: "delete",
  startedAt: "2026-11-24T03:17:00.000Z",
  finishedAt: "2026-11-24T03:17:09.000Z",
  stoppedBecause: "done",
  rounds: 1,
  counts: {
    listed: 9,
    expired: 4,
    eligible: 0,
    deleted: 0,
    alreadyGone: 0,
    unconfirmed: 0,
    failed: 0,
    remaining: 0,
    expiredInUse: 0,
    expiringInUse: 0,
    kept: {},
  },
  items: [],
  expiring: [],
};

function item(n: number, over: Partial<ReportItem> = {}): ReportItem {
  return {
    chainId: String(n).repeat(32),
    name: `name-${String(n)}`,
    domains: [`d${String(n)}.net`],
    notAfter: `2026-08-2${String(n)}T00:00:00Z`,
    state: "expired",
    verdict: "keep",
    reasons: [],
    ...over,
  };
}

const ORIGIN: Origin = {
  stackName: "LiveCertJanitor",
  provider: "volcengine",
};

function mail(over: Partial<SweepReport> = {}, origin: Partial<Origin> = {}) {
  return reportMail({ ...REPORT, ...over }, { ...ORIGIN, ...origin }, 7);
}

describe("a mail", () => {
  it("without items is short", () => {
    expect(mail()).toMatchInlineSnapshot(`
      {
        "subject": "0 deleted [LiveCertJanitor, Volcengine Live]",
        "text": "Stack LiveCertJanitor: sweep of Volcengine Live, 2026-11-24T03:17:00.000Z to 2026-11-24T03:17:09.000Z.
      Listed 9, expired 4, eligible 0: 0 deleted.

      Run run-7; the log of the sweep function has every line under this id.",
      }
    `);
  });

  it("has all that happened", () => {
    expect(
      mail({
        stoppedBecause: "out-of-time",
        error: "The last reading failed.",
        counts: {
          listed: 9,
          expired: 8,
          eligible: 7,
          deleted: 1,
          alreadyGone: 2,
          unconfirmed: 3,
          failed: 4,
          remaining: 5,
          expiredInUse: 6,
          expiringInUse: 7,
          kept: { "in-use": 2, "not-expired": 5 },
        },
        items: [
          item(1, { outcome: "deleted", requestId: "R1" }),
          item(2, { outcome: "deleted", name: "", notAfter: "", chainId: "" }),
          item(3, { outcome: "alreadyGone", domains: ["a", "b", "c"] }),
          item(4, { outcome: "unconfirmed" }),
          item(5, { outcome: "unconfirmed", error: "It broke." }),
          item(6, { outcome: "failed", error: "It failed.", domains: [] }),
          item(7, { outcome: "failed", domains: ["a", "b", "c", "d"] }),
          item(8, { outcome: "remaining", name: "n".repeat(60) }),
          item(9, {
            reasons: ["status-conflict", "in-use"],
            name: "i",
            domains: Array.from({ length: 50 }, (_, n) => `d${String(n)}`),
          }),
          item(1, { reasons: ["in-use"], outcome: "remaining" }),
          item(2, { reasons: ["expiry-unreadable"], notAfter: "x".repeat(50) }),
        ],
      }),
    ).toMatchInlineSnapshot(`
      {
        "subject": "out-of-time: 1 deleted, 4 failed, 3 unconfirmed, 2 already gone, 6 expired in use, 5 remaining",
        "text": "Stack LiveCertJanitor: sweep of Volcengine Live, 2026-11-24T03:17:00.000Z to 2026-11-24T03:17:09.000Z.
      Listed 9, expired 8, eligible 7: 1 deleted, 4 failed, 3 unconfirmed, 2 already gone, 6 expired in use, 7 expiring in use, 5 remaining.
      Kept, by reason: in-use 2, not-expired 5.

      It stopped early (out-of-time). Its time ran out; the next sweep goes on with the rest.
      The last reading failed.

      Failed; the next sweep tries again (2)
      Name    Expires               Chain id                          What        Domains
      name-6  2026-08-26T00:00:00Z  66666666666666666666666666666666  It failed.
      name-7  2026-08-27T00:00:00Z  77777777777777777777777777777777              a b c and 1 more

      Unconfirmed: each may have been deleted, or may still be there; look for them in the Volcengine console, or wait for the next sweep (2)
      Name    Expires               Chain id                          What                                         Domains
      name-4  2026-08-24T00:00:00Z  44444444444444444444444444444444  Volcengine said deleted, but still lists it  d4.net
      name-5  2026-08-25T00:00:00Z  55555555555555555555555555555555  It broke.                                    d5.net

      Expired but in use: bind a new certificate to these domains, viewers may see errors now (1)
      Name  Expires               Chain id                          What                    Domains
      i     2026-08-29T00:00:00Z  99999999999999999999999999999999  status-conflict in-use  d0 d1 d2 and 47 more

      Contradictory data: check them in the Volcengine console, then delete by hand or protect them (2)
      Name    Expires               Chain id                          What                    Domains
      i       2026-08-29T00:00:00Z  99999999999999999999999999999999  status-conflict in-use  d0 d1 d2 and 47 more
      name-2  xxxxxxxxxxxxxxxxxxxx  22222222222222222222222222222222  expiry-unreadable       d2.net

      Deleted (2)
      Name       Expires               Chain id                          What        Domains
      name-1     2026-08-21T00:00:00Z  11111111111111111111111111111111  request R1  d1.net
      (no name)  (no date)             (no chain id)                     request     d2.net

      Already gone (1)
      Name    Expires               Chain id                          What                                                        Domains
      name-3  2026-08-23T00:00:00Z  33333333333333333333333333333333  deleted by another hand or by an attempt without an answer  a b c

      Remaining for the next sweep (2)
      Name                                      Expires               Chain id                          What      Domains
      nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn  2026-08-28T00:00:00Z  88888888888888888888888888888888  eligible  d8.net
      name-1                                    2026-08-21T00:00:00Z  11111111111111111111111111111111  eligible  d1.net

      Run run-7; the log of the sweep function has every line under this id.",
      }
    `);
  });

  it("of a dry run says so", () => {
    expect(
      mail({
        mode: "dry-run",
        counts: { ...REPORT.counts, remaining: 1 },
        items: [item(1, { outcome: "remaining" })],
      }),
    ).toMatchInlineSnapshot(`
      {
        "subject": "dry run: 1 would be deleted [LiveCertJanitor, Volcengine Live]",
        "text": "Stack LiveCertJanitor: sweep of Volcengine Live, 2026-11-24T03:17:00.000Z to 2026-11-24T03:17:09.000Z.
      It was a dry run: nothing was deleted.
      Listed 9, expired 4, eligible 0: 1 would be deleted.

      Would be deleted (1)
      Name    Expires               Chain id                          What      Domains
      name-1  2026-08-21T00:00:00Z  11111111111111111111111111111111  eligible  d1.net

      Run run-7; the log of the sweep function has every line under this id.",
      }
    `);
  });

  it("says what to do about each end before its time", () => {
    const ends = [
      "too-many",
      "max-deletions",
      "evidence-too-old",
      "vendor-unhealthy",
      "vendor-billing",
      "credentials-rejected",
      "vendor-access-denied",
      "no-evidence",
    ] as const;
    expect(
      ends.map(
        (stoppedBecause) => mail({ stoppedBecause }).text.split("\n")[3],
      ),
    ).toMatchInlineSnapshot(`
      [
        "It stopped early (too-many). More certificates were eligible than MAX_DELETIONS allows, so none was deleted. Read the list below; if it is right, raise maxDeletions and deploy.",
        "It stopped early (max-deletions). It reached MAX_DELETIONS; the next sweep goes on with the rest.",
        "It stopped early (evidence-too-old). What was read could no longer be acted on when the first deletion was due: reading took too long, since the account is very large or Volcengine slow, or the secret changed meanwhile.",
        "It stopped early (vendor-unhealthy). Ten deletions in a row failed, so it stopped. The next sweep tries again; see the errors below.",
        "It stopped early (vendor-billing). The live service is not activated for the account, or the account is in arrears. Settle it in the Volcengine console.",
        "It stopped early (credentials-rejected). Volcengine rejected the access key. Put a valid one into the secret.",
        "It stopped early (vendor-access-denied). The access key lacks a permission. Allow live:ListCertV2, live:ListDomainDetail and live:DeleteCert.",
        "It stopped early (no-evidence). The account could not be read completely, and without complete evidence nothing is deleted.",
      ]
    `);
  });

  it("cuts cells where they would grow long", () => {
    const { text } = mail({
      items: [
        item(1, {
          outcome: "failed",
          name: "n".repeat(99),
          notAfter: "t".repeat(99),
          chainId: "c".repeat(99),
          error: "e".repeat(999),
          domains: ["d".repeat(999)],
        }),
      ],
    });
    expect(text).toContain(
      `\n${"n".repeat(40)}  ${"t".repeat(20)}  ${"c".repeat(32)}  ${"e".repeat(160)}  ${"d".repeat(160)}\n`,
    );
  });

  it("has 200 rows of a kind, and says how many it leaves out", () => {
    const rows = (count: number) =>
      mail({
        items: Array.from({ length: count }, () =>
          item(1, { outcome: "deleted" }),
        ),
      }).text.split("\n");
    const starting = (lines: readonly string[], start: string) =>
      lines.filter((line) => line.startsWith(start));
    expect(starting(rows(200), "name-1")).toHaveLength(200);
    expect(starting(rows(200), "...")).toEqual([]);
    expect(rows(203)).toContain("Deleted (203)");
    expect(starting(rows(203), "name-1")).toHaveLength(200);
    expect(starting(rows(203), "...")).toEqual([
      "... and 3 more; the log has all.",
    ]);
  });
});

describe("contradictory", () => {
  it.each<[readonly Reason[], ReportItem["outcome"], boolean]>([
    [[], undefined, false],
    [["in-use"], undefined, false],
    [["malformed-record"], undefined, true],
    [["expiry-unreadable"], undefined, true],
    [["validity-inverted"], undefined, true],
    [["in-use", "status-conflict"], undefined, true],
    [["status-conflict"], "failed", false],
    [["status-conflict", "protected"], undefined, false],
    [["status-conflict", "within-grace"], undefined, false],
  ])("is one kept for %j, outcome %s: %s", (reasons, outcome, expected) => {
    const one = item(1, {
      reasons,
      ...(outcome !== undefined && { outcome }),
    });
    expect(contradictory({ ...REPORT, items: [one] })).toEqual(
      expected ? [one] : [],
    );
  });
});

describe("the subject", () => {
  const none = REPORT.counts;
  const subject = (
    over: Partial<SweepReport>,
    origin?: Partial<Origin>,
  ): string => mail(over, origin).subject;

  it("begins with how it ended, and otherwise with what happened", () => {
    expect([
      subject({}),
      subject({ counts: { ...none, deleted: 5, expiredInUse: 1 } }),
      subject({
        counts: { ...none, failed: 1, unconfirmed: 2, alreadyGone: 3 },
      }),
      subject({
        stoppedBecause: "too-many",
        counts: { ...none, remaining: 400 },
      }),
      subject({ mode: "dry-run", counts: { ...none, remaining: 4 } }),
      subject({
        mode: "dry-run",
        stoppedBecause: "no-evidence",
      }),
    ]).toEqual([
      "0 deleted [LiveCertJanitor, Volcengine Live]",
      "5 deleted, 1 expired in use [LiveCertJanitor, Volcengine Live]",
      "0 deleted, 1 failed, 2 unconfirmed, 3 already gone [LiveCertJanitor, Volcengine Live]",
      "too-many: 0 deleted, 400 remaining [LiveCertJanitor, Volcengine Live]",
      "dry run: 4 would be deleted [LiveCertJanitor, Volcengine Live]",
      "dry run: no-evidence: 0 would be deleted [LiveCertJanitor, Volcengine Live]",
    ]);
  });

  it("names the stack and the vendor's product, as far as there is room", () => {
    const provider = "byteplus";
    const named = (stackName: string, over: Partial<SweepReport> = {}) =>
      subject(over, { stackName, provider });
    expect([
      named("LiveCertJanitor-sports"),
      named("J"),
      named("J".repeat(66)),
      named(`${"J".repeat(120)}-sports1`),
      named(`${"J".repeat(120)}-sports1`, {
        stoppedBecause: "vendor-access-denied",
        counts: { ...none, deleted: 17, failed: 12, expiredInUse: 5 },
      }),
      named(`${"J".repeat(120)}-sports1`, {
        stoppedBecause: "vendor-access-denied",
        counts: {
          ...none,
          deleted: 17,
          failed: 12,
          remaining: 15,
          expiredInUse: 5,
        },
      }),
    ]).toMatchInlineSnapshot(`
      [
        "0 deleted [LiveCertJanitor-sports, BytePlus MediaLive]",
        "0 deleted [J, BytePlus MediaLive]",
        "0 deleted [JJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJ, BytePlus MediaLive]",
        "0 deleted [...JJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJJ-sports1, BytePlus MediaLive]",
        "vendor-access-denied: 17 deleted, 12 failed, 5 expired in use [...JJJJ-sports1, BytePlus MediaLive]",
        "vendor-access-denied: 17 deleted, 12 failed, 5 expired in use, 15 remaining [...JJJJJJJJJJ-sports1]",
      ]
    `);
  });

  it("leaves names out before counts, and whole counts rather than digits", () => {
    const all = 24_999;
    const counts = {
      ...none,
      deleted: all,
      failed: all,
      unconfirmed: all,
      alreadyGone: all,
      remaining: all,
      expiredInUse: all,
    };
    expect([
      subject({ counts }),
      subject({ counts, stoppedBecause: "credentials-rejected" }),
    ]).toMatchInlineSnapshot(`
      [
        "24999 deleted, 24999 failed, 24999 unconfirmed, 24999 already gone, 24999 expired in use",
        "credentials-rejected: 24999 deleted, 24999 failed, 24999 unconfirmed, 24999 already gone",
      ]
    `);
  });

  it("is ASCII below 100 characters, with ending and first count, whatever comes", () => {
    const count = fc.oneof(fc.constant(0), fc.nat(99), fc.nat(100_000));
    fc.assert(
      fc.property(
        fc.record({
          deleted: count,
          failed: count,
          unconfirmed: count,
          alreadyGone: count,
          remaining: count,
          expiredInUse: count,
        }),
        fc.constantFrom("done", "too-many", "vendor-access-denied"),
        fc.constantFrom("delete", "dry-run"),
        fc.string({ unit: "binary", maxLength: 128 }),
        fc.constantFrom("volcengine", "byteplus"),
        (some, stoppedBecause, mode, stackName, provider) => {
          const counts = { ...none, ...some };
          const text = subject(
            { counts, stoppedBecause, mode },
            { stackName, provider },
          );
          expect(text).toMatch(/^[\x20-\x7e]{1,99}$/);
          const start = [
            mode === "dry-run" ? "dry run: " : "",
            stoppedBecause === "done" ? "" : `${stoppedBecause}: `,
            mode === "dry-run"
              ? `${String(counts.remaining)} would be deleted`
              : `${String(counts.deleted)} deleted`,
          ].join("");
          expect(text.startsWith(start)).toBe(true);
        },
      ),
    );
  });
});

describe("the names that others chose", () => {
  const named = (over: Partial<ReportItem>): string =>
    mail({ items: [item(1, { reasons: ["in-use"], ...over })] }).text;

  it("forge no line and turn none around", () => {
    const text = named({ name: "a\nDeleted (9)\r\u2028b\u202ec" });
    expect(text).toContain("a Deleted (9)  b c");
    expect(text).not.toMatch(/^Deleted/m);
  });

  it("are cut between characters, not within one", () => {
    expect(named({ name: `${"n".repeat(39)}😀` })).toContain("n😀  2026");
    expect(named({ name: `${"n".repeat(39)}😀x` })).toContain("n😀  2026");
    expect(named({ name: `${"n".repeat(40)}😀` })).toContain("n  2026");
    expect(named({ name: "😀".repeat(50) })).toMatch(/\n(😀){40}  2026/u);
  });

  it("leave a mail well-formed text without noncharacters, whatever they are", () => {
    const text = fc
      .array(
        fc.oneof(
          fc.integer({ min: 0, max: 0xffff }),
          fc.integer({ min: 0xd800, max: 0xdfff }),
          fc.constantFrom(0xfffe, 0xffff, 0xd83f, 0xdffe),
        ),
        { maxLength: 200 },
      )
      .map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(text, text, text, (name, other, error) => {
        const mailed = named({
          name,
          notAfter: other,
          chainId: name,
          domains: [other, name],
        });
        const failed = mail({
          items: [item(1, { outcome: "failed", error })],
        });
        for (const each of [mailed, failed.text]) {
          expect(each.isWellFormed()).toBe(true);
          expect(each).not.toMatch(/\p{Noncharacter_Code_Point}/u);
        }
        expect(mailed.split("\n")).toHaveLength(8);
      }),
    );
  });
});

describe("a run that was restricted", () => {
  it("says so, and why it kept what was asked for", () => {
    const { text } = mail({
      only: 3,
      counts: { ...REPORT.counts, eligible: 1, deleted: 1 },
      items: [
        item(1, { outcome: "deleted", requestId: "R1", isAskedFor: true }),
        item(2, {
          state: "valid",
          reasons: ["malformed-record", "not-expired", "in-use"],
          isAskedFor: true,
        }),
        item(3, { reasons: ["protected"] }),
        {
          ...item(4, { reasons: ["not-listed"], isAskedFor: true }),
          name: "",
          domains: [],
          notAfter: "",
        },
      ],
    });
    expect(text.slice(text.indexOf("\n"))).toMatchInlineSnapshot(`
      "
      It was restricted to the certificates that were asked for, 3 in number.
      Listed 9, expired 4, eligible 1: 1 deleted.

      Asked for, but kept: these may not, or no longer, be deleted (2)
      Name       Expires               Chain id                          What                                 Domains
      name-2     2026-08-22T00:00:00Z  22222222222222222222222222222222  malformed-record not-expired in-use  d2.net
      (no name)  (no date)             44444444444444444444444444444444  not-listed

      Deleted (1)
      Name    Expires               Chain id                          What        Domains
      name-1  2026-08-21T00:00:00Z  11111111111111111111111111111111  request R1  d1.net

      Run run-7; the log of the sweep function has every line under this id."
    `);
  });
});

describe("what is about to happen", () => {
  const expiring: SweepReport["expiring"] = [
    {
      chainId: "a".repeat(32),
      name: "live 2026",
      notAfter: "2026-11-24T12:00:00Z",
      daysLeft: 0,
      domains: [
        { domain: "live.net", renewedAs: "live\n2027" },
        { domain: "old.live.net" },
      ],
    },
    {
      chainId: "b".repeat(32),
      name: "",
      notAfter: "2026-11-26T00:00:00Z",
      daysLeft: 1,
      domains: [{ domain: "b.net" }],
    },
  ];

  it("is told of each domain, and of each certificate that only its grace keeps", () => {
    const { subject, text } = mail({
      counts: { ...REPORT.counts, expiringInUse: 2 },
      expiring,
      items: [
        item(1, { reasons: ["within-grace"] }),
        item(2, { reasons: ["within-grace", "in-use"] }),
        item(3, { outcome: "failed" }),
      ],
    });
    expect(subject).toBe(
      "0 deleted, 2 expiring in use [LiveCertJanitor, Volcengine Live]",
    );
    expect(text.slice(text.indexOf("\n\n"))).toMatchInlineSnapshot(`
      "

      Failed; the next sweep tries again (1)
      Name    Expires               Chain id                          What  Domains
      name-3  2026-08-23T00:00:00Z  33333333333333333333333333333333        d3.net

      Expired but in use: bind a new certificate to these domains, viewers may see errors now (1)
      Name    Expires               Chain id                          What                 Domains
      name-2  2026-08-22T00:00:00Z  22222222222222222222222222222222  within-grace in-use  d2.net

      Expiring in use: bind a renewal to these domains in time, or viewers will see errors (3)
      Domain        Time                  Expires               Certificate                       Renewal
      live.net      less than a day left  2026-11-24T12:00:00Z  live 2026                         renewed as live 2027, but not bound to live.net
      old.live.net  less than a day left  2026-11-24T12:00:00Z  live 2026                         no renewal is listed
      b.net         1 day left            2026-11-26T00:00:00Z  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  no renewal is listed

      Coming: still within the grace period; whoever needs one binds or protects it before (1)
      Name    Expires               Chain id                          What                                                  Domains
      name-1  2026-08-21T00:00:00Z  11111111111111111111111111111111  will be deleted from 2026-08-28 on, unless protected  d1.net

      Run run-7; the log of the sweep function has every line under this id."
    `);
  });

  it("is the same on a dry run", () => {
    const over = { expiring, items: [item(1, { reasons: ["within-grace"] })] };
    const tables = ({ text }: { text: string }) =>
      text.slice(text.indexOf("\n\n"));
    expect(tables(mail({ ...over, mode: "dry-run" }))).toBe(tables(mail(over)));
  });
});

it("stays far below 256 KB, whatever the size", () => {
  const long = "名".repeat(5000);
  const outcomes = [
    "deleted",
    "failed",
    "remaining",
    "unconfirmed",
    "alreadyGone",
    undefined,
  ] as const;
  const items = Array.from({ length: 6000 }, (_, n) => {
    const outcome = outcomes[n % 6];
    return item(n, {
      name: long,
      domains: Array.from({ length: 50 }, () => long),
      error: long,
      reasons: ["in-use", "status-conflict"],
      ...(outcome !== undefined && { outcome }),
    });
  });
  const kept = [
    item(1, { reasons: ["within-grace"] }),
    item(2, { reasons: ["status-conflict"] }),
  ].flatMap((one) =>
    Array.from({ length: 300 }, () => ({ ...items[0]!, ...one, name: long })),
  );
  const expiring = Array.from({ length: 300 }, () => ({
    chainId: "",
    name: long,
    notAfter: long,
    daysLeft: 3,
    domains: [{ domain: long, renewedAs: long }],
  }));
  const { text } = mail({
    items: [...items, ...kept],
    expiring,
    stoppedBecause: "credentials-rejected",
  });
  expect(Buffer.byteLength(text)).toBeLessThan(256_000);
  expect(text).toMatch(/and \d+ more; the log has all/);
});

it("speaks of BytePlus where it is BytePlus", () => {
  const { text } = mail(
    {
      stoppedBecause: "vendor-billing",
      error: "Volcengine did not answer.",
      items: [
        item(1, { outcome: "unconfirmed" }),
        item(2, { outcome: "failed", error: "Volcengine failed." }),
        item(3, { reasons: ["status-conflict"] }),
      ],
    },
    { provider: "byteplus" },
  );
  expect(text).toContain("sweep of BytePlus MediaLive,");
  expect(text).toContain("BytePlus console");
  expect(text).not.toContain("Volcengine");
});
