/**
 * The sweep: look, judge, delete, look again, until a look finds nothing left to do. The list at the vendor is the durable queue,
 * so a crash, a timeout or two overlapping runs lose nothing.
 */
import { instant, type Certificate } from "./certificate.ts";
import { judge, type Judgement, type Policy, type Reason } from "./verdict.ts";
import { createDeletionLog, type Log } from "./deletion-log.ts";
import {
  EVIDENCE_LIFE_MS,
  VendorFailure,
  withDeadline,
  type Clock,
  type Deadline,
  type FailureKind,
  type Observation,
  type Observer,
  type Remover,
} from "./vendor.ts";

/** A run is over with at least this much of its time left, in milliseconds. */
const STOP_WITH_LEFT_MS = 10_000;
/** Time to write the report, before that. */
const WIND_DOWN_MS = 2_000;
/** No DeleteCert is sent with less than this before the end, so that its answer is not cut off. */
const LAST_SEND_MS = 10_000;
const IN_FLIGHT = 8;
const FAILURES_IN_A_ROW = 10;
const TRIES = 2;

export type StoppedBecause =
  | "done"
  | "too-many"
  | "max-deletions"
  | "out-of-time"
  | "evidence-too-old"
  | "vendor-unhealthy"
  | "vendor-billing"
  | "credentials-rejected"
  | "vendor-access-denied"
  | "no-evidence";

export type ItemOutcome =
  "deleted" | "alreadyGone" | "unconfirmed" | "failed" | "remaining";

export interface ReportItem {
  readonly chainId: string;
  readonly name: string;
  readonly domains: readonly string[];
  readonly notAfter: string;
  readonly verdict: "delete" | "keep";
  readonly reasons: readonly Reason[];
  readonly outcome?: ItemOutcome;
  /** DeleteCert requests sent for it. */
  readonly attempts?: number;
  readonly requestId?: string;
  readonly error?: string;
}

/** Disjoint: `eligible` is the sum of the five after it. */
export interface SweepCounts {
  readonly listed: number;
  readonly expired: number;
  readonly eligible: number;
  readonly deleted: number;
  readonly alreadyGone: number;
  readonly unconfirmed: number;
  readonly failed: number;
  readonly remaining: number;
  /** Expired and still bound: an outage in the making. */
  readonly expiredInUse: number;
  readonly kept: Readonly<Partial<Record<Reason, number>>>;
}

export interface SweepReport {
  readonly runId: string;
  readonly mode: "delete" | "dry-run";
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly stoppedBecause: StoppedBecause;
  readonly rounds: number;
  readonly counts: SweepCounts;
  readonly items: readonly ReportItem[];
  /** What went wrong with the reading that ended the run. */
  readonly error?: string;
}

export interface SweepParts {
  readonly observer: Observer;
  readonly remover: Remover;
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

/** What the run knows of one certificate. */
interface Item {
  judgement: Judgement;
  tries: number;
  attempts: number;
  /** The vendor said once that it deleted it. */
  succeeded: boolean;
  requestId: string | undefined;
  error: string | undefined;
  /** The latest listing has it. */
  listed: boolean;
}

function chainIdOf(certificate: Certificate): string {
  return certificate.chainId.toLowerCase();
}

function outcomeOf(item: Item): ItemOutcome | undefined {
  if (item.tries > 0) {
    if (item.succeeded) return item.listed ? "unconfirmed" : "deleted";
    return item.listed ? "failed" : "alreadyGone";
  }
  return item.judgement.verdict === "delete" && item.listed
    ? "remaining"
    : undefined;
}

/** Failures that end the run, since every further call would meet the same. */
const FATAL: ReadonlyMap<FailureKind, StoppedBecause> = new Map([
  ["billing", "vendor-billing"],
  ["credentials-rejected", "credentials-rejected"],
  ["access-denied", "vendor-access-denied"],
]);

function asFailure(error: unknown): VendorFailure {
  return error instanceof VendorFailure
    ? error
    : new VendorFailure(
        `A defect of this program (${error instanceof Error ? error.name : typeof error}).`,
        { kind: "vendor-error", outcome: "unknown", cause: error, attempts: 1 },
      );
}

class Sweep {
  readonly #parts: SweepParts;
  readonly #settings: SweepSettings;
  readonly #startedAt: string;
  readonly #items = new Map<string, Item>();
  #rounds = 0;
  #failuresInARow = 0;
  #stopped: StoppedBecause | undefined;

  constructor(parts: SweepParts, settings: SweepSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#startedAt = this.#time();
  }

  async run(): Promise<SweepReport> {
    const { clock, remainingMs } = this.#parts;
    const time = remainingMs() - STOP_WITH_LEFT_MS - WIND_DOWN_MS;
    let error: VendorFailure | undefined;
    await withDeadline(clock, time, undefined, async (deadline) => {
      while (this.#stopped === undefined) {
        this.#rounds += 1;
        try {
          const observation = await this.#parts.observer.observe(deadline);
          await this.#round(observation, deadline);
        } catch (thrown) {
          const failure = asFailure(thrown);
          error = failure;
          this.#stopped =
            FATAL.get(failure.kind) ?? this.#withoutEvidence(deadline);
        }
      }
    });
    const report = this.#report(error);
    for (const item of report.items) {
      if ((item.attempts ?? 0) === 0) {
        this.#log("not-attempted", {
          mode: report.mode,
          because: item.verdict === "keep" ? "kept" : report.stoppedBecause,
          ...item,
        });
      }
    }
    const { items, ...summary } = report;
    this.#log("sweep-summary", { ...summary, items: items.length });
    if (error !== undefined && this.#rounds === 1) {
      throw new NoEvidence(report, error);
    }
    return report;
  }

  /** A later round that the deadline cut off is only short of time. */
  #withoutEvidence(deadline: Deadline): StoppedBecause {
    return this.#rounds > 1 && deadline.signal.aborted
      ? "out-of-time"
      : "no-evidence";
  }

  async #round(observation: Observation, deadline: Deadline): Promise<void> {
    const { clock } = this.#parts;
    const { policy, maxDeletions, dryRun } = this.#settings;
    for (const item of this.#items.values()) item.listed = false;
    const eligible: Item[] = [];
    for (const judgement of judge(observation, policy, clock.now())) {
      const item = this.#seen(judgement);
      if (judgement.verdict === "delete") eligible.push(item);
    }
    if (this.#rounds === 1 && eligible.length > maxDeletions) {
      this.#stopped = "too-many";
      return;
    }
    const again = eligible.filter(
      (item) => item.succeeded && item.tries < TRIES,
    );
    const untried = eligible.filter((item) => item.tries === 0);
    const tried = [...this.#items.values()].filter(({ tries }) => tries > 0);
    const allowed = untried.slice(0, maxDeletions - tried.length);
    const todo = [...again, ...allowed];
    if (todo.length === 0 || dryRun) {
      this.#stopped =
        allowed.length < untried.length ? "max-deletions" : "done";
      return;
    }
    const evidenceEnds = observation.startedAt + EVIDENCE_LIFE_MS;
    const timeEnds = deadline.at - LAST_SEND_MS;
    const started = await this.#deleteAll(
      todo,
      observation.secretVersion,
      Math.min(evidenceEnds, timeEnds),
      deadline,
    );
    if (this.#stopped !== undefined) return;
    if (clock.monotonic() >= timeEnds) this.#stopped = "out-of-time";
    else if (started === 0) this.#stopped = "evidence-too-old";
  }

  #seen(judgement: Judgement): Item {
    const chainId = chainIdOf(judgement.certificate);
    // Records without a chain id are never deleted; they only need to stay apart.
    const key =
      chainId === "" ? JSON.stringify(judgement.certificate) : chainId;
    const item = this.#items.get(key);
    if (item !== undefined) {
      item.judgement = judgement;
      item.listed = true;
      return item;
    }
    const added: Item = {
      judgement,
      tries: 0,
      attempts: 0,
      succeeded: false,
      requestId: undefined,
      error: undefined,
      listed: true,
    };
    this.#items.set(key, added);
    return added;
  }

  /** Works through the list with several calls in flight; returns how many certificates it began with. */
  async #deleteAll(
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
          this.#stopped !== undefined ||
          this.#parts.clock.monotonic() >= sendBefore
        ) {
          return;
        }
        const { sent, secretChanged } = await this.#deleteOne(
          item,
          secretVersion,
          sendBefore,
          deadline,
        );
        if (sent) started += 1;
        if (secretChanged) evidenceHolds = false;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    return started;
  }

  async #deleteOne(
    item: Item,
    secretVersion: string,
    sendBefore: number,
    deadline: Deadline,
  ): Promise<{ sent: boolean; secretChanged: boolean }> {
    const { chainId, records } = item.judgement.certificate;
    const { name, notAfter } = records[0];
    const log = createDeletionLog(
      this.#parts.log,
      { runId: this.#parts.runId, chainId, name, notAfter },
      () => this.#stopped === undefined,
    );
    try {
      const { requestId, attempts } =
        await this.#parts.remover.deleteCertificate({
          chainId,
          secretVersion,
          sendBefore,
          deadline,
          ...log,
        });
      item.tries += 1;
      item.attempts += attempts;
      item.succeeded = true;
      item.listed = false;
      item.requestId = requestId;
      item.error = undefined;
      this.#failuresInARow = 0;
      return { sent: true, secretChanged: false };
    } catch (error) {
      const failure = asFailure(error);
      log.broke(failure);
      const secretChanged = failure.kind === "secret-changed";
      if (failure.attempts === 0 || secretChanged) {
        return { sent: failure.attempts > 0, secretChanged };
      }
      item.tries += 1;
      item.attempts += failure.attempts;
      item.requestId = failure.requestId;
      item.error =
        failure.code === undefined
          ? failure.message
          : `${failure.message} (${failure.code})`;
      this.#noteFailure(failure);
      return { sent: true, secretChanged: false };
    }
  }

  #noteFailure(failure: VendorFailure): void {
    this.#stopped ??= FATAL.get(failure.kind);
    // "Not found" is what an overlapping run looks like; the next list decides whether it is a failure.
    if (failure.kind === "not-found") return;
    this.#failuresInARow += 1;
    if (this.#failuresInARow >= FAILURES_IN_A_ROW) {
      this.#stopped ??= "vendor-unhealthy";
    }
  }

  #log(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#parts.log({ event, runId: this.#parts.runId, ...fields });
  }

  #time(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }

  #report(error: VendorFailure | undefined): SweepReport {
    const { runId } = this.#parts;
    const outcomes = {
      deleted: 0,
      alreadyGone: 0,
      unconfirmed: 0,
      failed: 0,
      remaining: 0,
    };
    const kept: Partial<Record<Reason, number>> = {};
    let listed = 0;
    let expired = 0;
    let expiredInUse = 0;
    const items: ReportItem[] = [];
    for (const item of this.#items.values()) {
      const { certificate, state, verdict, reasons } = item.judgement;
      const outcome = outcomeOf(item);
      // Gone before its turn, by another hand: nothing of this run.
      if (outcome === undefined && !item.listed) continue;
      listed += 1;
      if (state === "expired") {
        expired += 1;
        if (reasons.includes("in-use")) expiredInUse += 1;
      }
      if (outcome !== undefined) outcomes[outcome] += 1;
      else for (const reason of reasons) kept[reason] = (kept[reason] ?? 0) + 1;
      if (outcome === undefined && state !== "expired") continue;
      const [{ name, domains, notAfter }] = certificate.records;
      items.push({
        chainId: certificate.chainId,
        name,
        domains,
        notAfter,
        verdict,
        reasons,
        ...(outcome !== undefined && { outcome, attempts: item.attempts }),
        ...(item.requestId !== undefined && { requestId: item.requestId }),
        ...(item.error !== undefined && { error: item.error }),
      });
    }
    items.sort(
      (a, b) =>
        (instant(a.notAfter) ?? 0) - (instant(b.notAfter) ?? 0) ||
        (a.chainId < b.chainId ? -1 : 1),
    );
    return {
      runId,
      mode: this.#settings.dryRun ? "dry-run" : "delete",
      startedAt: this.#startedAt,
      finishedAt: this.#time(),
      stoppedBecause: this.#stopped ?? "no-evidence",
      rounds: this.#rounds,
      counts: {
        listed,
        expired,
        eligible: Object.values(outcomes).reduce((sum, n) => sum + n, 0),
        ...outcomes,
        expiredInUse,
        kept,
      },
      items,
      ...(error !== undefined && { error: error.message }),
    };
  }
}

/**
 * Sweeps once. Returns the report with every item; rejects with {@link NoEvidence} if the first reading failed
 * (nothing was deleted then), and in no other case.
 */
export function sweep(
  parts: SweepParts,
  settings: SweepSettings,
): Promise<SweepReport> {
  return new Sweep(parts, settings).run();
}
