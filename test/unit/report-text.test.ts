import { describe, expect, it } from "vitest";
import {
  contradictory,
  reportMail,
} from "../../functions/janitor/report-text.ts";
import type {
  ReportItem,
  SweepReport,
} from "../../functions/janitor/report.ts";
import type { Reason } from "../../functions/janitor/verdict.ts";

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
    kept: {},
  },
  items: [],
};

function item(n: number, over: Partial<ReportItem> = {}): ReportItem {
  return {
    chainId: String(n).repeat(32),
    name: `name-${String(n)}`,
    domains: [`d${String(n)}.net`],
    notAfter: `2026-08-2${String(n)}T00:00:00Z`,
    verdict: "keep",
    reasons: [],
    ...over,
  };
}

function mail(over: Partial<SweepReport> = {}) {
  return reportMail({ ...REPORT, ...over });
}

describe("a mail", () => {
  it("without items is short", () => {
    expect(mail()).toMatchInlineSnapshot(`
      {
        "subject": "live-cert-janitor: 0 deleted",
        "text": "Sweep of the certificates of Volcengine Live, 2026-11-24T03:17:00.000Z to 2026-11-24T03:17:09.000Z.
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
        "subject": "live-cert-janitor: 1 deleted, 4 failed, 3 unconfirmed, 5 remaining, 6 expired but in use (out-of-tim",
        "text": "Sweep of the certificates of Volcengine Live, 2026-11-24T03:17:00.000Z to 2026-11-24T03:17:09.000Z.
      Listed 9, expired 8, eligible 7: 1 deleted, 4 failed, 3 unconfirmed, 5 remaining, 6 expired but in use.
      Kept, by reason: in-use 2, not-expired 5.

      It stopped early (out-of-time). Its time ran out; the next sweep goes on with the rest.
      The last reading failed.

      Failed; the next sweep tries again (2)
      Name    Expires               Chain id                          What        Domains
      name-6  2026-08-26T00:00:00Z  66666666666666666666666666666666  It failed.
      name-7  2026-08-27T00:00:00Z  77777777777777777777777777777777              a b c and 1 more

      Unconfirmed: Volcengine said deleted, but still lists them (2)
      Name    Expires               Chain id                          What          Domains
      name-4  2026-08-24T00:00:00Z  44444444444444444444444444444444  still listed  d4.net
      name-5  2026-08-25T00:00:00Z  55555555555555555555555555555555  It broke.     d5.net

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
        "subject": "live-cert-janitor dry run: 1 would be deleted",
        "text": "This was a dry run: nothing was deleted.
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
        "It stopped early (vendor-billing). Volcengine Live is not activated for the account, or the account is in arrears. Settle it in the Volcengine console.",
        "It stopped early (credentials-rejected). Volcengine rejected the access key. Put a valid one into the secret.",
        "It stopped early (vendor-access-denied). The access key lacks a permission. Allow live:ListCertV2, live:ListDomainDetail and live:DeleteCert.",
        "It stopped early (no-evidence). The account could not be read completely, and without complete evidence nothing is deleted.",
      ]
    `);
    expect(
      ends.map((stoppedBecause) => mail({ stoppedBecause }).subject),
    ).toEqual(ends.map((end) => `live-cert-janitor: 0 deleted (${end})`));
  });

  it("counts nothing that did not happen", () => {
    expect(mail().subject).toBe("live-cert-janitor: 0 deleted");
  });

  it("cuts its subject at 100 characters, and cells where they would grow long", () => {
    const { subject, text } = mail({
      stoppedBecause: "credentials-rejected",
      counts: {
        ...REPORT.counts,
        deleted: 100_000,
        failed: 100_000,
        unconfirmed: 100_000,
        remaining: 100_000,
        expiredInUse: 100_000,
      },
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
    expect(subject).toMatchInlineSnapshot(
      `"live-cert-janitor: 100000 deleted, 100000 failed, 100000 unconfirmed, 100000 remaining, 100000 expir"`,
    );
    expect(subject).toHaveLength(100);
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
