import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  ReportItem,
  SweepReport,
} from "../../functions/janitor/report.ts";
import {
  NoEvidence,
  type SweepSettings,
} from "../../functions/janitor/sweep.ts";
import type { DeletionOrder } from "../../functions/janitor/ports.ts";
import {
  certificate,
  domain,
  ending,
  failure,
  id,
  many,
  type Fields,
} from "../world/account.ts";
import { events, swept, type SweepStory } from "../world/story.ts";

const lost = failure({ outcome: "unknown", possiblyDone: true });
const forbidden = failure({ kind: "forbidden", code: "RequestForbidden" });
const billing = failure({ kind: "billing" });
const tooLate = failure({ kind: "too-late", outcome: "not done", attempts: 0 });

const ids = (orders: readonly DeletionOrder[]): string[] =>
  orders.map(({ chainId }) => chainId);
const itemOf = ({ items }: SweepReport, n: number): ReportItem | undefined =>
  items.find(({ chainId }) => chainId === id(n));

/** Three that may be deleted, one that is valid, and one that is expired but bound. */
const MIXED: SweepStory = {
  account: [...many(3), certificate(4, ending(30)), certificate(5)],
  domains: [domain("x.net", id(5))],
};

describe("a sweep", () => {
  it("deletes what may be deleted, looks again and is done", async () => {
    const { report, orders } = await swept(MIXED);
    expect(ids(orders)).toEqual([1, 2, 3].map(id));
    expect(report).toMatchObject({
      runId: "run",
      mode: "delete",
      stoppedBecause: "done",
      rounds: 2,
      counts: { eligible: 3, deleted: 3, remaining: 0 },
    });
  });

  it("writes nothing in a dry run, and says what it would have deleted", async () => {
    const { report, orders, calls } = await swept({
      ...MIXED,
      settings: { dryRun: true },
    });
    expect(orders).toEqual([]);
    expect(calls).toEqual({ reads: 1, lists: 0 });
    expect(report).toMatchObject({
      mode: "dry-run",
      stoppedBecause: "done",
      counts: { eligible: 3, remaining: 3, deleted: 0 },
    });
  });

  it("deletes none of too many, and lists them all", async () => {
    const { report, orders, lines } = await swept({
      ...MIXED,
      settings: { maxDeletions: 2 },
    });
    expect(orders).toEqual([]);
    expect(report).toMatchObject({
      stoppedBecause: "too-many",
      rounds: 1,
      counts: { eligible: 3, remaining: 3 },
    });
    const listed = lines.filter(({ because }) => because === "too-many");
    expect(listed.map(({ chainId }) => chainId)).toEqual([1, 2, 3].map(id));
  });

  it("deletes as many as allowed, and none that a later round finds beyond them", async () => {
    const settings = { maxDeletions: 3 };
    expect((await swept({ settings })).report).toMatchObject({
      stoppedBecause: "done",
      counts: { deleted: 3 },
    });
    const { report, orders } = await swept({
      reads: [many(2), many(7).slice(2), many(7).slice(3)],
      settings,
    });
    expect(ids(orders)).toEqual([1, 2, 3].map(id));
    expect(report).toMatchObject({
      stoppedBecause: "max-deletions",
      counts: { eligible: 7, deleted: 3, remaining: 4 },
    });
  });

  it("counts each certificate once, whatever happens to it, and tries it once, or again after a success", async () => {
    const fates = "delete stay fail gone delete fail stay".split(" ");
    const fateOf = ({ ChainID }: Fields) =>
      fates[many(7).findIndex((one) => one["ChainID"] === ChainID)];
    const left = many(7).filter((one) => /stay|fail/.test(fateOf(one) ?? ""));
    const { report, orders } = await swept({
      reads: [many(7), left],
      deletes: ({ chainId }) =>
        /fail|gone/.test(fateOf({ ChainID: chainId }) ?? "")
          ? failure()
          : undefined,
    });
    expect(ids(orders)).toEqual([1, 2, 3, 4, 5, 6, 7, 2, 7].map(id));
    expect(report).toMatchObject({
      stoppedBecause: "done",
      rounds: 3,
      counts: {
        eligible: 7,
        deleted: 2,
        unconfirmed: 2,
        failed: 2,
        alreadyGone: 1,
        remaining: 0,
      },
    });
    expect(itemOf(report, 4)).not.toHaveProperty("error");
  });

  it("counts towards the bound what it tries a second time only once", async () => {
    const { report } = await swept({
      reads: [many(1), many(2), many(2).slice(1), []],
      settings: { maxDeletions: 2 },
    });
    expect(report).toMatchObject({
      stoppedBecause: "done",
      counts: { deleted: 2 },
    });
  });

  it.each([
    ["billing", "vendor-billing"],
    ["credentials-rejected", "credentials-rejected"],
    ["access-denied", "vendor-access-denied"],
  ] as const)("stops at once at %s", async (kind, stoppedBecause) => {
    const { report, calls, lines } = await swept({
      account: many(40),
      deletes: () => failure({ kind }),
    });
    expect(report).toMatchObject({ stoppedBecause, rounds: 1 });
    expect(events(lines, "delete-attempt")).toHaveLength(1);
    // It was refused plainly, so there is nothing to settle.
    expect(calls).toEqual({ reads: 1, lists: 0 });
    const reading = await swept({ reads: [failure({ kind })] });
    expect(reading.error).toBeInstanceOf(NoEvidence);
    expect(reading.report.stoppedBecause).toBe(stoppedBecause);
  });

  it("survives a defect of a port, with an outcome line and without its words", async () => {
    for (const [thrown, name] of [
      [new TypeError("secret words"), "TypeError"],
      ["secret words", "string"],
    ] as const) {
      const { report, lines } = await swept({
        deletes: ({ chainId }) => (chainId === id(1) ? thrown : undefined),
      });
      expect(report.counts).toMatchObject({ deleted: 2, failed: 1 });
      expect(itemOf(report, 1)).toMatchObject({ attempts: 1 });
      expect(itemOf(report, 1)?.error).toContain(`(${name})`);
      const outcomes = events(lines, "delete-outcome");
      expect(outcomes).toHaveLength(3);
      expect(outcomes).toContainEqual(
        expect.objectContaining({
          runId: "run",
          chainId: id(1),
          outcome: "failed",
          failure: "vendor-error",
          class: "unknown",
        }),
      );
      expect(JSON.stringify([lines, report])).not.toContain("secret words");
    }
  });
});

describe("ten failures in a row", () => {
  it.each([
    ["no connection", { kind: "unreachable", outcome: "not done" }, true],
    ["another TLS identity", { kind: "unreachable" }, true],
    ["throttled", { kind: "throttled", outcome: "not done" }, true],
    ["unknown outcomes", { outcome: "unknown", possiblyDone: true }, true],
    ["forbidden", { kind: "forbidden" }, false],
    ["parameters refused", { kind: "invalid-parameter" }, false],
    ["not found", { kind: "not-found" }, false],
    ["any other answer", { kind: "vendor-error" }, false],
  ] as const)("that are %s end the run: %j", async (_what, over, ends) => {
    const { report, lines } = await swept({
      account: many(40),
      deletes: () => failure(over),
    });
    expect(report.stoppedBecause).toBe(ends ? "vendor-unhealthy" : "done");
    const sent = ends ? 10 : 40;
    expect(events(lines, "delete-attempt")).toHaveLength(sent);
    expect(report.counts).toMatchObject({ eligible: 40, remaining: 40 - sent });
  });

  it("are not nine, a success and nine", async () => {
    const { report } = await swept({
      account: many(30),
      deletes: (_, call) => (call % 10 === 0 ? undefined : lost),
    });
    expect(report).toMatchObject({
      stoppedBecause: "done",
      counts: { eligible: 30, failed: 27, deleted: 3 },
    });
  });
});

describe("no evidence", () => {
  it("is told in full, with its cause, after a summary line, and deletes nothing", async () => {
    const cause = failure({ kind: "incomplete-listing" });
    const { error, report, orders, lines } = await swept({ reads: [cause] });
    expect(error).toBeInstanceOf(NoEvidence);
    expect(error).toMatchObject({ name: "NoEvidence", cause });
    expect(error?.message).toMatch(/nothing was deleted: It failed\. .*again/);
    const summary = {
      startedAt: "2026-11-24T12:00:00.000Z",
      finishedAt: "2026-11-24T12:00:01.000Z",
      stoppedBecause: "no-evidence",
      rounds: 1,
      error: "It failed.",
    };
    expect(report).toMatchObject({ ...summary, items: [], idleRules: [] });
    expect(lines).toMatchObject([{ event: "sweep-summary", ...summary }]);
    expect(orders).toEqual([]);
  });

  it("for want of a key that nobody has put there yet is told, and fails nothing", async () => {
    const { report, error, lines } = await swept({
      reads: [failure({ kind: "not-set-up", outcome: "not done" })],
    });
    expect(error).toBeUndefined();
    expect(report).toMatchObject({ stoppedBecause: "not-set-up", items: [] });
    expect(lines.at(-1)).toMatchObject({ event: "sweep-summary" });
  });

  it("of the first reading, however long it took, is no lack of time", async () => {
    const { error, report } = await swept({
      readTakes: 50_000,
      lifetime: 60_000,
    });
    expect(error).toBeInstanceOf(NoEvidence);
    expect(report.stoppedBecause).toBe("no-evidence");
  });

  it("for want of an answer is looked for again for three minutes", async () => {
    const throttled = failure({ kind: "throttled", outcome: "not done" });
    const { error, calls, clock } = await swept({ reads: [throttled] });
    expect(error).toBeInstanceOf(NoEvidence);
    expect(calls.reads).toBeGreaterThan(5);
    expect(clock.monotonic()).toBeGreaterThan(150_000);
    expect(clock.monotonic()).toBeLessThan(182_000);
  });

  it("comes too late where there never was time", async () => {
    const { error, orders } = await swept({ lifetime: 5000 });
    expect(error).toBeInstanceOf(NoEvidence);
    expect(orders).toEqual([]);
  });

  it("of a later reading ends the run with a report; it is lack of time only where the end cut it off", async () => {
    // Of 60 s, 42 are kept for the end; the first round takes 1.1.
    const second = (readTakes: number, fails?: Error) =>
      swept({
        reads: [many(1), fails ?? []],
        readTakes: (read) => (read === 1 ? 1000 : readTakes),
        lifetime: 60_000,
      });
    const cut = failure({ kind: "timeout", outcome: "unknown" });
    for (const [given, stoppedBecause] of [
      [await second(99_000), "out-of-time"],
      // Its own timer fired just before.
      [await second(16_895, cut), "out-of-time"],
      [await second(16_800, cut), "no-evidence"],
      [await second(1000, failure()), "no-evidence"],
    ] as const) {
      expect(given.error).toBeUndefined();
      expect(given.report).toMatchObject({
        stoppedBecause,
        rounds: 2,
        error: expect.any(String) as unknown,
        counts: { deleted: 1 },
      });
    }
  });
});

describe("the time", () => {
  it.each([45_000, 60_000, 90_000, 200_000])(
    "of %d ms ends with ten seconds left, and nothing is sent in the 40 s before those",
    async (lifetime) => {
      const { report, orders, clock } = await swept({
        account: many(100),
        deleteTakes: 9000,
        lifetime,
      });
      expect(clock.monotonic()).toBeLessThanOrEqual(lifetime - 10_000);
      for (const { sendBefore } of orders)
        expect(sendBefore).toBeLessThanOrEqual(lifetime - 52_000);
      expect(report).toMatchObject({
        stoppedBecause: lifetime === 200_000 ? "done" : "out-of-time",
        counts: { eligible: 100 },
      });
    },
  );

  it("is up to the millisecond", async () => {
    // Of 90 s, 52 are kept; the reading takes one.
    const stopped = async (deleteTakes: number) => {
      const story = { account: many(1), deleteTakes, lifetime: 90_000 };
      const { stoppedBecause, rounds } = (await swept(story)).report;
      return [stoppedBecause, rounds];
    };
    expect(await stopped(37_000)).toEqual(["out-of-time", 1]);
    expect(await stopped(36_999)).toEqual(["done", 2]);
  });

  it("that ran out does not hide what stopped the run before", async () => {
    const { report } = await swept({
      account: many(1),
      deleteTakes: 40_000,
      lifetime: 60_000,
      deletes: () => billing,
    });
    expect(report.stoppedBecause).toBe("vendor-billing");
  });
});

describe("evidence", () => {
  it("as old as it may live is not acted on, and ends the run", async () => {
    const { report, orders, calls } = await swept({ readTakes: 60_000 });
    expect(orders).toEqual([]);
    expect(calls.reads).toBe(1);
    expect(report).toMatchObject({
      stoppedBecause: "evidence-too-old",
      counts: { remaining: 3 },
    });
  });

  it("lives for 60 s from the beginning of its reading, and then is read anew", async () => {
    const { report, orders } = await swept({
      account: many(40),
      readTakes: 50_000,
      deleteTakes: 4000,
    });
    // Three turns of eight fit into the ten seconds that are left of each reading.
    expect(report).toMatchObject({
      stoppedBecause: "done",
      rounds: 3,
      counts: { deleted: 40 },
    });
    expect(orders[0]?.sendBefore).toBe(60_000);
  });

  it("under which nothing could be sent ends the run", async () => {
    const { report } = await swept({ deletes: () => tooLate });
    expect(report).toMatchObject({
      stoppedBecause: "evidence-too-old",
      rounds: 1,
      counts: { remaining: 3, failed: 0 },
    });
  });

  it("under which something was sent leaves the rest to the next round", async () => {
    const { report } = await swept({
      deletes: (_, call) => (call === 2 || call === 3 ? tooLate : undefined),
    });
    expect(report).toMatchObject({
      stoppedBecause: "done",
      rounds: 3,
      counts: { deleted: 3, failed: 0 },
    });
  });

  it.each([0, 1])(
    "of another secret, %d attempts later, is acted on no further",
    async (attempts) => {
      const changed = failure({
        kind: "secret-changed",
        outcome: "not done",
        attempts,
      });
      const { report, orders } = await swept({
        account: many(13),
        deletes: ({ secretVersion, chainId }) =>
          secretVersion === "v1" && chainId !== id(1) ? changed : undefined,
      });
      // Nine had begun when the first was refused.
      const old = orders.filter(({ secretVersion }) => secretVersion === "v1");
      expect(old.length).toBeLessThanOrEqual(9);
      expect(report).toMatchObject({
        stoppedBecause: "done",
        rounds: 3,
        counts: { eligible: 13, deleted: 13, failed: 0 },
      });
      expect(itemOf(report, 2)).toMatchObject({ attempts: attempts + 1 });
    },
  );

  it("of one secret after another speaks of no unhealthy vendor", async () => {
    const { report } = await swept({
      account: many(20),
      deletes: ({ secretVersion }) =>
        secretVersion < "v3"
          ? failure({
              kind: "secret-changed",
              outcome: "not done",
              possiblyDone: true,
            })
          : undefined,
    });
    expect(report).toMatchObject({
      stoppedBecause: "done",
      counts: { failed: 16, deleted: 4 },
    });
  });

  it("holds after a failure of one certificate", async () => {
    const { report } = await swept({
      account: many(20),
      deletes: ({ chainId }) => (chainId === id(1) ? failure() : undefined),
    });
    expect(report).toMatchObject({
      stoppedBecause: "done",
      rounds: 2,
      counts: { failed: 1, deleted: 19 },
    });
    expect(report.items.map(({ error }) => error)).toContain("It failed.");
  });
});

describe("what may have been deleted without the vendor's word", () => {
  /** The run ends at once after the first certificate, before another reading could tell. */
  const ended = (
    first: Error,
    list: readonly Fields[] | Error,
    account = many(2),
  ) =>
    swept({
      account,
      deletes: (_, call) => (call === 1 ? first : billing),
      lists: [list],
    });
  const upper = certificate(1, { ChainID: id(1).toUpperCase() });
  const [, second] = many(2);

  it.each([
    ["lost", lost],
    ["forbidden", forbidden],
    ["not found", failure({ kind: "not-found" })],
  ])("is settled by one more list: %s", async (_what, first) => {
    const gone = await ended(first, [second!]);
    expect(gone.calls).toEqual({ reads: 1, lists: 1 });
    expect(gone.report.stoppedBecause).toBe("vendor-billing");
    expect(gone.report.items).toMatchObject([
      { chainId: id(1), outcome: "alreadyGone" },
      { chainId: id(2), outcome: "failed" },
    ]);
    expect(gone.report.items[0]).not.toHaveProperty("error");
    expect(events(gone.lines, "delete-settled")).toMatchObject([
      { runId: "run", chainId: id(1), outcome: "alreadyGone" },
    ]);
    const there = await ended(first, many(2));
    expect(there.report.counts).toMatchObject({ failed: 2 });
    expect(itemOf(there.report, 1)?.error).toContain("still has it");
  });

  it("is still there in whichever case the list spells its id", async () => {
    const listed = await ended(lost, [upper]);
    expect(itemOf(listed.report, 1)?.outcome).toBe("failed");
    const read = await ended(lost, many(2), [upper, second!]);
    expect(read.report.items).toMatchObject([
      { chainId: id(1).toUpperCase(), outcome: "failed" },
      { chainId: id(2), outcome: "failed" },
    ]);
  });

  it.each([
    ["a lost answer", lost],
    ["a defect of this program", new TypeError("x")],
  ])("stays in doubt where no list can be had: %s", async (_what, first) => {
    const { report, lines } = await ended(first, billing);
    expect(report.counts).toMatchObject({ unconfirmed: 1, failed: 1 });
    expect(itemOf(report, 1)?.outcome).toBe("unconfirmed");
    expect(itemOf(report, 1)?.error).toMatch(/may have been deleted/);
    expect(events(lines, "not-settled")).toMatchObject([
      { runId: "run", error: "It failed." },
    ]);
    expect(events(lines, "delete-settled")).toMatchObject([
      { chainId: id(1), outcome: "unconfirmed" },
    ]);
  });

  it("is asked for again within the 30 s kept for it, and no longer", async () => {
    const throttled = failure({ kind: "throttled", outcome: "not done" });
    const story = { account: many(1), lifetime: 90_000, deletes: () => lost };
    const late = await swept({
      ...story,
      // Deleting lasts until the end of the rounds.
      deleteTakes: 46_900,
      lists: [throttled, []],
    });
    expect(late.calls.lists).toBe(2);
    expect(itemOf(late.report, 1)?.outcome).toBe("alreadyGone");
    const never = await swept({
      ...story,
      deleteTakes: 46_900,
      lists: [throttled],
    });
    expect(itemOf(never.report, 1)?.outcome).toBe("unconfirmed");
    expect(never.clock.monotonic()).toBeLessThanOrEqual(80_000);
  });

  it("is told by a complete reading, and by none that shifted", async () => {
    const told = async (isSettled: (read: number) => boolean) => {
      const { report, calls } = await swept({
        reads: [many(1), []],
        isSettled,
        deletes: () => lost,
        lists: [many(1)],
      });
      expect(report).toMatchObject({ stoppedBecause: "done", rounds: 2 });
      return [itemOf(report, 1)?.outcome, calls.lists];
    };
    expect(await told(() => true)).toEqual(["alreadyGone", 0]);
    expect(await told((read) => read === 1)).toEqual(["failed", 1]);
  });

  it("leaves what was not tried where a reading that shifted does not show it", async () => {
    const { report } = await swept({
      reads: [many(3), []],
      isSettled: (read) => read === 1,
      deletes: ({ chainId }) => (chainId === id(1) ? undefined : tooLate),
    });
    expect(report.counts).toMatchObject({ deleted: 1, remaining: 2 });
  });

  it("was tried, though the secret changed in between, and counts towards the bound", async () => {
    const changed = failure({
      kind: "secret-changed",
      outcome: "not done",
      attempts: 2,
      possiblyDone: true,
    });
    const { report, orders } = await swept({
      reads: [many(1), many(3).slice(1), many(3).slice(2)],
      settings: { maxDeletions: 2 },
      deletes: ({ chainId }) => (chainId === id(1) ? changed : undefined),
    });
    expect(ids(orders)).toEqual([1, 2].map(id));
    expect(report.counts).toMatchObject({
      eligible: 3,
      alreadyGone: 1,
      remaining: 1,
    });
    expect(itemOf(report, 1)).toMatchObject({ attempts: 2 });
  });

  it("is in doubt again where a second try fails after a success", async () => {
    const { report } = await swept({
      reads: [many(1)],
      deletes: (_, call) => (call === 1 ? undefined : billing),
      lists: [billing],
    });
    expect(report.items).toMatchObject([{ outcome: "unconfirmed" }]);
  });

  it("is deleted after all where a second try fails after a success, and a later list has it no more", async () => {
    const { report } = await swept({
      reads: [many(1), many(1), []],
      deletes: (_, call) => (call === 1 ? undefined : failure()),
    });
    expect(report.items).toMatchObject([{ outcome: "deleted", attempts: 2 }]);
    expect(report.items[0]).not.toHaveProperty("error");
  });

  it("is nothing that the vendor said twice to have deleted", async () => {
    const { report, calls, lines } = await swept({
      reads: [many(1), many(1), billing],
    });
    expect(report.items).toMatchObject([{ outcome: "deleted", attempts: 2 }]);
    expect(calls.lists).toBe(0);
    expect(events(lines, "delete-settled")).toEqual([]);
  });
});

describe("the log", () => {
  it("has a line before and after each attempt, one for each other item, and the summary last", async () => {
    const { lines, report } = await swept({
      ...MIXED,
      deletes: ({ chainId }) => (chainId === id(1) ? forbidden : undefined),
    });
    for (const n of [1, 2, 3]) {
      const own = lines.filter(({ chainId }) => chainId === id(n));
      expect(own.map(({ event }) => event)).toEqual([
        "delete-attempt",
        "delete-outcome",
        // A "forbidden" may be a deletion whose answer was lost.
        ...(n === 1 ? ["delete-settled"] : []),
      ]);
      expect(own[1]).toMatchObject(
        n === 1
          ? {
              outcome: "failed",
              failure: "forbidden",
              code: "RequestForbidden",
            }
          : { outcome: "deleted", requestId: "r-delete" },
      );
    }
    expect(events(lines, "not-attempted")).toMatchObject([
      {
        runId: "run",
        mode: "delete",
        because: "kept",
        chainId: id(5),
        reasons: ["in-use"],
      },
    ]);
    expect(events(lines, "sweep-summary")).toEqual([lines.at(-1)]);
    const { items, expiring, ...summary } = report;
    expect(expiring).toEqual([]);
    expect(lines.at(-1)).toEqual({
      event: "sweep-summary",
      ...summary,
      items: items.length,
    });
  });

  it("of a dry run tells of each that would have been deleted", async () => {
    const { lines } = await swept({
      account: many(1),
      settings: { dryRun: true },
    });
    expect(lines).toMatchObject([
      {
        event: "not-attempted",
        mode: "dry-run",
        because: "done",
        chainId: id(1),
        outcome: "remaining",
        attempts: 0,
      },
      { event: "sweep-summary", mode: "dry-run", items: 1 },
    ]);
  });

  it("tells of each that is about to expire in use, by warnDays", async () => {
    const story = {
      account: [certificate(1, ending(20))],
      domains: [domain("a.net", id(1))],
    };
    const warned = async (settings: Partial<SweepSettings>) => {
      const { lines, report } = await swept({ ...story, settings });
      const told = events(lines, "expiring-in-use");
      expect(report.counts.expiringInUse).toBe(told.length);
      return told;
    };
    expect(await warned({})).toEqual([]);
    expect(await warned({ warnDays: 21 })).toMatchObject([
      { runId: "run", chainId: id(1), daysLeft: 19 },
    ]);
  });
});

describe("a sweep that is restricted", () => {
  /** One and two may be deleted; three is in use, four within its grace, five valid. */
  const ALL: SweepStory = {
    account: [
      ...many(3),
      certificate(4, ending(-3)),
      certificate(5, ending(30)),
    ],
    domains: [domain("x.net", id(3))],
  };
  const only = (...numbers: readonly number[]) => ({
    only: new Set(numbers.map(id)),
  });

  it("deletes the eligible ones among those asked for, and no other", async () => {
    const { report, orders } = await swept({ ...ALL, settings: only(2, 3) });
    expect(ids(orders)).toEqual([id(2)]);
    expect(report).toMatchObject({
      stoppedBecause: "done",
      only: 2,
      counts: {
        listed: 5,
        expired: 4,
        eligible: 1,
        deleted: 1,
        remaining: 0,
        expiredInUse: 1,
      },
    });
    // What may be deleted, but was not asked for, is nothing of this run; what is kept is told all the same.
    expect(itemOf(report, 1)).toBeUndefined();
    expect(itemOf(report, 4)).toMatchObject({ reasons: ["within-grace"] });
  });

  it("takes an id that is listed in upper case for the one that was asked for", async () => {
    const { report } = await swept({
      account: [certificate(1, { ChainID: id(1).toUpperCase() })],
      settings: only(1),
    });
    expect(report).toMatchObject({ counts: { deleted: 1 } });
    expect(report.items).toHaveLength(1);
  });

  it("tells of each that is not eligible why, or that it is not listed", async () => {
    const { report, lines } = await swept({
      ...ALL,
      settings: only(2, 3, 4, 5, 77),
    });
    const kept = [3, 4, 5, 77].map((n) => itemOf(report, n));
    expect(kept).toMatchObject(
      ["in-use", "within-grace", "not-expired", "not-listed"].map((reason) => ({
        isAskedFor: true,
        verdict: "keep",
        reasons: [reason],
      })),
    );
    const unknown = { name: "", domains: [], notAfter: "" };
    expect(kept[3]).toMatchObject({ ...unknown, state: "unreadable" });
    const told = events(lines, "not-attempted").map(({ chainId }) => chainId);
    expect(told).toEqual(expect.arrayContaining([3, 4, 5, 77].map(id)));
    expect(report.counts.kept).not.toHaveProperty("not-listed");
  });

  it("looks at those asked for alone for too many: a plan is a way out", async () => {
    const planned = async (settings: Partial<SweepSettings>) => {
      const { report, orders } = await swept({
        ...ALL,
        settings: { maxDeletions: 1, ...settings },
      });
      return [report.stoppedBecause, ...ids(orders)];
    };
    expect(await planned({})).toEqual(["too-many"]);
    expect(await planned(only(2))).toEqual(["done", id(2)]);
    expect(await planned(only(1, 2))).toEqual(["too-many"]);
  });

  it("leaves alone what becomes eligible meanwhile, and keeps what no longer is", async () => {
    const { report, orders } = await swept({
      reads: [
        [...many(2), certificate(4, ending(-3))],
        [certificate(1), certificate(4)],
      ],
      domains: [domain("x.net", id(1))],
      settings: only(1, 2),
    });
    expect(ids(orders)).toEqual([id(2)]);
    expect(itemOf(report, 1)).toMatchObject({ reasons: ["in-use"] });
    expect(report.counts).toMatchObject({ eligible: 1, remaining: 0 });
  });

  it("of what is not there does nothing; a reading that shifted does not prove that", async () => {
    const asked = async (isSettled: boolean) => {
      const { report, orders } = await swept({
        ...ALL,
        isSettled: () => isSettled,
        settings: only(77),
      });
      expect(orders).toEqual([]);
      expect(report).toMatchObject({ stoppedBecause: "done", rounds: 1 });
      expect(itemOf(report, 77)?.reasons).toEqual(["not-listed"]);
      return itemOf(report, 77)?.error;
    };
    expect(await asked(true)).toBeUndefined();
    expect(await asked(false)).toMatch(/may be there.*Nothing was done/);
  });

  it("says nothing of what is listed when nothing could be read", async () => {
    const { report } = await swept({ reads: [failure()], settings: only(1) });
    expect(report.items).toEqual([]);
    // A later reading that fails unsays nothing.
    const later = await swept({
      reads: [many(1), failure()],
      settings: only(1, 77),
    });
    expect(later.report.items).toHaveLength(2);
  });

  it("on a dry run shows what would be deleted of those asked for", async () => {
    const { report, orders } = await swept({
      ...ALL,
      settings: { ...only(2, 3), dryRun: true },
    });
    expect(orders).toEqual([]);
    expect(report.counts).toMatchObject({ eligible: 1, remaining: 1 });
  });

  it("never widens, and never disagrees with a run without it about a certificate", async () => {
    const kinds = ["eligible", "in-use", "within-grace", "not-expired"];
    const DAYS = [-30, -30, -3, 30];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(kinds.length - 1), { maxLength: 8 }),
        fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        async (all, chosen, maxDeletions) => {
          const story = {
            account: all.map((kind, n) => certificate(n, ending(DAYS[kind]!))),
            domains: [
              domain("free.net"),
              ...all.flatMap((kind, n) =>
                kinds[kind] === "in-use" ? [domain("x.net", id(n))] : [],
              ),
            ],
          };
          const run = (settings: Partial<SweepSettings>) =>
            swept({ ...story, settings });
          const whole = await run({ maxDeletions });
          const part = await run({ maxDeletions, ...only(...chosen) });
          const free = await run({ maxDeletions: 9 });
          for (const one of ids(part.orders)) {
            expect(chosen.map(id)).toContain(one);
            expect(ids(free.orders)).toContain(one);
          }
          // Of what both tell, they tell the same.
          const judged = (item?: ReportItem) => [item?.verdict, item?.reasons];
          for (const item of part.report.items) {
            const other = whole.report.items.find(
              ({ chainId }) => chainId === item.chainId,
            );
            if (other !== undefined)
              expect(judged(item)).toEqual(judged(other));
          }
          for (const asked of chosen)
            expect(itemOf(part.report, asked)?.isAskedFor).toBe(true);
          expect(part.report.counts.kept).toEqual(whole.report.counts.kept);
        },
      ),
      { numRuns: 100 },
    );
  });
});
