import { describe, expect, it } from "vitest";
import { publishReport } from "../../functions/aws/report-topic.ts";
import { reportMail, type Mail } from "../../functions/janitor/report-text.ts";
import type {
  ReportItem,
  SweepCounts,
  SweepReport,
} from "../../functions/janitor/report.ts";

const NONE: SweepCounts = {
  listed: 9,
  expired: 4,
  eligible: 0,
  deleted: 0,
  alreadyGone: 0,
  unconfirmed: 0,
  failed: 0,
  remaining: 0,
  expiredInUse: 0,
  kept: { "not-expired": 5 },
};

function report(
  over: Partial<Omit<SweepReport, "counts">> & {
    counts?: Partial<SweepCounts>;
  } = {},
): SweepReport {
  return {
    runId: "run-7",
    mode: "delete",
    startedAt: "2026-11-24T03:17:00.000Z",
    finishedAt: "2026-11-24T03:17:09.000Z",
    stoppedBecause: "done",
    rounds: 1,
    items: [],
    ...over,
    counts: { ...NONE, ...over.counts },
  };
}

function item(n: number, over: Partial<ReportItem> = {}): ReportItem {
  return {
    chainId: String(n).padStart(32, "0"),
    name: `certificate-${String(n)}`,
    domains: [`d${String(n)}.example.com`],
    notAfter: "2026-08-26T00:00:00Z",
    verdict: "keep",
    reasons: [],
    ...over,
  };
}

const CONTRADICTORY = item(3, { reasons: ["status-conflict"] });

describe("the report as mail", () => {
  it("says in its subject what happened", () => {
    expect(
      reportMail(
        report({
          counts: { eligible: 3, deleted: 2, failed: 1, expiredInUse: 1 },
        }),
      ).subject,
    ).toBe("live-cert-janitor: 2 deleted, 1 failed, 1 expired but in use");
    expect(
      reportMail(report({ mode: "dry-run", counts: { remaining: 4 } })).subject,
    ).toBe("live-cert-janitor dry run: 4 would be deleted");
    expect(
      reportMail(
        report({ stoppedBecause: "too-many", counts: { remaining: 400 } }),
      ).subject,
    ).toBe("live-cert-janitor: 0 deleted, 400 remaining (too-many)");
  });

  it("lists deleted, failed, bound and contradictory ones with domains and expiry", () => {
    const { text } = reportMail(
      report({
        items: [
          item(1, { verdict: "delete", outcome: "deleted", requestId: "R1" }),
          item(2, { verdict: "delete", outcome: "failed", error: "It broke." }),
          CONTRADICTORY,
          item(4, { reasons: ["in-use"] }),
        ],
      }),
    );
    for (const seen of [
      "request R1",
      "It broke.",
      "status-conflict",
      "in-use",
    ]) {
      expect(text).toContain(seen);
    }
    for (const n of [1, 2, 3, 4]) {
      expect(text).toMatch(
        new RegExp(
          `certificate-${String(n)} .*2026-08-26.*d${String(n)}.example`,
        ),
      );
    }
  });

  it.each([
    "too-many",
    "out-of-time",
    "max-deletions",
    "evidence-too-old",
    "vendor-unhealthy",
    "vendor-billing",
    "credentials-rejected",
    "vendor-access-denied",
    "no-evidence",
  ] as const)("says what %s means", (stoppedBecause) => {
    const { text } = reportMail(report({ stoppedBecause }));
    expect(text).toMatch(
      new RegExp(`stopped early \\(${stoppedBecause}\\)\\. .{30}`),
    );
  });

  it("stays far below 256 KB and its subject below 100 characters, whatever the size", () => {
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
    const { subject, text } = reportMail(
      report({
        items,
        stoppedBecause: "credentials-rejected",
        counts: {
          deleted: 10_000,
          failed: 10_000,
          unconfirmed: 10_000,
          remaining: 10_000,
          expiredInUse: 10_000,
        },
      }),
    );
    expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
    expect(text).toMatch(/and \d+ more; the log has all/);
    expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
  });
});

it("lets no name forge a line", () => {
  const forged = item(1, {
    name: "a\nDeleted (9)\r\u2028b",
    reasons: ["in-use"],
  });
  const { text } = reportMail(report({ items: [forged] }));
  expect(text).toContain("a Deleted (9)  b");
  expect(text).not.toMatch(/^Deleted/m);
});

describe("which reports are mailed", () => {
  const mails = async (reports: readonly SweepReport[]): Promise<number> => {
    const sent: Mail[] = [];
    const known = new Set<string>();
    for (const each of reports) {
      await publishReport(each, known, (mail) => {
        sent.push(mail);
        return Promise.resolve();
      });
    }
    return sent.length;
  };

  it.each([
    ["nothing to say", report(), 0],
    ["a deletion", report({ counts: { eligible: 1, deleted: 1 } }), 1],
    ["a failure", report({ counts: { eligible: 1, failed: 1 } }), 1],
    [
      "a dry run with candidates",
      report({ mode: "dry-run", counts: { eligible: 1, remaining: 1 } }),
      1,
    ],
    ["an early stop", report({ stoppedBecause: "no-evidence" }), 1],
    ["a contradiction", report({ items: [CONTRADICTORY] }), 1],
    [
      "a contradiction within grace",
      report({
        items: [item(1, { reasons: ["within-grace", "status-conflict"] })],
      }),
      0,
    ],
    [
      "a protected contradiction",
      report({
        items: [item(1, { reasons: ["protected", "status-conflict"] })],
      }),
      0,
    ],
  ])("%s", async (_, each, count) => {
    expect(await mails([each])).toBe(count);
  });

  it("a contradiction that was mailed is not mailed again", async () => {
    const again = report({ items: [CONTRADICTORY] });
    expect(await mails([again, again, again])).toBe(1);
    const other = report({
      items: [CONTRADICTORY, item(9, { reasons: ["malformed-record"] })],
    });
    expect(await mails([again, other])).toBe(2);
  });
});
