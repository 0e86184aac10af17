import { describe, expect, it } from "vitest";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import type { SweepReport } from "../../functions/janitor/report.ts";
import {
  NoEvidence,
  sweep,
  type SweepSettings,
} from "../../functions/janitor/sweep.ts";
import {
  VendorFailure,
  type FailureFacts,
} from "../../functions/janitor/failure.ts";
import type { DeletionOrder } from "../../functions/janitor/ports.ts";
import { VirtualClock } from "../world/clock.ts";

type Fields = Readonly<Record<string, unknown>>;

const id = (n: number): string => n.toString(16).padStart(32, "0");

function certificate(n: number, over: Fields = {}): Fields {
  return {
    ChainID: id(n),
    CertName: `name-${String(n)}`,
    CertDomainList: [],
    NotBefore: "2020-01-01T00:00:00Z",
    NotAfter: "2026-01-01T00:00:00Z",
    Status: "Expire",
    ...over,
  };
}

const many = (count: number): Fields[] =>
  Array.from({ length: count }, (_, n) => certificate(n + 1));

const VALID = { NotAfter: "2027-01-01T00:00:00Z", Status: "OK" };

function failure(over: Partial<FailureFacts> = {}): VendorFailure {
  return new VendorFailure("It failed.", {
    kind: "vendor-error",
    outcome: "answered",
    attempts: 1,
    ...over,
  });
}

const TOO_LATE = failure({ kind: "too-late", attempts: 0 });

interface Story {
  /** What each reading shows or fails with; the last goes on for ever. */
  readonly readings: readonly (readonly Fields[] | Error)[];
  readonly readingMs?: number | ((round: number) => number);
  /** Whether the n-th reading was settled. @default always */
  readonly isSettled?: (round: number) => boolean;
  /** The list that settles what is in doubt. */
  readonly list?: readonly Fields[] | Error;
  /** DeleteCert: its failure, or undefined. */
  readonly deletes?: (order: DeletionOrder, call: number) => unknown;
  readonly deletionMs?: number;
  readonly lifetime?: number;
  readonly settings?: Partial<SweepSettings>;
}

async function run(story: Story) {
  const clock = new VirtualClock(Date.parse("2026-06-15T00:00:00Z"));
  const lines: Fields[] = [];
  const orders: DeletionOrder[] = [];
  let rounds = 0;
  let lists = 0;
  const { readingMs = 1000 } = story;
  const work = sweep(
    {
      clock,
      runId: "run",
      remainingMs: () => (story.lifetime ?? 900_000) - clock.monotonic(),
      log: (line) => lines.push(line),
      observer: {
        async observe({ signal }) {
          const round = ++rounds;
          const startedAt = clock.monotonic();
          await clock.sleep(
            typeof readingMs === "number" ? readingMs : readingMs(round),
            signal,
          );
          const shown = story.readings.at(
            Math.min(round, story.readings.length) - 1,
          )!;
          if (shown instanceof Error) throw shown;
          return {
            certificates: uniteListings([
              { expiring: true, records: shown.map(readCertificateRecord) },
            ]),
            domains: [{ name: "free.example.com", boundTo: "" }],
            startedAt,
            isSettled: story.isSettled?.(round) ?? true,
            readAt: { certificates: "", domains: "" },
            requestId: "",
            secretVersion: `v${String(round)}`,
          };
        },
        async listCertificates({ signal }) {
          lists += 1;
          await clock.sleep(1000, signal);
          const shown = story.list ?? new Error("no list was expected");
          if (shown instanceof Error) throw shown;
          const records = shown.map(readCertificateRecord);
          return {
            certificates: uniteListings([{ expiring: true, records }]),
            requestId: "",
          };
        },
      },
      deleter: {
        async deleteCertificate(order) {
          orders.push(order);
          const given = story.deletes?.(order, orders.length);
          if (given instanceof VendorFailure && given.attempts === 0)
            throw given;
          order.permit(1);
          await clock.sleep(story.deletionMs ?? 100);
          if (given instanceof VendorFailure) order.ended(1, given);
          if (given !== undefined) AbortSignal.abort(given).throwIfAborted();
          order.ended(1, undefined, "R");
          return { requestId: "R", attempts: 1 };
        },
      },
    },
    {
      policy: {
        graceDays: 7,
        unseenDomains: "keep",
        projectNames: [],
        protect: [],
      },
      maxDeletions: 100,
      dryRun: false,
      ...story.settings,
    },
  );
  const result = await clock.run(
    work.then(
      (report) => ({ report, error: undefined }),
      (error: unknown) => ({ report: undefined, error }),
    ),
  );
  return {
    ...result,
    lists,
    report: result.report as SweepReport,
    lines,
    orders,
    rounds,
    clock,
  };
}

describe("no evidence", () => {
  it("is told in full, with its cause", async () => {
    const cause = failure({ kind: "incomplete-listing" });
    const { error } = await run({ readings: [cause] });
    expect(error).toBeInstanceOf(NoEvidence);
    expect(error).toMatchObject({
      name: "NoEvidence",
      message:
        "No sweep took place and nothing was deleted: It failed. The next run tries again.",
      cause,
      report: {
        stoppedBecause: "no-evidence",
        startedAt: "2026-06-15T00:00:00.000Z",
        finishedAt: "2026-06-15T00:00:01.000Z",
        error: "It failed.",
        items: [],
      },
    });
  });

  it("within the time of the first reading is no lack of time", async () => {
    const { error } = await run({
      readings: [[]],
      readingMs: 50_000,
      lifetime: 60_000,
    });
    expect(error).toMatchObject({ report: { stoppedBecause: "no-evidence" } });
  });

  it("of a later reading that the end cut off is lack of time", async () => {
    const { report } = await run({
      readings: [many(1), []],
      readingMs: (round) => (round === 1 ? 1000 : 99_000),
      lifetime: 60_000,
    });
    expect(report).toMatchObject({ stoppedBecause: "out-of-time", rounds: 2 });
  });

  it("of a later reading whose own timer fired just before is lack of time", async () => {
    const cut = failure({ kind: "timeout", outcome: "unknown" });
    // Of 60 s, 42 are kept for the end; the first round takes 1.1.
    const stopped = async (readingMs: number) => {
      const { report } = await run({
        readings: [many(1), cut],
        readingMs: (round) => (round === 1 ? 1000 : readingMs),
        lifetime: 60_000,
      });
      return report.stoppedBecause;
    };
    expect(await stopped(16_895)).toBe("out-of-time");
    expect(await stopped(16_800)).toBe("no-evidence");
  });

  it("for want of a key that nobody has put there yet is told, and fails nothing", async () => {
    const { report, error, lines } = await run({
      readings: [failure({ kind: "not-set-up", outcome: "not done" })],
    });
    expect(error).toBeUndefined();
    expect(report).toMatchObject({ stoppedBecause: "not-set-up", items: [] });
    expect(lines.at(-1)).toMatchObject({ event: "sweep-summary" });
  });

  it("of a later reading that failed in time is not", async () => {
    const { report } = await run({ readings: [many(1), failure()] });
    expect(report).toMatchObject({ stoppedBecause: "no-evidence", rounds: 2 });
  });

  it("comes too late where there never was time", async () => {
    const { error, orders } = await run({
      readings: [many(1)],
      lifetime: 5000,
    });
    expect(error).toBeInstanceOf(NoEvidence);
    expect(orders).toEqual([]);
  });
});

describe("the bound on deletions", () => {
  it("stops a later round that finds more than it, without deleting them", async () => {
    const { report, orders } = await run({
      readings: [many(2), many(7).slice(2), many(7).slice(3)],
      settings: { maxDeletions: 3 },
    });
    expect(orders.map(({ chainId }) => chainId)).toEqual([1, 2, 3].map(id));
    expect(report).toMatchObject({
      stoppedBecause: "max-deletions",
      counts: { eligible: 7, deleted: 3, remaining: 4 },
    });
  });
});

describe("the end of the time", () => {
  // Of 90 s, 12 are kept for the end and 30 for a last list, and nothing is sent in the ten before those.
  it("is reached to the millisecond", async () => {
    const { report } = await run({
      readings: [many(1), []],
      deletionMs: 37_000,
      lifetime: 90_000,
    });
    expect(report).toMatchObject({ stoppedBecause: "out-of-time", rounds: 1 });
    const before = await run({
      readings: [many(1), []],
      deletionMs: 36_999,
      lifetime: 90_000,
    });
    expect(before.report).toMatchObject({ stoppedBecause: "done", rounds: 2 });
  });

  it("does not hide what stopped the run before", async () => {
    const { report } = await run({
      readings: [many(1)],
      deletionMs: 40_000,
      lifetime: 60_000,
      deletes: () => failure({ kind: "billing" }),
    });
    expect(report.stoppedBecause).toBe("vendor-billing");
  });
});

describe("evidence", () => {
  it("as old as it may live is not acted on", async () => {
    const { report, orders } = await run({
      readings: [many(1)],
      readingMs: 60_000,
    });
    expect(orders).toEqual([]);
    expect(report.stoppedBecause).toBe("evidence-too-old");
  });

  it("under which nothing could be sent ends the run", async () => {
    const { report, rounds } = await run({
      readings: [many(3)],
      deletes: () => TOO_LATE,
    });
    expect(rounds).toBe(1);
    expect(report).toMatchObject({
      stoppedBecause: "evidence-too-old",
      counts: { remaining: 3 },
    });
  });

  it("of another secret is acted on no further", async () => {
    const { report, orders } = await run({
      readings: [many(20), many(20), []],
      deletes: ({ secretVersion }) =>
        secretVersion === "v1"
          ? failure({ kind: "secret-changed", outcome: "not done" })
          : undefined,
    });
    // Eight were in flight when the first was refused.
    expect(
      orders.filter(({ secretVersion }) => secretVersion === "v1"),
    ).toHaveLength(8);
    expect(report).toMatchObject({
      stoppedBecause: "done",
      rounds: 3,
      counts: { eligible: 20, deleted: 20, failed: 0 },
    });
  });

  it("holds after a failure of one certificate", async () => {
    const { report } = await run({
      readings: [many(20), many(1)],
      deletes: ({ chainId }) => (chainId === id(1) ? failure() : undefined),
    });
    expect(report).toMatchObject({
      stoppedBecause: "done",
      rounds: 2,
      counts: { failed: 1, deleted: 19 },
    });
  });
});

describe("a defect of a port", () => {
  it.each([
    [new TypeError("secret words"), "TypeError"],
    ["secret words", "string"],
  ])("%j is a failure by its name", async (thrown, name) => {
    const { report, lines } = await run({
      readings: [many(1)],
      deletes: () => thrown,
    });
    expect(report.items).toMatchObject([
      {
        outcome: "failed",
        attempts: 1,
        error: `A defect of this program (${name}). A list read afterwards still has it.`,
      },
    ]);
    expect(lines.find(({ event }) => event === "delete-outcome")).toMatchObject(
      {
        runId: "run",
        outcome: "failed",
        failure: "vendor-error",
        class: "unknown",
      },
    );
  });
});

describe("the report", () => {
  it("has all that was seen of each, and nothing that was not", async () => {
    const { report } = await run({
      readings: [
        [
          certificate(1, { NotAfter: "2026-03-01T00:00:00Z" }),
          certificate(2, { NotAfter: "2026-02-01T00:00:00Z" }),
          certificate(3, { CertDomainList: ["a.net"] }),
        ],
        [
          certificate(2, { NotAfter: "2026-02-01T00:00:00Z" }),
          certificate(3, { CertDomainList: ["a.net"] }),
        ],
      ],
      deletes: ({ chainId }) =>
        chainId === id(2)
          ? failure({ attempts: 3, requestId: "R2" })
          : undefined,
    });
    expect(report.items).toStrictEqual([
      {
        chainId: id(3),
        name: "name-3",
        domains: ["a.net"],
        notAfter: "2026-01-01T00:00:00Z",
        state: "expired",
        verdict: "keep",
        reasons: ["domain-not-visible"],
      },
      {
        chainId: id(2),
        name: "name-2",
        domains: [],
        notAfter: "2026-02-01T00:00:00Z",
        state: "expired",
        verdict: "delete",
        reasons: [],
        outcome: "failed",
        attempts: 3,
        requestId: "R2",
        error: "It failed.",
      },
      {
        chainId: id(1),
        name: "name-1",
        domains: [],
        notAfter: "2026-03-01T00:00:00Z",
        state: "expired",
        verdict: "delete",
        reasons: [],
        outcome: "deleted",
        attempts: 1,
        requestId: "R",
      },
    ]);
    expect(report).not.toHaveProperty("error");
    expect(report).toMatchObject({
      runId: "run",
      mode: "delete",
      startedAt: "2026-06-15T00:00:00.000Z",
      finishedAt: "2026-06-15T00:00:02.100Z",
      counts: { kept: { "domain-not-visible": 1 }, expiredInUse: 0 },
    });
  });

  it("is in the order of expiry, whatever the zone, then of the chain id", async () => {
    const ends: Readonly<Record<number, string>> = {
      1: "2026-03-01T00:00:00+08:00",
      2: "2026-03-01T00:00:00Z",
      3: "2026-02-28T20:00:00Z",
      4: "2026-01-01T00:00:00Z",
      5: "2026-03-01T00:00:00Z",
      6: "2025-12-31T23:59:59Z",
    };
    const order = async (numbers: readonly number[]) => {
      const { report } = await run({
        readings: [
          numbers.map((n) => certificate(n, { NotAfter: ends[n] })),
          [],
        ],
      });
      return report.items.map(({ chainId }) => Number(`0x${chainId}`));
    };
    for (const numbers of [
      [1, 2, 3, 4, 5, 6],
      [6, 5, 4, 3, 2, 1],
      [5, 2, 6, 4, 1, 3],
    ])
      expect(await order(numbers)).toEqual([6, 4, 1, 3, 2, 5]);
  });

  it("puts what has no date any more before all others", async () => {
    const { report } = await run({
      readings: [many(3), [certificate(1), certificate(3, { NotAfter: "" })]],
      deletes: () => failure(),
    });
    expect(report.items.map(({ chainId }) => chainId)).toEqual(
      [3, 1, 2].map(id),
    );
    expect(report.items.map(({ outcome }) => outcome)).toEqual([
      "failed",
      "failed",
      "alreadyGone",
    ]);
  });

  it("keeps what was tried, though it is valid now", async () => {
    const { report } = await run({
      readings: [many(1), [certificate(1, VALID)]],
      deletes: () => failure(),
    });
    expect(report.items).toMatchObject([
      { chainId: id(1), outcome: "failed", reasons: ["not-expired"] },
    ]);
  });

  it("leaves out what another hand took before its turn", async () => {
    const { report, lines } = await run({
      readings: [
        [certificate(1), certificate(2, { CertDomainList: ["a.net"] })],
        [],
      ],
    });
    expect(report.counts).toMatchObject({ listed: 1, expired: 1, kept: {} });
    expect(report.items).toHaveLength(1);
    expect(lines.filter(({ event }) => event === "not-attempted")).toEqual([]);
  });

  it("counts one certificate once, though its data change", async () => {
    const { report } = await run({
      readings: [many(1), [certificate(1, { CertName: "renamed" })]],
      deletes: () => failure(),
    });
    expect(report.counts).toMatchObject({ listed: 1, failed: 1 });
    expect(report.items).toMatchObject([{ name: "renamed" }]);
  });

  it("counts records without a chain id apart", async () => {
    const { report } = await run({
      readings: [
        [
          certificate(1, { ChainID: "" }),
          certificate(2, { ChainID: "" }),
          certificate(3, { ChainID: "" }),
        ],
      ],
    });
    expect(report.counts).toMatchObject({
      listed: 3,
      expired: 3,
      eligible: 0,
      kept: { "malformed-record": 3 },
    });
  });

  it("goes into the log: a line for each not tried, and the summary", async () => {
    const { lines } = await run({
      readings: [[certificate(1), certificate(2, { Status: "OK" })]],
      settings: { dryRun: true },
    });
    expect(lines).toMatchObject([
      {
        event: "not-attempted",
        runId: "run",
        mode: "dry-run",
        because: "done",
        chainId: id(1),
        outcome: "remaining",
        attempts: 0,
      },
      {
        event: "not-attempted",
        because: "kept",
        chainId: id(2),
        reasons: ["status-conflict"],
      },
      { event: "sweep-summary", mode: "dry-run", items: 2 },
    ]);
  });
});

describe("what may have been deleted without the vendor's word", () => {
  const lost = failure({ outcome: "unknown", possiblyDone: true });
  const forbidden = failure({ kind: "forbidden", code: "RequestForbidden" });
  /** The run ends at once after the first certificate, before another reading could tell. */
  const ended = (first: VendorFailure, list: readonly Fields[] | Error) =>
    run({
      readings: [many(2)],
      deletes: ({ chainId }) =>
        chainId === id(1) ? first : failure({ kind: "billing" }),
      list,
    });

  it.each([
    ["lost", lost],
    ["forbidden", forbidden],
    ["not found", failure({ kind: "not-found" })],
  ])("is settled by one more list: %s", async (_what, first) => {
    const gone = await ended(first, many(2).slice(1));
    expect(gone.lists).toBe(1);
    expect(gone.report.stoppedBecause).toBe("vendor-billing");
    expect(gone.report.items).toMatchObject([
      { chainId: id(1), outcome: "alreadyGone" },
      { chainId: id(2), outcome: "failed" },
    ]);
    expect(gone.report.items[0]).not.toHaveProperty("error");
    const there = await ended(first, many(2));
    expect(there.report.counts).toMatchObject({ failed: 2 });
    expect(there.report.items[0]?.error).toContain(
      "A list read afterwards still has it.",
    );
  });

  it("stays in doubt where no list can be had", async () => {
    const { report, lines } = await ended(lost, failure({ kind: "billing" }));
    expect(report.counts).toMatchObject({ unconfirmed: 1, failed: 1 });
    expect(report.items).toMatchObject([
      { outcome: "unconfirmed" },
      { outcome: "failed" },
    ]);
    expect(report.items[0]?.error).toContain("It may have been deleted");
    expect(lines.filter(({ event }) => event === "not-settled")).toHaveLength(
      1,
    );
    expect(lines.filter(({ event }) => event === "delete-settled")).toEqual([
      expect.objectContaining({ chainId: id(1), outcome: "unconfirmed" }),
    ]);
  });

  it("is nothing that the vendor refused plainly: no list is read", async () => {
    const { report, lists } = await run({
      readings: [many(1)],
      deletes: () => failure({ kind: "billing" }),
    });
    expect(lists).toBe(0);
    expect(report.counts).toMatchObject({ failed: 1, unconfirmed: 0 });
  });

  it("is not told by a reading that shifted", async () => {
    const { report, lists } = await run({
      readings: [many(1), []],
      isSettled: (round) => round === 1,
      deletes: () => lost,
      list: many(1),
    });
    expect(report).toMatchObject({ stoppedBecause: "done", rounds: 2 });
    expect(lists).toBe(1);
    expect(report.items).toMatchObject([{ outcome: "failed" }]);
  });

  it("is asked for, and not shown by a reading that shifted: that proves nothing", async () => {
    const asked = async (isSettled: boolean) => {
      const { report } = await run({
        readings: [many(1)],
        isSettled: () => isSettled,
        settings: { only: new Set([id(9)]) },
      });
      return report.items;
    };
    expect(await asked(true)).toMatchObject([{ reasons: ["not-listed"] }]);
    expect((await asked(true))[0]).not.toHaveProperty("error");
    expect((await asked(false))[0]?.error).toContain("may be there");
  });

  it("leaves what was not tried where a reading that shifted does not show it", async () => {
    const { report } = await run({
      readings: [many(3), []],
      isSettled: (round) => round === 1,
      settings: { maxDeletions: 3 },
      deletes: ({ chainId }) => (chainId === id(1) ? undefined : TOO_LATE),
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
    const { report, orders } = await run({
      readings: [many(1), many(3).slice(1), many(3).slice(2)],
      settings: { maxDeletions: 2 },
      deletes: ({ chainId }) => (chainId === id(1) ? changed : undefined),
    });
    expect(orders.map(({ chainId }) => chainId)).toEqual([1, 2].map(id));
    expect(report.counts).toMatchObject({
      eligible: 3,
      alreadyGone: 1,
      remaining: 1,
    });
    expect(report.items[0]).toMatchObject({ chainId: id(1), attempts: 2 });
  });

  it("was not tried where only an old key had been refused, and is tried again", async () => {
    const { report, orders } = await run({
      readings: [many(1), many(1), []],
      deletes: (_, call) =>
        call === 1
          ? failure({ kind: "secret-changed", outcome: "not done" })
          : undefined,
    });
    expect(orders).toHaveLength(2);
    expect(report.items).toMatchObject([{ outcome: "deleted", attempts: 2 }]);
  });

  it("is in doubt again where a second try fails after a success", async () => {
    const { report } = await run({
      readings: [many(1), many(1)],
      deletes: (_, call) =>
        call === 1 ? undefined : failure({ kind: "billing" }),
      list: failure({ kind: "billing" }),
    });
    expect(report.items).toMatchObject([{ outcome: "unconfirmed" }]);
  });
});

describe("failures in a row", () => {
  it.each([
    ["no connection", { kind: "unreachable", outcome: "not done" }, true],
    ["another TLS identity", { kind: "unreachable" }, true],
    ["throttled", { kind: "throttled", outcome: "not done" }, true],
    ["unknown outcomes", { outcome: "unknown", possiblyDone: true }, true],
    ["forbidden", { kind: "forbidden" }, false],
    ["parameters refused", { kind: "invalid-parameter" }, false],
    ["not found", { kind: "not-found" }, false],
    ["any other answer", { kind: "vendor-error" }, false],
  ] as const)("%s: they end the run: %j", async (_what, over, ends) => {
    const { report } = await run({
      readings: [many(40)],
      deletes: () => failure(over),
      list: many(40),
    });
    expect(report.stoppedBecause).toBe(ends ? "vendor-unhealthy" : "done");
    expect(report.counts.remaining > 0).toBe(ends);
  });
});
