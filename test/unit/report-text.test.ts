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
import { STOPS } from "../../functions/contract/stops.ts";
import { item, REPORT } from "../world/report.ts";

const ORIGIN: Origin = {
  stackName: "LiveCertJanitor",
  provider: "volcengine",
};

function mail(over: Partial<SweepReport> = {}, origin: Partial<Origin> = {}) {
  return reportMail({ ...REPORT, ...over }, { ...ORIGIN, ...origin }, 7);
}

/** The tables of a mail by the first words of their titles, and in them the cells of each row. */
function tablesOf({ text }: { readonly text: string }) {
  const blocks = text.split("\n\n").map((block) => block.split("\n"));
  return Object.fromEntries(
    blocks.flatMap(([title = "", header = "", ...rows]) => {
      const starts = [...header.matchAll(/(?<=^| {2})\S+/g)].map(
        ({ index }) => index,
      );
      const cells = (row: string) =>
        starts.map((at, n) => row.slice(at, starts[n + 1]).trim());
      const [, words = "", count] =
        /^([^:;]+)(?:[:;].*)? \((\d+)\)$/.exec(title) ?? [];
      if (count === undefined) return [];
      expect(Number(count)).toBe(rows.length);
      return [[words, rows.map(cells)]];
    }),
  );
}

describe("a mail", () => {
  it("says whose it is, of when, what is counted, and where to look further", () => {
    const counts = {
      ...REPORT.counts,
      failed: 1,
      kept: { "in-use": 2, protected: 5 },
    };
    const { text } = mail({ counts });
    expect(text.split("\n")).toEqual([
      `Stack LiveCertJanitor: sweep of Volcengine Live, ${REPORT.startedAt} to ${REPORT.finishedAt}.`,
      "Listed 9, expired 4, eligible 0: 0 deleted, 1 failed.",
      "Kept, by reason: in-use 2, protected 5.",
      "",
      expect.stringContaining("run-7"),
    ]);
    expect(mail().text).not.toContain("Kept");
  });

  it("tells of each certificate in the table of what became of it", () => {
    const row = (n: number, what: string, domains = `d${String(n)}.net`) => [
      `name-${String(n)}`,
      `2026-08-2${String(n)}T00:00:00Z`,
      String(n).repeat(32),
      what,
      domains,
    ];
    const given = mail({
      items: [
        item(1, { outcome: "deleted", requestId: "R1" }),
        item(2, { outcome: "deleted", name: "", notAfter: "", chainId: "" }),
        item(3, { outcome: "alreadyGone", domains: ["a", "b", "c"] }),
        item(4, { outcome: "unconfirmed" }),
        item(5, { outcome: "unconfirmed", error: "It broke." }),
        item(6, { outcome: "failed", error: "It failed.", domains: [] }),
        item(7, { outcome: "failed", domains: ["a", "b", "c", "d"] }),
        item(8, { outcome: "remaining", reasons: ["in-use"] }),
        item(9, {
          reasons: ["status-conflict", "in-use"],
          domains: Array.from({ length: 50 }, (_, n) => `d${String(n)}`),
        }),
        item(1, { reasons: ["expiry-unreadable"], notAfter: "x".repeat(50) }),
        item(2, {
          reasons: ["in-use", "not-expired"],
          state: "valid",
          isAskedFor: true,
        }),
        item(3, { reasons: ["within-grace"] }),
        item(4, { reasons: ["within-grace", "in-use"] }),
        item(5, { outcome: "deleted", isAskedFor: true }),
      ],
    });
    const conflict = row(9, "status-conflict in-use", "d0 d1 d2 and 47 more");
    expect(tablesOf(given)).toEqual({
      Failed: [row(6, "It failed.", ""), row(7, "", "a b c and 1 more")],
      Unconfirmed: [
        row(4, expect.stringContaining("still lists it") as string),
        row(5, "It broke."),
      ],
      "Asked for, but kept": [row(2, "in-use not-expired")],
      "Expired but in use": [conflict, row(4, "within-grace in-use")],
      "Contradictory data": [
        conflict,
        [
          "name-1",
          "x".repeat(20),
          "1".repeat(32),
          "expiry-unreadable",
          "d1.net",
        ],
      ],
      Coming: [row(3, "will be deleted from 2026-08-30 on, unless protected")],
      Deleted: [
        row(1, "request R1"),
        ["(no name)", "(no date)", "(no chain id)", "request", "d2.net"],
        row(5, "request"),
      ],
      "Already gone": [
        row(3, expect.stringContaining("another hand") as string, "a b c"),
      ],
      "Remaining for the next sweep": [row(8, "eligible")],
    });
    expect(given.text).not.toMatch(/ $/m);
  });

  it("of a dry run says that nothing was deleted, and what would be", () => {
    const counts = { ...REPORT.counts, remaining: 1 };
    const items = [item(1, { outcome: "remaining" })];
    const given = mail({ mode: "dry-run", counts, items });
    expect(given.text).toContain("nothing was deleted.\n");
    expect(given.text).toContain(": 1 would be deleted.\n");
    expect(Object.keys(tablesOf(given))).toEqual(["Would be deleted"]);
  });

  it("says of each end before its time what to do, and what failed", () => {
    for (const [stop, { advice }] of Object.entries(STOPS)) {
      const stoppedBecause = stop as keyof typeof STOPS;
      const { text } = mail({ stoppedBecause, error: "The reading failed." });
      expect(text).toContain("\nThe reading failed.\n");
      expect(text.includes("It stopped early")).toBe(advice !== undefined);
      if (advice !== undefined)
        expect(text).toContain(`\n\nIt stopped early (${stop}). ${advice}\n`);
    }
  });

  it("of a run that was restricted says to how many", () => {
    expect(mail({ only: 3 }).text).toMatch(/restricted to .*asked for, 3 /);
    expect(mail().text).not.toContain("restricted");
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
  it.each<[readonly Reason[], Partial<ReportItem>, boolean]>([
    [[], {}, false],
    [["in-use"], {}, false],
    [["malformed-record"], {}, true],
    [["malformed-record"], { state: "valid" }, false],
    [["expiry-unreadable"], {}, true],
    [["validity-inverted"], {}, true],
    [["in-use", "status-conflict"], {}, true],
    [["status-conflict"], { outcome: "failed" }, false],
    [["status-conflict", "protected"], {}, false],
    [["status-conflict", "within-grace"], {}, false],
  ])("is one kept for %j with %j: %s", (reasons, over, expected) => {
    const one = item(1, { reasons, ...over });
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

  it.each([
    [66, "[...JJ-sports1, Volcengine Live]"],
    [67, "[...J-sports1, Volcengine Live]"],
    [68, "[...JJJJJJJJJJJJJJJJJ-sports1]"],
    [84, "[...J-sports1]"],
    [85, ""],
    [67, "[twelve-chars, Volcengine Live]", "twelve-chars"],
    [78, "[J, Volcengine Live]", "J"],
    [79, "[J]", "J"],
    [81, "[??]", "名前"],
    [99, "", "J"],
  ])(
    "whose counts take %i characters has room for %j",
    (length, names, stackName = `${"J".repeat(120)}-sports1`) => {
      const counts = { ...none, deleted: 1, failed: 1, unconfirmed: 1 };
      const words = "vendor-access-denied: 1 deleted, 1 failed, 1 unconfirmed";
      let more = length - words.length;
      for (const name of ["deleted", "failed", "unconfirmed"] as const) {
        counts[name] = 10 ** Math.min(more, 20);
        more -= Math.min(more, 20);
      }
      const given = subject(
        { stoppedBecause: "vendor-access-denied", counts },
        { stackName },
      );
      expect(given.slice(0, length)).toMatch(/ unconfirmed$/);
      expect(given.slice(length).trim()).toBe(names);
    },
  );

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
        // Faster by far than a string of any characters.
        fc
          .array(fc.nat(0x10ffff), { maxLength: 128 })
          .map((codes) => String.fromCodePoint(...codes)),
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
    const text = named({ name: "a\nDeleted (9)\r\u2028b\u202ec\uffff" });
    expect(text).toContain("a Deleted (9)  b c\ufffd");
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

it("tells of protect rules that match nothing, on one line whatever they hold", () => {
  const { text } = mail({
    idleRules: ["name *-rooot (ops)", "name a\nListed 0 (ops)"],
  });
  expect(text.split("\n")).toContain(
    "Protect rules that match no certificate; look for a slip, or remove them: name *-rooot (ops); name a Listed 0 (ops).",
  );
  expect(mail({}).text).not.toContain("Protect rules");
});

describe("what expires in use", () => {
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

  it("is told of each domain, on a dry run too", () => {
    const counts = { ...REPORT.counts, expiringInUse: 2 };
    for (const mode of ["delete", "dry-run"] as const) {
      const given = mail({ counts, expiring, mode });
      expect(given.subject).toContain("2 expiring in use");
      expect(tablesOf(given)).toEqual({
        "Expiring in use": [
          [
            "live.net",
            "less than a day left",
            "2026-11-24T12:00:00Z",
            "live 2026",
            "renewed as live 2027, but not bound to live.net",
          ],
          [
            "old.live.net",
            "less than a day left",
            "2026-11-24T12:00:00Z",
            "live 2026",
            "no renewal is listed",
          ],
          [
            "b.net",
            "1 day left",
            "2026-11-26T00:00:00Z",
            "b".repeat(32),
            "no renewal is listed",
          ],
        ],
      });
    }
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
