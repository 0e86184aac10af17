/** One seed: a world is drawn, sweeps run in it, and every invariant is checked. */
import { createHash } from "node:crypto";
import { NoEvidence } from "../../functions/janitor/sweep.ts";
import { checkRun, type Violation } from "./checks.ts";
import { playRow, SCHEDULES } from "./row.ts";
import { startRun, type Run, type Tampering } from "./sweep-process.ts";
import { STILL_LISTED_MS } from "./vendor-model.ts";
import {
  calm,
  deletableAsShown,
  drawPlan,
  filtersOf,
  finishing,
  type Lean,
  type Plan,
} from "./world.ts";

export interface SimulateOptions {
  readonly tampering?: Tampering;
  readonly lean?: Lean;
  /** Gets every line of the trace. */
  readonly onTrace?: (line: string) => void;
}

export interface Stats {
  sweeps: number;
  deletions: number;
  crashes: number;
  requests: number;
  stopped: string[];
}

export interface Simulated {
  readonly seed: number;
  /** Over everything that happened, in order. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly stats: Readonly<Stats>;
}

const HOUR = 3_600_000;
/** Within so many sweeps an unkind vendor has lost everything that may be deleted. */
const SWEEPS_ENOUGH = 3;
const CERTIFICATES_A_PAGE = 100;

function isOver(run: Run): boolean {
  return run.crashed || run.endedAt !== undefined;
}

function whyStopped({
  crashed,
  report,
  deletion,
  error,
  options,
}: Run): string {
  if (crashed) return "crashed";
  if (options.request !== undefined)
    return `DELETE: ${deletion?.outcome ?? "no evidence"}`;
  const stopped = error instanceof NoEvidence ? error.report : report;
  return `${stopped?.stoppedBecause ?? "thrown"}${error === undefined ? "" : " at once"}`;
}

/** From now on others use up the limits for a while. */
function keepBusy({ world, busyMs }: Plan): void {
  world.vendor.busyUntil = world.clock.monotonic() + busyMs;
}

/** The runs before the last: one after the other, or the second beside the first. */
async function playRuns(plan: Plan, tampering: Tampering): Promise<Run[]> {
  const { world, overlapAfter } = plan;
  const runs: Run[] = [];
  const waiting = [...plan.runs];
  const startNext = (): void => {
    const options = waiting.shift();
    if (options !== undefined)
      runs.push(startRun(world, { ...options, tampering }));
  };
  keepBusy(plan);
  while (waiting.length > 0) {
    startNext();
    if (overlapAfter !== undefined && runs.length === 1 && waiting.length > 0)
      world.clock.at(overlapAfter, startNext);
    await world.clock.play(
      () => runs.every(isOver),
      world.clock.monotonic() + HOUR,
    );
    await world.clock.play(() => false, world.clock.monotonic() + 2000);
  }
  // The second may have begun late, in one of those pauses.
  await world.clock.play(
    () => runs.every(isOver),
    world.clock.monotonic() + HOUR,
  );
  return runs;
}

/** Somebody asks for a certificate to be deleted, mostly for one that the sweeps would have to do with. */
async function playRequest(plan: Plan, tampering: Tampering): Promise<Run[]> {
  const { world, configuration } = plan;
  const random = world.random.fork("request");
  const { clock, vendor } = world;
  const listed = [...vendor.account.certificates.values()];
  const shifts = vendor.settings.unkind.has("lists-shift");
  if (listed.length === 0 || !random.chance(shifts ? 1 : 0.6)) return [];
  const bound = new Set(vendor.account.domains.map((domain) => domain.bound));
  const inUse = listed.filter(({ key }) => bound.has(key));
  // What stands on a later page can be passed over.
  const later = filtersOf(configuration).flatMap((filter) =>
    vendor.certificateRows(filter).slice(vendor.settings.certificatePageCap),
  );
  const from =
    shifts && later.length > 0
      ? later
      : inUse.length > 0 && random.chance(0.4)
        ? inUse
        : listed;
  const chainId = random.chance(0.95)
    ? random.pick(from).chainId
    : random.hex(32);
  vendor.wanted = chainId;
  vendor.shifts = Math.max(vendor.shifts, shifts ? 3 : 0);
  const run = startRun(world, {
    ...finishing(plan, "request", random.int(-500, 500), tampering),
    configuration: { ...configuration, dryRun: false, sendsPerSecond: 2 },
    request: { chainId, force: random.chance(0.2) },
  });
  await clock.play(() => isOver(run), clock.monotonic() + HOUR);
  return [run];
}

/** Whether what the vendor leaves open leaves room for evidence at all: `then` in the list of switches. */
function canBeRead(plan: Plan): boolean {
  const { vendor } = plan.world;
  const { unkind, certificatePageCap, domainPageCap } = vendor.settings;
  if (unkind.has("domain-total-absent")) return false;
  const rows = vendor.domainRows();
  if (unkind.has("domain-total-of-page") && rows.length > domainPageCap)
    return false;
  // Rows twice and tiny pages: one that happens to repeat another looks like a vendor that ignores paging.
  const pages = Array.from(
    { length: Math.ceil(rows.length / domainPageCap) },
    (_, n) =>
      JSON.stringify(rows.slice(n * domainPageCap, (n + 1) * domainPageCap)),
  );
  if (new Set(pages).size < pages.length) return false;
  return !(
    unkind.has("certificate-total-of-page") &&
    filtersOf(plan.configuration).some(
      (filter) =>
        vendor.certificateRows(filter).length >
        Math.min(certificatePageCap, CERTIFICATES_A_PAGE),
    )
  );
}

interface End {
  readonly runs: Run[];
  readonly violations: Violation[];
}

/** Lets sweeps finish the work: one where the vendor is kind, up to three where it is not. */
async function playFinish(
  plan: Plan,
  before: readonly Run[],
  tampering: Tampering,
): Promise<End & { readonly readFrom: number | undefined }> {
  const { world } = plan;
  const { clock, vendor } = world;
  const isKind = vendor.settings.unkind.size === 0;
  const runs: Run[] = [];
  let readFrom: number | undefined;
  let left: readonly string[] = [];
  let enough = SWEEPS_ENOUGH;
  do {
    const name = `finish-${String(runs.length + 1)}`;
    const from = vendor.now;
    keepBusy(plan);
    const run = startRun(world, finishing(plan, name, 0, tampering));
    runs.push(run);
    await clock.play(() => isOver(run), clock.monotonic() + HOUR);
    // One that expires by itself moves from one listing to another, which may spoil a sweep as well.
    const expires = [...vendor.account.certificates.values()].some(
      ({ notAfter }) => notAfter > from && notAfter <= vendor.now,
    );
    if (expires) enough += 1;
    await clock.play(() => false, clock.monotonic() + STILL_LISTED_MS);
    if (!canBeRead(plan)) return { runs, violations: [], readFrom: undefined };
    const round = run.rounds.at(-1);
    readFrom = undefined;
    if (run.report?.stoppedBecause !== "done" || round === undefined) continue;
    // What expired while it was being read may wait for the next run.
    readFrom = round.judgedAt - (round.endedAt - round.startedAt);
    // What the vendor's clock has let expire since then it may not have shown as expired.
    const vendorThen = vendor.now - (clock.now() - readFrom);
    left = deletableAsShown(vendor, plan.configuration, readFrom).filter((id) =>
      vendor.living(id).every(({ notAfter }) => notAfter <= vendorThen),
    );
  } while (
    !isKind &&
    runs.length < enough &&
    (readFrom === undefined || left.length > 0)
  );
  const someRefuse = [...vendor.account.certificates.values()].some(
    ({ poison }) => poison !== undefined,
  );
  const invariants = [
    ...(before.some(({ crashed }) => crashed) ? [7] : []),
    ...(someRefuse ? [12] : []),
    ...(isKind ? [] : [14]),
  ];
  const last = runs.at(-1);
  const what =
    readFrom === undefined
      ? `a healed vendor, and the last run ended with ${last?.report?.stoppedBecause ?? String(last?.error)}`
      : left.length > 0
        ? `left after the last run: ${left.join(", ")}`
        : undefined;
  const violations =
    what === undefined
      ? []
      : (invariants.length > 0 ? invariants : [7, 12]).map((invariant) => ({
          invariant,
          what,
        }));
  return { runs, violations, readFrom };
}

/** Heals the vendor, lets sweeps finish the work, then one more on the unchanged world. */
async function playEnd(
  plan: Plan,
  before: readonly Run[],
  tampering: Tampering,
): Promise<End> {
  const { world } = plan;
  const { clock, vendor } = world;
  const isRequestedBefore = world.random.fork("order").chance(0.4);
  const requests = isRequestedBefore ? await playRequest(plan, tampering) : [];
  // What is on its way has arrived by then.
  await clock.play(() => false, clock.monotonic() + 60_000);
  vendor.settings = calm(vendor.settings);
  vendor.closed = undefined;
  if (vendor.midway?.isHarmless !== true) vendor.midway = undefined;
  vendor.keys.add(world.secret.accessKeyId);
  if (!isRequestedBefore)
    requests.push(...(await playRequest(plan, tampering)));
  // Two spoil a sweep, one in each of its readings; what else moves at the end may spoil another.
  vendor.shifts = Math.min(vendor.shifts, 2);
  vendor.renewals = 0;
  const finish = await playFinish(plan, before, tampering);
  const { violations, readFrom } = finish;
  const runs = [...requests, ...finish.runs];
  const last = runs.at(-1);
  if (readFrom === undefined || last?.report === undefined)
    return { runs, violations };
  const failed = new Set(
    last.report.items
      .filter(({ outcome }) => outcome === "failed")
      .map(({ chainId }) => chainId.toLowerCase()),
  );
  // A listing that shifted may have let one pass for gone.
  for (const { chainId, poison } of vendor.account.certificates.values()) {
    if (poison !== undefined) failed.add(chainId);
  }
  // The clock is turned back to before the last run's reading, for the vendor as well: certificates that refuse
  // take their time again, and meanwhile none may expire that had not.
  const back = readFrom - clock.now() - 60_000;
  vendor.settings = {
    ...vendor.settings,
    skew: vendor.settings.skew + back,
  };
  const again = startRun(world, finishing(plan, "again", back, tampering));
  const sent = vendor.sends.length;
  await clock.play(() => isOver(again), clock.monotonic() + HOUR);
  for (const { action, chainId } of vendor.sends.slice(sent)) {
    if (action === "DeleteCert" && !failed.has(chainId.toLowerCase())) {
      violations.push({
        invariant: 6,
        what: `${chainId} sent by a second run on an unchanged world`,
      });
    }
  }
  return { runs: [...runs, again], violations };
}

/** Counts runs, with what the vendor has noted since the last count. */
export function countRuns({ world: { vendor } }: Plan): {
  stats: Readonly<Stats>;
  count: (...runs: readonly Run[]) => void;
} {
  const stats: Stats = {
    sweeps: 0,
    deletions: 0,
    crashes: 0,
    requests: 0,
    stopped: [],
  };
  return {
    stats,
    count(...runs) {
      stats.sweeps += runs.length;
      stats.crashes += runs.filter(({ crashed }) => crashed).length;
      stats.deletions += vendor.deletions.length;
      stats.requests += vendor.sends.length;
      stats.stopped.push(...runs.map(whyStopped));
    },
  };
}

async function playStorm(plan: Plan, tampering: Tampering): Promise<End> {
  const before = await playRuns(plan, tampering);
  const end = await playEnd(plan, before, tampering);
  const runs = [...before, ...end.runs];
  const checked = runs.flatMap((run) => checkRun(plan.world, run));
  return { runs, violations: [...checked, ...end.violations] };
}

export async function simulate(
  seed: number,
  { tampering = {}, lean, onTrace }: SimulateOptions = {},
): Promise<Simulated> {
  const hash = createHash("sha256");
  const plan = drawPlan(
    seed,
    (line) => {
      const stamped = `${plan.world.clock.monotonic().toFixed(3)} ${line}\n`;
      hash.update(stamped);
      onTrace?.(stamped);
    },
    lean,
  );
  const { stats, count } = countRuns(plan);
  let violations: readonly Violation[];
  if (plan.isRow) {
    const schedule = plan.world.random.fork("schedule").pick(SCHEDULES);
    ({ violations } = await playRow(plan, tampering, schedule, count));
  } else {
    const storm = await playStorm(plan, tampering);
    count(...storm.runs);
    ({ violations } = storm);
  }
  return { seed, hash: hash.digest("hex"), violations, stats };
}
