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
import type {
  DeletionOrder,
  Observation,
} from "../../functions/janitor/ports.ts";
import { ProcessClock, VirtualClock } from "../world/clock.ts";

const EPOCH = Date.UTC(2026, 5, 15);
const DAY = 86_400_000;

const id = (n: number): string => n.toString(16).padStart(32, "0");
const ids = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => id(n + 1));

/** Certificates that may be deleted, and one each that is valid and that is expired but bound. */
function account(deletable: readonly string[]): Observation["certificates"] {
  const record = (chainId: string, ended: number, names: readonly string[]) =>
    readCertificateRecord({
      ChainID: chainId,
      CertName: `name-${chainId.slice(-3)}`,
      CertDomainList: names,
      NotBefore: "2020-01-01T00:00:00Z",
      NotAfter: new Date(EPOCH - ended * DAY).toISOString(),
      Status: ended > 0 ? "Expire" : "OK",
    });
  return uniteListings([
    {
      expiring: true,
      records: [
        ...deletable.map((chainId) => record(chainId, 30, [])),
        record("b".repeat(32), 30, []),
      ],
    },
    { expiring: false, records: [record("a".repeat(32), -30, [])] },
  ]);
}

function failure(kind: FailureFacts["kind"], more: Partial<FailureFacts> = {}) {
  return new VendorFailure("It failed.", {
    kind,
    outcome: "answered",
    attempts: 1,
    ...more,
  });
}

interface Setup {
  /** What is left at the vendor; the ports below may change it. */
  readonly stock?: Set<string>;
  /** Milliseconds of the n-th reading, counted from 1. */
  readonly readingMs?: (round: number) => number;
  /** Throws what the n-th reading fails with. */
  readonly beforeReading?: (round: number) => void;
  /** One DeleteCert: throws what it fails with; by default it removes the certificate. */
  readonly deleteOne?: (chainId: string, stock: Set<string>) => void;
  readonly deletionMs?: number;
  /** The turn of this certificate comes too late: nothing is sent. */
  readonly tooLate?: (round: number, chainId: string) => boolean;
  readonly settings?: Partial<SweepSettings>;
  readonly lifetime?: number;
  readonly secretVersion?: (round: number) => string;
}

interface Outcome {
  readonly report: SweepReport | undefined;
  readonly error: unknown;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly orders: readonly DeletionOrder[];
  readonly rounds: number;
  /** When each reading began. */
  readonly readings: readonly number[];
  readonly endedAt: number;
}

/** Runs a sweep over small ports in virtual time. */
async function run({
  stock = new Set(ids(3)),
  readingMs = () => 1000,
  beforeReading = () => undefined,
  deleteOne = (chainId, left) => void left.delete(chainId),
  deletionMs = 100,
  tooLate = () => false,
  settings = {},
  lifetime = 900_000,
  secretVersion = () => "v1",
}: Setup): Promise<Outcome> {
  const world = new VirtualClock(EPOCH);
  const clock = new ProcessClock(world, {
    step: () => true,
    lateness: () => 0,
  });
  const lines: Readonly<Record<string, unknown>>[] = [];
  const orders: DeletionOrder[] = [];
  const readings: number[] = [];
  let rounds = 0;
  let turn = 0;
  let over = false;
  let outcome: Pick<Outcome, "report" | "error"> | undefined;
  const running = sweep(
    {
      clock,
      runId: "run",
      remainingMs: () => lifetime - world.monotonic(),
      log: (line) => lines.push(line),
      observer: {
        async observe(deadline) {
          rounds += 1;
          const round = rounds;
          const startedAt = clock.monotonic();
          readings.push(startedAt);
          await clock.sleep(readingMs(round), deadline.signal);
          beforeReading(round);
          return {
            certificates: account([...stock]),
            domains: [{ name: "x.net", boundTo: "b".repeat(32) }],
            startedAt,
            isSettled: true,
            readAt: { certificates: "", domains: "" },
            requestId: `list-${String(round)}`,
            secretVersion: secretVersion(round),
          };
        },
        listCertificates: () => Promise.reject(new Error("not for a sweep")),
      },
      deleter: {
        async deleteCertificate(order) {
          orders.push(order);
          // As a pacer does: one after the other.
          turn = Math.max(turn, clock.monotonic()) + 128;
          await clock.sleep(turn - 128 - clock.monotonic());
          if (
            clock.monotonic() >= order.sendBefore ||
            tooLate(rounds, order.chainId) ||
            !order.permit(1)
          ) {
            throw failure("too-late", { attempts: 0, outcome: "not done" });
          }
          await clock.sleep(deletionMs, order.deadline.signal);
          try {
            deleteOne(order.chainId, stock);
          } catch (error) {
            if (error instanceof VendorFailure) order.ended(1, error);
            throw error;
          }
          order.ended(1, undefined, "done");
          return { requestId: "done", attempts: 1 };
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
      ...settings,
    },
  ).then(
    (report) => {
      outcome = { report, error: undefined };
    },
    (error: unknown) => {
      outcome = { report: undefined, error };
    },
  );
  void running.then(() => {
    over = true;
  });
  await world.play(() => over, 3_600_000);
  if (outcome === undefined) throw new Error("the sweep never ended");
  return {
    ...outcome,
    lines,
    orders,
    rounds,
    readings,
    endedAt: world.monotonic(),
  };
}

const events = (lines: Outcome["lines"], event: string) =>
  lines.filter((line) => line["event"] === event);
const tried = ({ orders }: Outcome) => orders.map(({ chainId }) => chainId);

describe("a sweep", () => {
  it("deletes what may be deleted, looks again and is done", async () => {
    const result = await run({});
    expect(tried(result).sort()).toEqual(ids(3));
    expect(result.report).toMatchObject({
      stoppedBecause: "done",
      mode: "delete",
      rounds: 2,
      counts: {
        listed: 5,
        expired: 4,
        eligible: 3,
        deleted: 3,
        alreadyGone: 0,
        unconfirmed: 0,
        failed: 0,
        remaining: 0,
        expiredInUse: 1,
        kept: { "in-use": 1, "not-expired": 1 },
      },
    });
  });

  it("lists in the report the eligible and the kept expired ones, not the valid", async () => {
    const { report } = await run({});
    expect(report?.items.map(({ chainId }) => chainId).sort()).toEqual([
      ...ids(3),
      "b".repeat(32),
    ]);
    const [first] = report?.items ?? [];
    expect(first).toMatchObject({
      outcome: "deleted",
      attempts: 1,
      requestId: "done",
    });
  });

  it("writes nothing in a dry run, and says what it would have deleted", async () => {
    const result = await run({ settings: { dryRun: true } });
    expect(result.orders).toEqual([]);
    expect(result.report).toMatchObject({
      mode: "dry-run",
      stoppedBecause: "done",
      counts: { eligible: 3, remaining: 3, deleted: 0 },
    });
    expect(events(result.lines, "not-attempted")).toHaveLength(4);
  });

  it("deletes none of too many, and reports them all", async () => {
    const result = await run({ settings: { maxDeletions: 2 } });
    expect(result.orders).toEqual([]);
    expect(result.report).toMatchObject({
      stoppedBecause: "too-many",
      rounds: 1,
      counts: { eligible: 3, remaining: 3 },
    });
    expect(
      events(result.lines, "not-attempted")
        .filter((line) => line["because"] === "too-many")
        .map((line) => line["chainId"]),
    ).toEqual(ids(3));
  });

  it("deletes exactly as many as allowed", async () => {
    const { report } = await run({ settings: { maxDeletions: 3 } });
    expect(report).toMatchObject({
      stoppedBecause: "done",
      counts: { deleted: 3 },
    });
  });

  it("ends with max-deletions where a later round finds more", async () => {
    const result = await run({
      settings: { maxDeletions: 3 },
      deleteOne: (chainId, stock) => {
        stock.delete(chainId);
        if (chainId === id(1))
          for (const late of ["c", "d"]) stock.add(late.repeat(32));
      },
    });
    expect(tried(result).sort()).toEqual(ids(3));
    expect(result.report).toMatchObject({
      stoppedBecause: "max-deletions",
      counts: { eligible: 5, deleted: 3, remaining: 2 },
    });
  });

  it("tries once more what it still sees after a success, then calls it unconfirmed", async () => {
    const result = await run({
      deleteOne: (chainId, stock) => {
        if (chainId !== id(2)) stock.delete(chainId);
      },
    });
    expect(tried(result).filter((chainId) => chainId === id(2))).toHaveLength(
      2,
    );
    expect(result.orders).toHaveLength(4);
    expect(result.report).toMatchObject({
      stoppedBecause: "done",
      rounds: 3,
      counts: { eligible: 3, deleted: 2, unconfirmed: 1 },
    });
  });

  it("tries a failed one once, and calls it alreadyGone once it is gone", async () => {
    const result = await run({
      deleteOne: (chainId, stock) => {
        if (chainId === id(1)) throw failure("vendor-error");
        if (chainId === id(2)) {
          stock.delete(chainId);
          throw failure("not-found", { code: "ResourceNotFound" });
        }
        stock.delete(chainId);
      },
    });
    expect(result.orders).toHaveLength(3);
    expect(result.report?.counts).toMatchObject({
      eligible: 3,
      deleted: 1,
      alreadyGone: 1,
      failed: 1,
    });
    expect(
      result.report?.items.find(({ outcome }) => outcome === "alreadyGone"),
    ).not.toHaveProperty("error");
  });

  it("stops as unhealthy after ten failures in a row", async () => {
    const result = await run({
      stock: new Set(ids(40)),
      deleteOne: () => {
        throw failure("vendor-error", { outcome: "unknown" });
      },
    });
    expect(result.report?.stoppedBecause).toBe("vendor-unhealthy");
    // Those in flight when the tenth failed have been sent.
    expect(result.orders.length).toBeGreaterThanOrEqual(10);
    expect(result.orders.length).toBeLessThan(18);
    expect(result.report?.counts).toMatchObject({ eligible: 40 });
  });

  it("goes on after nine failures and a success", async () => {
    let calls = 0;
    const { report } = await run({
      stock: new Set(ids(30)),
      deleteOne: (chainId, stock) => {
        calls += 1;
        if (calls % 10 !== 0)
          throw failure("vendor-error", { outcome: "unknown" });
        stock.delete(chainId);
      },
    });
    expect(report).toMatchObject({
      stoppedBecause: "done",
      counts: { eligible: 30, failed: 27, deleted: 3 },
    });
  });

  it("does not take certificates that another run deleted for failures", async () => {
    const { report } = await run({
      stock: new Set(ids(20)),
      deleteOne: (chainId, stock) => {
        stock.delete(chainId);
        throw failure("not-found");
      },
    });
    expect(report).toMatchObject({
      stoppedBecause: "done",
      counts: { eligible: 20, alreadyGone: 20 },
    });
  });

  it.each([
    ["billing", "vendor-billing"],
    ["credentials-rejected", "credentials-rejected"],
    ["access-denied", "vendor-access-denied"],
  ] as const)("stops at once at %s", async (kind, stoppedBecause) => {
    const result = await run({
      stock: new Set(ids(40)),
      deleteOne: () => {
        throw failure(kind);
      },
    });
    expect(result.report?.stoppedBecause).toBe(stoppedBecause);
    expect(events(result.lines, "delete-attempt").length).toBe(1);
    expect(result.rounds).toBe(1);
  });

  it("ends with evidence-too-old where a reading takes longer than its evidence lives", async () => {
    const result = await run({ readingMs: () => 60_000 });
    expect(result.report?.stoppedBecause).toBe("evidence-too-old");
    expect(events(result.lines, "delete-attempt")).toEqual([]);
    expect(result.report?.counts.remaining).toBe(3);
  });

  it("sends nothing on evidence older than 60 s, but reads anew", async () => {
    const result = await run({
      stock: new Set(ids(40)),
      readingMs: () => 50_000,
      deletionMs: 4000,
      lifetime: 600_000,
    });
    // Three turns of eight fit into the ten seconds that are left of each reading.
    expect(result.report).toMatchObject({
      stoppedBecause: "done",
      rounds: 3,
      counts: { deleted: 40 },
    });
    for (const { sendBefore } of result.orders)
      expect(result.readings).toContain(sendBefore - 60_000);
  });

  it.each([45_000, 60_000, 90_000, 200_000])(
    "stops with ten seconds left of %d ms",
    async (lifetime) => {
      const result = await run({
        stock: new Set(ids(100)),
        deletionMs: 9000,
        lifetime,
      });
      expect(result.endedAt).toBeLessThanOrEqual(lifetime - 10_000);
      expect(result.report?.counts.eligible).toBe(100);
      // The last answers have time to come.
      for (const { sendBefore } of result.orders)
        expect(sendBefore).toBeLessThanOrEqual(lifetime - 52_000);
      expect(result.report?.stoppedBecause).toBe(
        lifetime === 200_000 ? "done" : "out-of-time",
      );
    },
  );

  it("throws without evidence, after a summary line, and deletes nothing", async () => {
    const result = await run({
      beforeReading: () => {
        throw failure("incomplete-listing");
      },
    });
    expect(result.error).toBeInstanceOf(NoEvidence);
    expect(result.orders).toEqual([]);
    expect(result.lines).toHaveLength(1);
    expect(result.lines[0]).toMatchObject({
      event: "sweep-summary",
      stoppedBecause: "no-evidence",
      rounds: 1,
      error: "It failed.",
    });
  });

  it.each([
    ["billing", "vendor-billing"],
    ["credentials-rejected", "credentials-rejected"],
    ["access-denied", "vendor-access-denied"],
  ] as const)(
    "throws at %s while reading, with its own name",
    async (kind, why) => {
      const { error } = await run({
        beforeReading: () => {
          throw failure(kind);
        },
      });
      expect(error).toBeInstanceOf(NoEvidence);
      expect((error as NoEvidence).report.stoppedBecause).toBe(why);
    },
  );

  it("reports instead of throwing where a later reading fails", async () => {
    const { report } = await run({
      beforeReading: (round) => {
        if (round === 2) throw failure("vendor-error");
      },
    });
    expect(report).toMatchObject({
      stoppedBecause: "no-evidence",
      rounds: 2,
      error: "It failed.",
      counts: { deleted: 3 },
    });
  });

  it("leaves for the next round what was not sent in time", async () => {
    const result = await run({
      tooLate: (round, chainId) => round === 1 && chainId !== id(1),
    });
    expect(result.report).toMatchObject({
      stoppedBecause: "done",
      rounds: 3,
      counts: { deleted: 3, failed: 0 },
    });
  });

  it("reads anew where the secret changed after the reading", async () => {
    let changed = false;
    const result = await run({
      secretVersion: (round) => `v${String(round)}`,
      deleteOne: (chainId, stock) => {
        if (!changed) {
          changed = true;
          throw failure("secret-changed", { attempts: 0, outcome: "not done" });
        }
        stock.delete(chainId);
      },
    });
    expect(result.report).toMatchObject({
      stoppedBecause: "done",
      counts: { deleted: 3, failed: 0 },
    });
    expect(result.orders.at(-1)?.secretVersion).not.toBe("v1");
  });

  it("survives a defect in a port, with an outcome line", async () => {
    const result = await run({
      deleteOne: (chainId, stock) => {
        if (chainId === id(1)) throw new TypeError("SECRET");
        stock.delete(chainId);
      },
    });
    expect(result.report?.counts).toMatchObject({ deleted: 2, failed: 1 });
    expect(events(result.lines, "delete-outcome")).toHaveLength(3);
    expect(JSON.stringify([result.lines, result.report])).not.toContain(
      "SECRET",
    );
  });

  it("writes a line before and one after each attempt, one for each other item, one summary at the end", async () => {
    const { lines, report } = await run({
      deleteOne: (chainId, stock) => {
        if (chainId === id(1))
          throw failure("forbidden", { code: "RequestForbidden" });
        stock.delete(chainId);
      },
    });
    for (const chainId of ids(3)) {
      const own = lines.filter((line) => line["chainId"] === chainId);
      expect(own.map((line) => line["event"])).toEqual([
        "delete-attempt",
        "delete-outcome",
        // A "forbidden" may be a deletion whose answer was lost.
        ...(chainId === id(1) ? ["delete-settled"] : []),
      ]);
      expect(own[1]).toMatchObject(
        chainId === id(1)
          ? {
              outcome: "failed",
              failure: "forbidden",
              code: "RequestForbidden",
            }
          : { outcome: "deleted", requestId: "done" },
      );
    }
    expect(events(lines, "not-attempted")).toMatchObject([
      { chainId: "b".repeat(32), because: "kept", reasons: ["in-use"] },
    ]);
    expect(lines.at(-1)).toMatchObject({
      event: "sweep-summary",
      runId: "run",
      counts: report?.counts,
      items: report?.items.length,
    });
    expect(events(lines, "sweep-summary")).toHaveLength(1);
  });
});

describe("the counts of a sweep", () => {
  it("are disjoint, and counted once whatever happens to each certificate", async () => {
    const fates = [
      "delete",
      "stay",
      "fail",
      "gone",
      "delete",
      "fail",
      "stay",
    ] as const;
    const { report } = await run({
      stock: new Set(ids(fates.length)),
      deleteOne: (chainId, stock) => {
        const fate = fates[parseInt(chainId, 16) - 1];
        if (fate !== "stay" && fate !== "fail") stock.delete(chainId);
        if (fate === "fail" || fate === "gone") throw failure("vendor-error");
      },
    });
    const counts = report?.counts;
    expect(counts).toMatchObject({
      eligible: 7,
      deleted: 2,
      unconfirmed: 2,
      failed: 2,
      alreadyGone: 1,
      remaining: 0,
    });
    expect(
      report?.items.filter(({ outcome }) => outcome !== undefined),
    ).toHaveLength(7);
  });
});
