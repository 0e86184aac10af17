import { describe, expect, it } from "vitest";
import {
  deservesMail,
  type Occasions,
} from "../../functions/janitor/occasions.ts";
import type {
  SweepCounts,
  SweepReport,
} from "../../functions/janitor/report.ts";
import type { Reason } from "../../functions/contract/reasons.ts";
import { item, REPORT } from "../world/report.ts";

type Over = Partial<Omit<SweepReport, "counts">> & {
  readonly counts?: Partial<SweepCounts>;
};

const BOUND: Over = { counts: { expiredInUse: 1 } };
const EXPIRING: Over = { counts: { expiringInUse: 1 } };
const CONTRADICTORY: Over = {
  items: [item(1, { reasons: ["status-conflict"] })],
};
const DAILY: Occasions = { asked: false, sweepIntervalMinutes: 1440 };

/** Wednesday, long after the first run of its day. */
const LATER = "2026-11-25T12:00:00.000Z";

function isSent(
  over: Over,
  startedAt: string,
  occasions: Partial<Occasions> = {},
): boolean {
  const counts = { ...REPORT.counts, ...over.counts };
  const report = { ...REPORT, ...over, counts };
  return deservesMail(report, Date.parse(startedAt), {
    ...DAILY,
    sweepIntervalMinutes: 60,
    ...occasions,
  });
}

describe("at any time", () => {
  it.each<[string, Over, boolean]>([
    ["nothing to say", {}, false],
    ["a deletion", { counts: { eligible: 1, deleted: 1 } }, true],
    ["one that had gone", { counts: { eligible: 1, alreadyGone: 1 } }, true],
    ["a failure", { counts: { eligible: 1, failed: 1 } }, true],
    ["one unconfirmed", { counts: { eligible: 1, unconfirmed: 1 } }, true],
    [
      "a dry run that would delete",
      { mode: "dry-run", counts: { eligible: 1, remaining: 1 } },
      true,
    ],
    ["a dry run that would not", { mode: "dry-run" }, false],
    ["an early stop", { stoppedBecause: "no-evidence" }, true],
    ["expired in use", BOUND, false],
    ["expiring in use", EXPIRING, false],
    ["contradictory data", CONTRADICTORY, false],
  ])("%s: %s", (_, over, expected) => {
    expect(isSent(over, LATER)).toBe(expected);
  });

  it("what was asked for", () => {
    expect(isSent({}, LATER, { asked: true })).toBe(true);
  });
});

describe("to the millisecond", () => {
  it.each([
    [60, "2026-11-25T00:00:00.000Z", true],
    [60, "2026-11-25T00:59:59.999Z", true],
    [60, "2026-11-25T01:00:00.000Z", false],
    [60, "2026-11-25T23:59:59.999Z", false],
    [20, "2026-11-25T00:19:59.999Z", true],
    [20, "2026-11-25T00:20:00.000Z", false],
    [1439, "2026-11-25T23:58:59.999Z", true],
    [1439, "2026-11-25T23:59:00.000Z", false],
    [1440, "2026-11-25T23:59:59.999Z", true],
    [4980, "2026-11-25T23:59:59.999Z", true],
  ])(
    "with %i minutes between runs, %s is the first of its day: %s",
    (sweepIntervalMinutes, startedAt, expected) => {
      for (const over of [BOUND, EXPIRING])
        expect(isSent(over, startedAt, { sweepIntervalMinutes })).toBe(
          expected,
        );
    },
  );

  it.each([
    [60, "2026-11-22T23:59:59.999Z", false],
    [60, "2026-11-23T00:00:00.000Z", true],
    [60, "2026-11-23T00:59:59.999Z", true],
    [60, "2026-11-23T01:00:00.000Z", false],
    [60, "2026-11-24T00:00:00.000Z", false],
    [1440, "2026-11-23T23:59:59.999Z", true],
    [1440, "2026-11-24T00:00:00.000Z", false],
    // Days lie between the runs, so the first of a week need not be on a Monday.
    [4980, "2026-11-26T10:59:59.999Z", true],
    [4980, "2026-11-26T11:00:00.000Z", false],
    [10_080, "2026-11-29T23:59:59.999Z", true],
  ])(
    "with %i minutes between runs, %s is the first of its week: %s",
    (sweepIntervalMinutes, startedAt, expected) => {
      expect(isSent(CONTRADICTORY, startedAt, { sweepIntervalMinutes })).toBe(
        expected,
      );
    },
  );

  it.each<[readonly Reason[], boolean]>([
    [["status-conflict"], true],
    [["status-conflict", "within-grace"], false],
    [["status-conflict", "protected"], false],
    [["within-grace"], false],
    [["in-use", "malformed-record"], true],
  ])("data that are kept for %j contradict each other: %s", (reasons, yes) => {
    const over = { items: [item(1, { reasons })] };
    expect(isSent(over, "2026-11-23T00:00:00.000Z")).toBe(yes);
  });
});

describe("over two weeks of a schedule in which nothing is deleted", () => {
  const MINUTE = 60_000;
  const FROM = Date.parse("2026-11-23T00:00:00Z");
  const names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

  /** The days on which a mail goes out, for runs every `minutes` from `offset` on, up to 50 s late each. */
  function mailDays(over: Over, minutes: number, offset: number): string[] {
    const days: string[] = [];
    for (let n = 0; ; n += 1) {
      const at =
        FROM + (offset + n * minutes) * MINUTE + ((n * 17) % 50) * 1000;
      if (at >= FROM + 14 * 1440 * MINUTE) return days;
      const startedAt = new Date(at);
      if (
        isSent(over, startedAt.toISOString(), { sweepIntervalMinutes: minutes })
      ) {
        days.push(names[startedAt.getUTCDay()] ?? "");
      }
    }
  }

  const EVERY_DAY = [1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0].map(
    (day) => names[day],
  );

  it.each([
    ["daily", 1440, 197],
    ["hourly", 60, 17],
    ["every 20 minutes", 20, 5],
    ["every 7 hours", 420, 200],
  ])(
    "%s, an outage is told once a day and contradictory data on Mondays",
    (_, minutes, offset) => {
      expect(mailDays(BOUND, minutes, offset)).toEqual(EVERY_DAY);
      expect(mailDays(EXPIRING, minutes, offset)).toEqual(EVERY_DAY);
      expect(mailDays(CONTRADICTORY, minutes, offset)).toEqual(["Mon", "Mon"]);
      expect(mailDays({}, minutes, offset)).toEqual([]);
    },
  );

  it("every 83 hours, an outage is told by each run and contradictory data by one a week", () => {
    expect(mailDays(BOUND, 4980, 197).join()).toBe("Mon,Thu,Mon,Thu,Sun");
    expect(mailDays(CONTRADICTORY, 4980, 197).join()).toBe("Mon,Mon");
    expect(mailDays(CONTRADICTORY, 4980, 2880).join()).toBe("Wed,Tue");
  });

  it("once a week on Wednesdays, contradictory data are told then", () => {
    expect(mailDays(CONTRADICTORY, 10_080, 3077).join()).toBe("Wed,Wed");
  });
});
