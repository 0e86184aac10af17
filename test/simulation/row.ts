/**
 * A row of sweeps on a schedule, over virtual days, in an account that lives on: certificates are issued, renewed, bound,
 * unbound and removed by hand, and expire. The vendor fails at realistic rates, and now and then the topic does.
 */
import { checkRun, type Violation } from "./checks.ts";
import type { Faults, FaultKind } from "./faults.ts";
import type { Random } from "./random.ts";
import {
  startRun,
  type Run,
  type RunOptions,
  type Tampering,
} from "./sweep-process.ts";
import {
  calm,
  deletableAsShown,
  rotate,
  touchAfter,
  type Hand,
  type Plan,
} from "./world.ts";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const WEEK = 7 * DAY;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY = 4 * DAY;
/** Sweeps within which what may be deleted must be gone. */
const SWEEPS_ENOUGH = 2;

export interface Schedule {
  readonly minutes: number;
  readonly sweeps: number;
  /** For a day the account is in arrears, and before that the key is rotated. */
  readonly isEventful?: boolean;
}

/** From several an hour to one a week, each long enough to see the beginning of a week. */
export const SCHEDULES: readonly Schedule[] = [
  { minutes: 20, sweeps: 12 },
  { minutes: 60, sweeps: 14 },
  { minutes: 420, sweeps: 12 },
  { minutes: 1440, sweeps: 10 },
  { minutes: 4980, sweeps: 6 },
  { minutes: 10_080, sweeps: 4 },
];

/** Of 1,000 calls so many meet each fault: throttled, a 5xx, done with the answer lost. */
const OF_THOUSAND: readonly (readonly [FaultKind, number])[] = [
  ["throttled", 5],
  ["error", 4],
  ["unreadable", 1],
  ["answer-lost", 1],
  ["reset-after", 1],
];
const KINDS = OF_THOUSAND.flatMap(([kind, count]) =>
  Array.from({ length: count }, () => kind),
);
const NORMAL: Faults = { kinds: KINDS, rate: KINDS.length / 1000 };

const HANDS: readonly Hand[] = [
  "replace",
  "replace",
  "replace",
  "renew",
  "bind",
  "unbind",
  "remove",
];

/** What tells a day or a week from another. */
function periodOf(wall: number, length: number, first: number): number {
  return Math.floor((wall - first) / length);
}

/** How often each certificate that might have been deleted was left by sweeps that could. */
class Waits {
  #waited = new Map<string, number>();
  longest = 0;

  /** @returns those that have waited too long */
  after(run: Run, atFirst: readonly string[], now: readonly string[]) {
    const isGood =
      run.report?.stoppedBecause === "done" && run.report.mode === "delete";
    const still = new Set(now);
    this.#waited = new Map(
      atFirst
        .filter((id) => still.has(id))
        .map((id) => [id, (this.#waited.get(id) ?? 0) + Number(isGood)]),
    );
    this.longest = Math.max(this.longest, ...this.#waited.values());
    return [...this.#waited].flatMap(([id, sweeps]) =>
      isGood && sweeps >= SWEEPS_ENOUGH ? [id] : [],
    );
  }
}

export interface Row {
  readonly violations: readonly Violation[];
  /** Sweeps that left the same certificate, though they could have deleted it. */
  readonly longestWait: number;
}

/** What the vendor is like until the next sweep, the n-th. */
function drawMood(
  { world }: Plan,
  random: Random,
  n: number,
  { minutes, sweeps, isEventful = false }: Schedule,
): void {
  const { vendor, clock } = world;
  const day = Math.ceil(1440 / minutes);
  const arrears = Math.floor(sweeps * 0.6);
  vendor.closed =
    isEventful && n >= arrears && n < arrears + day
      ? "RequestForbidden.BillingStatus"
      : undefined;
  const isBad = random.chance(0.03);
  const from = clock.monotonic() + random.int(0, 4000);
  vendor.settings = {
    ...vendor.settings,
    faults: !isBad
      ? NORMAL
      : random.chance(0.5)
        ? { ...NORMAL, outage: [from, from + 20 * MINUTE] }
        : { ...NORMAL, rate: 0.3 },
  };
  if (!isEventful || n !== Math.floor(sweeps * 0.3)) return;
  const old = world.secret.accessKeyId;
  clock.at(clock.monotonic() + 500, () => {
    rotate(world, random);
  });
  clock.at(clock.monotonic() + 900, () => vendor.keys.delete(old));
}

/** Plays the row; `onRun` is called after each sweep, whose records are forgotten then. */
export async function playRow(
  plan: Plan,
  tampering: Tampering,
  schedule: Schedule,
  onRun: (run: Run) => void = () => undefined,
): Promise<Row> {
  const { world } = plan;
  const { clock, vendor } = world;
  const random = world.random.fork("row");
  const { minutes, sweeps } = schedule;
  const configuration = {
    ...plan.configuration,
    policy: { ...plan.configuration.policy, graceDays: random.int(0, 3) },
    dryRun: schedule.isEventful !== true && plan.configuration.dryRun,
    maxDeletions: 100_000,
    warnDays: random.pick(["auto", 3] as const),
    sendsPerSecond: 7.8,
    sweepIntervalMinutes: minutes,
  };
  vendor.settings = calm(vendor.settings);
  vendor.shifts = vendor.renewals = 0;
  vendor.midway = undefined;
  // What disturbs a storm is over by then.
  await clock.pass(2 * MINUTE);
  vendor.keys.add(world.secret.accessKeyId);
  const epoch = clock.now() - clock.monotonic();
  const monday =
    FIRST_MONDAY + WEEK * (periodOf(clock.now() + DAY, WEEK, FIRST_MONDAY) + 1);
  const lead = random.int(1, Math.min(sweeps - 2, 6)) * minutes;
  const first = monday - epoch - (lead - random.int(0, minutes - 1)) * MINUTE;
  const at = (n: number): number => first + n * minutes * MINUTE;
  const waits = new Waits();
  const violations: Violation[] = [];
  let before = epoch + at(-1);
  for (let n = 0; n < sweeps; n++) {
    await clock.pass(at(n) + random.int(1000, 50_000) - clock.monotonic());
    drawMood(plan, random, n, schedule);
    const wall = clock.now();
    const isFirst = (length: number, from = 0): boolean =>
      periodOf(wall, length, from) !== periodOf(before, length, from);
    const isFirstOf = { day: isFirst(DAY), week: isFirst(WEEK, FIRST_MONDAY) };
    before = wall;
    for (let hands = random.int(0, 2); hands > 0; hands--)
      touchAfter(
        world,
        random,
        random.int(0, random.chance(0.3) ? 5000 : minutes * MINUTE),
        HANDS,
      );
    const atFirst = deletableAsShown(vendor, configuration, wall);
    const options: RunOptions = {
      name: `sweep-${String(n + 1)}`,
      configuration,
      lifetime: 900_000,
      crashAt: random.chance(0.04) ? random.int(1, 60) : undefined,
      wallOffset: random.int(-500, 500),
      timerLateness: true,
      mailing: {
        asked: random.chance(0.1),
        sweepIntervalMinutes: minutes,
        isFirstOf,
        isDown: random.chance(0.15),
      },
      tampering,
    };
    const run = startRun(world, options);
    await clock.play(
      () => run.crashed || run.endedAt !== undefined,
      clock.monotonic() + 16 * MINUTE,
    );
    // What was on its way has arrived by then, and what was deleted is listed no more.
    await clock.pass(MINUTE);
    violations.push(...checkRun(world, run));
    const left = waits.after(
      run,
      atFirst,
      deletableAsShown(vendor, configuration, wall),
    );
    for (const id of left)
      violations.push({
        invariant: 14,
        what: `${options.name}: ${id} has waited for ${String(SWEEPS_ENOUGH)} sweeps`,
      });
    onRun(run);
    // The world lives on, its records of this sweep do not.
    vendor.forget();
  }
  return { violations, longestWait: waits.longest };
}
