/** One seed: a world is drawn, sweeps run in it, and every invariant is checked. */
import { createHash } from "node:crypto";
import { NoEvidence } from "../../functions/janitor/sweep.ts";
import { domainRecord, recordOf } from "./account.ts";
import { checkRun, type Violation } from "./checks.ts";
import { state } from "./statement.ts";
import { startRun, type Run, type Tampering } from "./sweep-process.ts";
import { CALM, drawPlan, finishing, type Plan } from "./world.ts";

export interface SimulateOptions {
  readonly tampering?: Tampering;
  /** Gets every line of the trace. */
  readonly onTrace?: (line: string) => void;
}

export interface Simulated {
  readonly seed: number;
  /** Over everything that happened, in order. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly stats: {
    readonly sweeps: number;
    readonly deletions: number;
    readonly crashes: number;
    readonly requests: number;
    readonly stopped: readonly string[];
  };
}

const HOUR = 3_600_000;

function isOver(run: Run): boolean {
  return run.crashed || run.endedAt !== undefined;
}

function whyStopped({ crashed, report, error }: Run): string {
  if (crashed) return "crashed";
  const stopped = error instanceof NoEvidence ? error.report : report;
  return `${stopped?.stoppedBecause ?? "thrown"}${error === undefined ? "" : " at once"}`;
}

/** The runs before the last: one after the other, or the second beside the first. */
async function playRuns(plan: Plan, tampering: Tampering): Promise<Run[]> {
  const { world, overlapAfter } = plan;
  const runs: Run[] = [];
  const waiting = [...plan.runs];
  const start = (): void => {
    const options = waiting.shift();
    if (options !== undefined)
      runs.push(startRun(world, { ...options, tampering }));
  };
  while (waiting.length > 0) {
    start();
    if (overlapAfter !== undefined && runs.length === 1 && waiting.length > 0)
      world.clock.at(overlapAfter, start);
    await world.clock.play(() => runs.every(isOver), world.clock.time + HOUR);
    await world.clock.play(() => false, world.clock.time + 2000);
  }
  // The second may have begun late, in one of those pauses.
  await world.clock.play(() => runs.every(isOver), world.clock.time + HOUR);
  return runs;
}

/** What an honest reading of the account says may be deleted. */
function deletableInTruth(plan: Plan, now: number): string[] {
  const { account } = plan.world.vendor;
  const certificates = [...account.certificates.values()];
  const listings = [true, false].map((expiring) => ({
    expiring,
    records: certificates
      .filter(({ notAfter }) => notAfter <= now === expiring)
      .map((certificate) => recordOf(certificate, now)),
  }));
  const { policy } = plan.configuration;
  const scoped = listings.map(({ expiring, records }) => ({
    expiring,
    records: records.filter(
      ({ ProjectName }) =>
        policy.projectNames.length === 0 ||
        policy.projectNames.some((name) => name === ProjectName),
    ),
  }));
  const poisoned = new Set(
    certificates
      .filter(({ poison }) => poison !== undefined)
      .map(({ chainId }) => chainId),
  );
  return [
    ...state(
      { listings: scoped, domains: account.domains.map(domainRecord) },
      policy,
      now,
    ),
  ]
    .filter(([id, { deletable }]) => deletable && !poisoned.has(id))
    .map(([id]) => id);
}

/** Heals the vendor, lets a run finish the work, then one more on the unchanged world. */
async function playEnd(
  plan: Plan,
  before: readonly Run[],
  tampering: Tampering,
): Promise<{ runs: Run[]; violations: Violation[] }> {
  const { world } = plan;
  const { clock, vendor } = world;
  const violations: Violation[] = [];
  // What is on its way has arrived by then.
  await clock.play(() => false, clock.time + 60_000);
  vendor.settings = { ...vendor.settings, ...CALM };
  vendor.closed = undefined;
  vendor.keys.add(world.secret.accessKeyId);
  const last = startRun(world, finishing(plan, "finish", 0, tampering));
  await clock.play(() => isOver(last), clock.time + HOUR);
  const round = last.rounds.at(-1);
  if (last.report?.stoppedBecause !== "done" || round === undefined) {
    violations.push({
      invariant: before.some(({ crashed }) => crashed) ? 7 : 12,
      what: `a healed vendor, and the last run ended with ${last.report?.stoppedBecause ?? String(last.error)}`,
    });
    return { runs: [last], violations };
  }
  // What expired while it was being read may wait for the next run.
  const readFrom = round.judgedAt - (round.endedAt - round.startedAt);
  const left = deletableInTruth(plan, readFrom);
  if (left.length > 0) {
    const someRefuse = [...vendor.account.certificates.values()].some(
      ({ poison }) => poison !== undefined,
    );
    const invariants = [
      ...(before.some(({ crashed }) => crashed) ? [7] : []),
      ...(someRefuse ? [12] : []),
    ];
    for (const invariant of invariants.length > 0 ? invariants : [7]) {
      violations.push({
        invariant,
        what: `left after the last run: ${left.join(", ")}`,
      });
    }
  }
  const failed = new Set(
    last.report.items
      .filter(({ outcome }) => outcome === "failed")
      .map(({ chainId }) => chainId.toLowerCase()),
  );
  // The clock is turned back to before the last run's reading, for the vendor as well: certificates that refuse
  // take their time again, and meanwhile none may expire that had not.
  const back = readFrom - clock.wall - 60_000;
  vendor.settings = { ...vendor.settings, skew: back };
  const again = startRun(world, finishing(plan, "again", back, tampering));
  const sent = vendor.sends.length;
  await clock.play(() => isOver(again), clock.time + HOUR);
  for (const { action, chainId } of vendor.sends.slice(sent)) {
    if (action === "DeleteCert" && !failed.has(chainId.toLowerCase())) {
      violations.push({
        invariant: 6,
        what: `${chainId} sent by a second run on an unchanged world`,
      });
    }
  }
  return { runs: [last, again], violations };
}

export async function simulate(
  seed: number,
  { tampering = {}, onTrace }: SimulateOptions = {},
): Promise<Simulated> {
  const hash = createHash("sha256");
  const plan = drawPlan(seed, (line) => {
    const stamped = `${plan.world.clock.time.toFixed(3)} ${line}\n`;
    hash.update(stamped);
    onTrace?.(stamped);
  });
  const { world } = plan;
  const before = await playRuns(plan, tampering);
  const end = await playEnd(plan, before, tampering);
  const runs = [...before, ...end.runs];
  const violations = [
    ...runs.flatMap((run) => checkRun(world, run)),
    ...end.violations,
  ];
  return {
    seed,
    hash: hash.digest("hex"),
    violations,
    stats: {
      sweeps: runs.length,
      deletions: world.vendor.deletions.length,
      crashes: runs.filter(({ crashed }) => crashed).length,
      requests: world.vendor.sends.length,
      stopped: runs.map(whyStopped),
    },
  };
}
