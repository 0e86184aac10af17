import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import type {
  ReportItem,
  SweepReport,
} from "../../functions/janitor/report.ts";
import {
  NoEvidence,
  sweep,
  type SweepSettings,
} from "../../functions/janitor/sweep.ts";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import { hurriedClock } from "../world/clock.ts";

/** A sweep that is restricted to certificates that somebody listed. */
const DAY = 86_400_000;
const BOUND = "bound.example.com";

const id = (n: number): string => n.toString(16).padStart(32, "a");
const ids = (...numbers: readonly number[]): ReadonlySet<string> =>
  new Set(numbers.map(id));

type Kind = "eligible" | "in-use" | "within-grace" | "not-expired";

const DAYS: Readonly<Record<Kind, number>> = {
  eligible: -30,
  "in-use": -30,
  "within-grace": -3,
  "not-expired": 30,
};

/** An account with certificate n of the n-th kind. */
function account(kinds: readonly Kind[]) {
  const records = kinds.map((kind, n) =>
    readCertificateRecord({
      ChainID: id(n),
      CertName: `c${String(n)}`,
      CertDomainList: ["free.example.com"],
      NotBefore: new Date(Date.now() - 90 * DAY).toISOString(),
      NotAfter: new Date(Date.now() + DAYS[kind] * DAY).toISOString(),
      Status: DAYS[kind] < 0 ? "Expire" : "OK",
      ProjectName: "default",
    }),
  );
  return {
    records,
    domains: [
      { name: "free.example.com", boundTo: "" },
      ...kinds.flatMap((kind, n) =>
        kind === "in-use" ? [{ name: BOUND, boundTo: id(n) }] : [],
      ),
    ],
  };
}

interface Outcome {
  readonly report: SweepReport;
  readonly deleted: readonly string[];
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** @param beforeReading may change what the n-th reading finds, or fail it */
async function run(
  kinds: readonly Kind[],
  settings: Partial<SweepSettings> = {},
  beforeReading: (reading: number, kinds: Kind[]) => void = () => undefined,
): Promise<Outcome> {
  const clock = hurriedClock();
  const now = [...kinds];
  const gone = new Set<string>();
  const lines: Readonly<Record<string, unknown>>[] = [];
  let readings = 0;
  const report = await sweep(
    {
      clock,
      runId: "run",
      remainingMs: () => 900_000,
      log: (line) => lines.push(line),
      observer: {
        async observe() {
          readings += 1;
          beforeReading(readings, now);
          const { records, domains } = account(now);
          const left = records.filter(({ chainId }) => !gone.has(chainId));
          return Promise.resolve({
            certificates: uniteListings(
              [true, false].map((expiring) => ({
                expiring,
                records: left.filter(
                  ({ status }) => (status === "Expire") === expiring,
                ),
              })),
            ),
            domains,
            isSettled: true,
            startedAt: clock.monotonic(),
            readAt: { certificates: "", domains: "" },
            requestId: "list",
            secretVersion: "v1",
          });
        },
        listCertificates: () => Promise.reject(new Error("not needed")),
      },
      deleter: {
        deleteCertificate(order) {
          if (order.permit(1)) gone.add(order.chainId);
          order.ended(1, undefined, "done");
          return Promise.resolve({ requestId: "done", attempts: 1 });
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
  );
  return { report, deleted: [...gone].sort(), lines };
}

function itemOf({ items }: SweepReport, chainId: string) {
  return items.find((item) => item.chainId === chainId);
}

const ALL: readonly Kind[] = [
  "eligible",
  "eligible",
  "in-use",
  "within-grace",
  "not-expired",
];

describe("only", () => {
  it("deletes the eligible ones among those listed, and no other", async () => {
    const { report, deleted } = await run(ALL, { only: ids(1, 2) });
    expect(deleted).toEqual([id(1)]);
    expect(report.counts).toMatchObject({
      listed: 5,
      expired: 4,
      eligible: 1,
      deleted: 1,
      remaining: 0,
      expiredInUse: 1,
    });
    expect(report).toMatchObject({ stoppedBecause: "done", only: 2 });
    // What may be deleted, but was not asked for, is nothing of this run.
    expect(itemOf(report, id(0))).toBeUndefined();
  });

  it("reports each one listed that is not eligible with its reasons, or as not listed", async () => {
    const { report, lines } = await run(ALL, {
      only: ids(1, 2, 3, 4, 77),
    });
    const kept = [2, 3, 4, 77].map((n) => itemOf(report, id(n)));
    expect(kept).toMatchObject([
      { isAskedFor: true, reasons: ["in-use"], verdict: "keep" },
      { isAskedFor: true, reasons: ["within-grace"], verdict: "keep" },
      { isAskedFor: true, reasons: ["not-expired"], verdict: "keep" },
      {
        isAskedFor: true,
        reasons: ["not-listed"],
        verdict: "keep",
        name: "",
        domains: [],
      },
    ]);
    const logged = lines
      .filter(({ event }) => event === "not-attempted")
      .map((line) => line["chainId"]);
    expect(logged).toEqual(
      expect.arrayContaining([id(2), id(3), id(4), id(77)]),
    );
    expect(report.counts.kept).not.toHaveProperty("not-listed");
  });

  it("looks at those listed alone for too many: a plan is a way out", async () => {
    const settings = { maxDeletions: 1 };
    expect((await run(ALL, settings)).report).toMatchObject({
      stoppedBecause: "too-many",
      counts: { eligible: 2, deleted: 0 },
    });
    const planned = await run(ALL, { ...settings, only: ids(1) });
    expect(planned.report.stoppedBecause).toBe("done");
    expect(planned.deleted).toEqual([id(1)]);
    const both = await run(ALL, { ...settings, only: ids(0, 1) });
    expect(both.report.stoppedBecause).toBe("too-many");
    expect(both.deleted).toEqual([]);
  });

  it("leaves alone what becomes eligible meanwhile, and keeps what no longer is", async () => {
    const { report, deleted } = await run(
      ALL,
      { only: ids(0, 1) },
      (reading, kinds) => {
        kinds[0] = "in-use";
        if (reading > 1) kinds[3] = "eligible";
      },
    );
    expect(deleted).toEqual([id(1)]);
    expect(itemOf(report, id(0))).toMatchObject({ reasons: ["in-use"] });
    expect(report.counts).toMatchObject({ eligible: 1, remaining: 0 });
  });

  it("of what is not there does nothing, and says so", async () => {
    const { report, deleted } = await run(ALL, { only: ids(77) });
    expect(deleted).toEqual([]);
    expect(report).toMatchObject({ stoppedBecause: "done", rounds: 1 });
    expect(itemOf(report, id(77))?.reasons).toEqual(["not-listed"]);
  });

  it("says nothing of what is listed when nothing could be read", async () => {
    const failure = new VendorFailure("It failed.", {
      kind: "incomplete-listing",
      outcome: "answered",
    });
    const error: unknown = await run(ALL, { only: ids(0, 77) }, () => {
      throw failure;
    }).catch((thrown: unknown) => thrown);
    if (!(error instanceof NoEvidence)) throw new Error("it was no NoEvidence");
    expect(error.report.items).toEqual([]);
  });

  it("on a dry run shows what would be deleted of those listed", async () => {
    const { report, deleted } = await run(ALL, {
      only: ids(1, 2),
      dryRun: true,
    });
    expect(deleted).toEqual([]);
    expect(report.counts).toMatchObject({ eligible: 1, remaining: 1 });
  });
});

it("never widens, and never disagrees with a run without it about a certificate", async () => {
  const kinds = fc.array(
    fc.constantFrom<Kind>("eligible", "in-use", "within-grace", "not-expired"),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(
      kinds,
      fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 9 }),
      async (all, chosen, maxDeletions) => {
        const only = chosen.map(id);
        const whole = await run(all, { maxDeletions });
        const part = await run(all, { maxDeletions, only: new Set(only) });
        const free = await run(all, { maxDeletions: 9 });
        expect(part.deleted.every((one) => only.includes(one))).toBe(true);
        expect(part.deleted.every((one) => free.deleted.includes(one))).toBe(
          true,
        );
        // Of what both tell, they tell the same.
        const judged = ({ verdict, reasons }: ReportItem) =>
          JSON.stringify([verdict, reasons]);
        for (const item of part.report.items) {
          const other = itemOf(whole.report, item.chainId);
          if (other !== undefined) expect(judged(item)).toBe(judged(other));
        }
        for (const asked of only) {
          expect(itemOf(part.report, asked)?.isAskedFor).toBe(true);
        }
        expect(part.report.counts.kept).toEqual(whole.report.counts.kept);
      },
    ),
    { numRuns: 200 },
  );
});
