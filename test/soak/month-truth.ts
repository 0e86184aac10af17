/** What an honest reading says, hour by hour: which deletions were right, and which certificates have waited too long. */
import {
  DAY,
  domainRecord,
  recordOf,
  type Account,
} from "../simulation/account.ts";
import { state, type StatedPolicy } from "../simulation/statement.ts";
import type { Deletion } from "../simulation/vendor-records.ts";

/** Sweeps within which what may be deleted must be gone. */
const SWEEPS = 2;
/** Milliseconds by which a process's wall clock may be off. */
const CLOCK = 1000;

/** The chain ids that may be deleted at `now`. */
function deletableIn(
  { certificates, domains }: Account,
  policy: StatedPolicy,
  now: number,
): Set<string> {
  const all = [...certificates.values()];
  const listings = [true, false].map((expiring) => ({
    expiring,
    records: all
      .filter(({ notAfter }) => notAfter <= now === expiring)
      .map((certificate) => recordOf(certificate, now)),
  }));
  const stated = state(
    { listings, domains: domains.map(domainRecord) },
    policy,
    now,
  );
  return new Set(
    [...stated].filter(([, { deletable }]) => deletable).map(([id]) => id),
  );
}

export class MonthTruth {
  readonly #account: Account;
  readonly #policy: StatedPolicy;
  /** May have been deleted at some moment of the sweep that is under way. */
  #right = new Set<string>();
  #atStart = new Set<string>();
  #expiry = new Map<string, number>();
  #waited = new Map<string, number>();
  longestWait = 0;

  constructor(account: Account, policy: StatedPolicy) {
    this.#account = account;
    this.#policy = policy;
  }

  #live(): Map<string, number> {
    return new Map(
      [...this.#account.certificates.values()].map(
        ({ chainId, notAfter }) => [chainId, notAfter] as const,
      ),
    );
  }

  startSweep(wall: number): void {
    this.#atStart = deletableIn(this.#account, this.#policy, wall);
    this.#right = deletableIn(this.#account, this.#policy, wall + 900_000);
    this.#expiry = this.#live();
  }

  /** The account changed while a sweep is under way. */
  changed(wall: number): void {
    for (const id of deletableIn(this.#account, this.#policy, wall))
      this.#right.add(id);
    for (const [id, notAfter] of this.#live()) this.#expiry.set(id, notAfter);
  }

  /**
   * @param isGood whether the hour was one in which the work should get done
   * @returns what is wrong
   */
  endSweep(
    deletions: readonly Deletion[],
    isGood: boolean,
    wallOf: (time: number) => number,
  ): string[] {
    const wrong: string[] = [];
    for (const { chainId, at, expired } of deletions) {
      const until =
        (this.#expiry.get(chainId) ?? Infinity) + this.#policy.graceDays * DAY;
      if (!expired || until > wallOf(at) + CLOCK)
        wrong.push(`${chainId} was deleted before its grace was over`);
      else if (!this.#right.has(chainId))
        wrong.push(`${chainId} was deleted although the truth keeps it`);
    }
    const waited = new Map<string, number>();
    for (const { chainId, poison } of this.#account.certificates.values()) {
      if (!this.#atStart.has(chainId) || poison !== undefined) continue;
      const sweeps = (this.#waited.get(chainId) ?? 0) + (isGood ? 1 : 0);
      waited.set(chainId, sweeps);
      this.longestWait = Math.max(this.longestWait, sweeps);
      if (sweeps === SWEEPS)
        wrong.push(`${chainId} is still there after ${String(sweeps)} sweeps`);
    }
    this.#waited = waited;
    return wrong;
  }
}
