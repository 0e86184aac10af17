/**
 * The sweep: look, judge, delete, look again, until a look finds nothing left to do. The list at the vendor is the durable queue,
 * so a crash, a timeout or two overlapping runs lose nothing.
 */
import { createDeletionLog, deletionFacts, type Log } from "./deletion-log.ts";
import { expiringInUse, type Expiring, type WarnDays } from "./foresight.ts";
import { patiently } from "./patience.ts";
import {
  accountOf,
  idleRules,
  isEligible,
  outcomeOf,
  type Item,
  type SweepReport,
} from "./report.ts";
import type { StoppedBecause } from "../contract/stops.ts";
import {
  EVIDENCE_LIFE_MS,
  type Clock,
  type Deadline,
  type Observation,
  type Observer,
  type Deleter,
} from "./ports.ts";
import { isOver, withDeadline } from "./deadline.ts";
import { VendorFailure, type FailureKind } from "./failure.ts";
import { judge, type Judgement, type Policy } from "./verdict.ts";

/** A run is over with at least this much of its time left, in milliseconds. */
const STOP_WITH_LEFT_MS = 10_000;
/** Time to write the report, before that. */
const WIND_DOWN_MS = 2_000;
/** Kept free before that for the list that tells what became of attempts without a clear answer. */
const SETTLE_MS = 30_000;
/** No DeleteCert is sent with less than this before the end of the rounds, so that its answer is not cut off. */
const LAST_SEND_MS = 10_000;
/** For so long a reading that got no answer is repeated. */
const PATIENCE_MS = 180_000;
const IN_FLIGHT = 8;
const FAILURES_IN_A_ROW = 10;
const TRIES = 2;

export interface SweepParts {
  readonly observer: Observer;
  readonly deleter: Deleter;
  readonly clock: Clock;
  /** Milliseconds until the host ends the process. */
  readonly remainingMs: () => number;
  readonly log: Log;
  readonly runId: string;
}

export interface SweepSettings {
  readonly policy: Policy;
  /** Distinct certificates that a run may try to delete. */
  readonly maxDeletions: number;
  readonly dryRun: boolean;
  /** @default "auto" */
  readonly warnDays?: WarnDays;
  /** The chain ids, in lower case, that the run is restricted to. @default no restriction */
  readonly only?: ReadonlySet<string>;
}

/** The first round had no evidence: nothing was deleted, and the host must see a failed run. */
export class NoEvidence extends Error {
  override readonly name = "NoEvidence";
  readonly report: SweepReport;
  constructor(report: SweepReport, cause: VendorFailure) {
    super(
      `No sweep took place and nothing was deleted: ${cause.message} The next run tries again.`,
      { cause },
    );
    this.report = report;
  }
}

/** Failures that end the run, since every further call would meet the same. */
const FATAL: ReadonlyMap<FailureKind, StoppedBecause> = new Map([
  ["billing", "vendor-billing"],
  ["credentials-rejected", "credentials-rejected"],
  ["access-denied", "vendor-access-denied"],
  ["not-set-up", "not-set-up"],
]);

/** A run under way. */
interface Run {
  readonly parts: SweepParts;
  readonly settings: SweepSettings;
  readonly items: Map<string, Item>;
  /** By the last reading. */
  expiring: readonly Expiring[];
  idleRules: readonly string[];
  /** A reading showed all that there is: what none has had is not listed. */
  isSettled: boolean;
  rounds: number;
  failuresInARow: number;
  stopped: StoppedBecause | undefined;
  /** What the reading that ended the run failed with. */
  error: VendorFailure | undefined;
}

/**
 * Sweeps once. Returns the report with every item; rejects with {@link NoEvidence} if the first reading failed
 * (nothing was deleted then), and in no other case; not for want of a key either that nobody has put there yet.
 */
export async function sweep(
  parts: SweepParts,
  settings: SweepSettings,
): Promise<SweepReport> {
  const { clock, remainingMs } = parts;
  const startedAt = timeOf(clock);
  const { only } = settings;
  const run: Run = {
    parts,
    settings,
    items: new Map(),
    expiring: [],
    idleRules: [],
    isSettled: false,
    rounds: 0,
    failuresInARow: 0,
    stopped: undefined,
    error: undefined,
  };
  const time = remainingMs() - STOP_WITH_LEFT_MS - WIND_DOWN_MS;
  await withDeadline(clock, time, undefined, async (whole) => {
    await withDeadline(clock, time - SETTLE_MS, whole, (deadline) =>
      rounds(run, deadline),
    );
    await settle(run, whole);
  });
  // Of the first reading: without it nothing is known of the account.
  const blindness = run.rounds === 1 ? run.error : undefined;
  const report: SweepReport = {
    runId: parts.runId,
    mode: settings.dryRun ? "dry-run" : "delete",
    startedAt,
    finishedAt: timeOf(clock),
    // Stryker disable next-line StringLiteral: a run that ended was stopped; only the compiler needs the other half
    stoppedBecause: run.stopped ?? "no-evidence",
    rounds: run.rounds,
    ...(only !== undefined && { only: only.size }),
    ...accountOf(
      run.items.values(),
      run.expiring,
      (blindness === undefined ? only : undefined) ?? new Set(),
      run.isSettled,
    ),
    idleRules: run.idleRules,
    ...(run.error !== undefined && { error: run.error.message }),
  };
  logReport(parts, report);
  // Nobody has put a key there yet, as after a first deployment: nothing has failed, and nobody needs to be woken up.
  if (blindness !== undefined && run.stopped !== "not-set-up") {
    throw new NoEvidence(report, blindness);
  }
  return report;
}

function timeOf(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

function logReport(
  { log, runId }: SweepParts,
  { items, expiring, ...summary }: SweepReport,
): void {
  for (const one of expiring) log({ event: "expiring-in-use", runId, ...one });
  for (const item of items) {
    if ((item.attempts ?? 0) > 0) continue;
    log({
      event: "not-attempted",
      runId,
      mode: summary.mode,
      because: item.verdict === "keep" ? "kept" : summary.stoppedBecause,
      ...item,
    });
  }
  log({ event: "sweep-summary", ...summary, items: items.length });
}

function asFailure(error: unknown): VendorFailure {
  return error instanceof VendorFailure
    ? error
    : new VendorFailure(
        `A defect of this program (${error instanceof Error ? error.name : typeof error}).`,
        {
          kind: "vendor-error",
          outcome: "unknown",
          cause: error,
          attempts: 1,
          possiblyDone: true,
        },
      );
}

async function rounds(run: Run, deadline: Deadline): Promise<void> {
  const { clock, observer } = run.parts;
  while (run.stopped === undefined) {
    run.rounds += 1;
    try {
      const observation = await patiently(clock, deadline, PATIENCE_MS, () =>
        observer.observe(deadline),
      );
      await round(run, observation, deadline);
    } catch (thrown) {
      const failure = asFailure(thrown);
      run.error = failure;
      // A later round that the deadline cut off is only short of time.
      run.stopped =
        FATAL.get(failure.kind) ??
        (run.rounds > 1 && isOver(clock, deadline)
          ? "out-of-time"
          : "no-evidence");
    }
  }
}

async function round(
  run: Run,
  observation: Observation,
  deadline: Deadline,
): Promise<void> {
  const { clock } = run.parts;
  const { policy, maxDeletions, dryRun, warnDays = "auto" } = run.settings;
  run.isSettled ||= observation.isSettled;
  // What a listing that shifted does not have may be there all the same.
  for (const item of run.items.values()) {
    if (observation.isSettled) item.listed = false;
  }
  const eligible: Item[] = [];
  const now = clock.now();
  const judgements = judge(observation, policy, now);
  run.expiring = expiringInUse(judgements, observation.domains, warnDays, now);
  run.idleRules = idleRules(judgements, policy.protect);
  for (const judgement of judgements) {
    const item = seen(run, judgement);
    if (isEligible(item)) eligible.push(item);
  }
  if (run.rounds === 1 && eligible.length > maxDeletions) {
    run.stopped = "too-many";
    return;
  }
  const again = eligible.filter((item) => item.succeeded && item.tries < TRIES);
  const untried = eligible.filter((item) => item.tries === 0);
  const tried = [...run.items.values()].filter(({ tries }) => tries > 0);
  const allowed = untried.slice(0, Math.max(0, maxDeletions - tried.length));
  const todo = [...again, ...allowed];
  if (todo.length === 0 || dryRun) {
    run.stopped = allowed.length < untried.length ? "max-deletions" : "done";
    return;
  }
  const evidenceEnds = observation.startedAt + EVIDENCE_LIFE_MS;
  const timeEnds = deadline.at - LAST_SEND_MS;
  const started = await deleteAll(
    run,
    todo,
    observation.secretVersion,
    Math.min(evidenceEnds, timeEnds),
    deadline,
  );
  if (clock.monotonic() >= timeEnds) run.stopped ??= "out-of-time";
  else if (started === 0) run.stopped ??= "evidence-too-old";
}

function keyOf({ certificate }: Judgement): string {
  // Records without a chain id are never deleted; they only need to stay apart.
  return certificate.chainId.toLowerCase() || JSON.stringify(certificate);
}

function seen(run: Run, judgement: Judgement): Item {
  const key = keyOf(judgement);
  const known = run.items.get(key);
  if (known !== undefined)
    return Object.assign(known, { judgement, listed: true });
  const item: Item = {
    judgement,
    isAskedFor: run.settings.only?.has(key),
    tries: 0,
    attempts: 0,
    succeeded: false,
    inDoubt: false,
    listed: true,
    requestId: undefined,
    error: undefined,
  };
  run.items.set(key, item);
  return item;
}

/** Works through the list with several calls in flight; returns how many certificates it began with. */
async function deleteAll(
  run: Run,
  todo: readonly Item[],
  secretVersion: string,
  sendBefore: number,
  deadline: Deadline,
): Promise<number> {
  let started = 0;
  let evidenceHolds = true;
  const queue = todo.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (
        !evidenceHolds ||
        // Stryker disable next-line ConditionalExpression: the log's permit forbids each send as well
        run.stopped !== undefined ||
        run.parts.clock.monotonic() >= sendBefore
      ) {
        return;
      }
      const failure = await tryToDelete(
        run,
        item,
        secretVersion,
        sendBefore,
        deadline,
      );
      // Stryker disable next-line AssignmentOperator: only whether it is zero matters, and it moves one way
      if (failure?.attempts !== 0) started += 1;
      if (failure?.kind === "secret-changed") evidenceHolds = false;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return started;
}

/** Resolves to why it is not known to be deleted, or to undefined if the vendor said so. */
async function tryToDelete(
  run: Run,
  item: Item,
  secretVersion: string,
  sendBefore: number,
  deadline: Deadline,
): Promise<VendorFailure | undefined> {
  const { certificate } = item.judgement;
  const log = createDeletionLog(
    run.parts.log,
    { runId: run.parts.runId, ...deletionFacts(certificate) },
    () => run.stopped === undefined,
  );
  try {
    const { requestId, attempts } = await run.parts.deleter.deleteCertificate({
      chainId: certificate.chainId,
      secretVersion,
      sendBefore,
      deadline,
      ...log,
    });
    item.tries += 1;
    item.attempts += attempts;
    item.succeeded = true;
    item.listed = undefined;
    item.requestId = requestId;
    run.failuresInARow = 0;
    return undefined;
  } catch (error) {
    const failure = asFailure(error);
    log.broke(failure);
    item.attempts += failure.attempts;
    // Nothing was sent, or only what was refused with the old key: it is still to be tried.
    const isTry =
      failure.attempts > 0 &&
      (failure.kind !== "secret-changed" || failure.possiblyDone);
    if (isTry) noteFailure(run, item, failure);
    return failure;
  }
}

function noteFailure(run: Run, item: Item, failure: VendorFailure): void {
  const { kind, code, message, possiblyDone } = failure;
  item.tries += 1;
  // "Not found" and "forbidden" are what a deletion looks like whose answer was lost, or that somebody else made.
  item.inDoubt ||=
    possiblyDone ||
    item.succeeded ||
    kind === "not-found" ||
    kind === "forbidden";
  item.listed = undefined;
  item.requestId = failure.requestId;
  item.error = code === undefined ? message : `${message} (${code})`;
  run.stopped ??= FATAL.get(kind);
  // A refusal is about this certificate; what speaks of the vendor ends the run when nothing else comes.
  if (failure.outcome === "answered" && kind !== "unreachable") return;
  if (kind === "secret-changed") return;
  run.failuresInARow += 1;
  if (run.failuresInARow >= FAILURES_IN_A_ROW)
    run.stopped ??= "vendor-unhealthy";
}

/** One more list for what may have been deleted without the vendor's word. Where none can be had, the doubt stays. */
async function settle(run: Run, deadline: Deadline): Promise<void> {
  const { clock, log, observer, runId } = run.parts;
  const open = [...run.items.values()].filter(
    ({ listed }) => listed === undefined,
  );
  if (open.some(({ inDoubt }) => inDoubt)) {
    try {
      const { certificates } = await patiently(clock, deadline, SETTLE_MS, () =>
        observer.listCertificates(deadline),
      );
      const ids = new Set(certificates.map((one) => one.chainId.toLowerCase()));
      for (const item of open) item.listed = ids.has(keyOf(item.judgement));
    } catch (error) {
      log({ event: "not-settled", runId, error: asFailure(error).message });
    }
  }
  for (const item of run.items.values()) {
    if (!item.inDoubt) continue;
    log({
      event: "delete-settled",
      runId,
      ...deletionFacts(item.judgement.certificate),
      outcome: outcomeOf(item),
    });
  }
}
