/**
 * Command: 30 virtual days of hourly sweeps over one account that lives on, with faults at realistic rates, crashes, bad
 * hours, a rotated key and a day of arrears. Each sweep is checked by the simulation's invariants and against the truth.
 *
 *   --seed N   tells the whole story of the month (1)      --days N   (30)
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parseArgs } from "node:util";
import { NoEvidence } from "../../functions/janitor/sweep.ts";
import { checkRun } from "../simulation/checks.ts";
import { createRandom } from "../simulation/random.ts";
import { startRun, type Run } from "../simulation/sweep-process.ts";
import { HOUR } from "./month-account.ts";
import { createMonth, NORMAL } from "./month-world.ts";
import { megabytes, slopeOf, type Sample } from "./slope.ts";

/** Megabytes a day by which the heap may grow; keeping each sweep's report would be several times that. */
const FLAT = 0.1;
/** Days until code is compiled and the account has its usual size. */
const WARM_UP = 5;
/** Days from which on growth can be told from a first arrears, rotation and crash, whose code is new. */
const LONG_ENOUGH = 20;
const SHOWN = 20;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function usedHeap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function whyEnded({ crashed, report, error }: Run): string {
  if (crashed) return "crashed";
  const ended = error instanceof NoEvidence ? error.report : report;
  return ended?.stoppedBecause ?? "thrown";
}

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    days: { type: "string", default: "30" },
  },
});
const seed = Number(values.seed);
const days = Number(values.days);
const startedAt = performance.now();
const { world, account, truth, configuration, faults } = createMonth(seed);
const { clock, vendor, secret } = world;
const random = createRandom(seed, "month");
const arrears = Math.floor(days * 0.6) * 24;
const rotation = Math.floor(days * 0.3) * 24 + 7;
const healing = Math.floor(days * 0.8) * 24;
const total = { sweeps: 0, crashes: 0, bad: 0, requests: 0, deletions: 0 };
const ends = new Map<string, number>();
const samples: Sample[] = [];
const violations: string[] = [];
let changedMidway = 0;
let isSweeping = false;
account.onChange = () => {
  if (!isSweeping) return;
  changedMidway += 1;
  truth.changed(clock.now());
};

/** Faults of the hour to come; true for one in which the work cannot be relied on. */
function drawHour(hour: number): boolean {
  const inArrears = hour >= arrears && hour < arrears + 24;
  vendor.closed = inArrears ? "RequestForbidden.BillingStatus" : undefined;
  const bad = random.chance(0.01);
  const from = clock.monotonic() + random.int(0, 4000);
  vendor.settings = {
    ...vendor.settings,
    faults: bad
      ? random.chance(0.5)
        ? { ...NORMAL, outage: [from, from + HOUR] }
        : { ...NORMAL, rate: 0.3 }
      : NORMAL,
  };
  return inArrears || bad;
}

/** A new key while the sweep is under way; the old one stops a little later. */
function rotate(): void {
  const old = secret.accessKeyId;
  clock.at(clock.monotonic() + 500, () => {
    secret.accessKeyId = "AKLTrotated";
    secret.secretAccessKey = `SECRET-second-${random.hex(16)}`;
    secret.version += 1;
    vendor.keys.add(secret.accessKeyId);
  });
  clock.at(clock.monotonic() + 900, () => vendor.keys.delete(old));
}

async function sweepAt(hour: number): Promise<void> {
  await clock.play(() => false, hour * HOUR);
  if (hour === healing) account.heal();
  const isBad = drawHour(hour);
  account.playOn(HOUR);
  if (hour % 15 === 0) account.disturb(8000);
  if (hour === rotation) rotate();
  truth.startSweep(clock.now());
  isSweeping = true;
  const run = startRun(world, {
    name: `hour-${String(hour)}`,
    configuration,
    lifetime: 900_000,
    crashAt: random.chance(0.04) ? random.int(1, 40) : undefined,
    wallOffset: random.int(-500, 500),
    wallJump: undefined,
    timerLateness: true,
    tampering: {},
  });
  await clock.play(
    () => run.crashed || run.endedAt !== undefined,
    clock.monotonic() + HOUR / 2,
  );
  // What was on its way has arrived by then.
  await clock.play(() => false, clock.monotonic() + 60_000);
  isSweeping = false;
  const why = whyEnded(run);
  const wallOf = (time: number): number =>
    clock.now() - clock.monotonic() + time;
  const isGood = !isBad && !run.crashed && hour !== rotation;
  violations.push(
    ...checkRun(world, run).map(
      ({ invariant, what }) =>
        `hour ${String(hour)}, invariant ${String(invariant)}: ${what}`,
    ),
    ...truth
      .endSweep(vendor.deletions, isGood, wallOf)
      .map((what) => `hour ${String(hour)}: ${what}`),
  );
  ends.set(why, (ends.get(why) ?? 0) + 1);
  total.sweeps += 1;
  total.crashes += Number(run.crashed);
  total.bad += Number(isBad);
  total.requests += vendor.sends.length;
  total.deletions += vendor.deletions.length;
  // The world lives on, its records of this sweep do not.
  vendor.sends.length = 0;
  vendor.deletions.length = 0;
  vendor.pages.clear();
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, n]) => `${what} ${String(n)}`).join(", ");
}

for (let day = 0; day < days; day++) {
  for (let hour = 0; hour < 24; hour++) await sweepAt(day * 24 + hour);
  samples.push({ at: day, value: megabytes(usedHeap()) });
}
const slope = slopeOf(samples.slice(WARM_UP));
if (days >= LONG_ENOUGH && slope > FLAT)
  violations.push(`the heap grew by ${slope.toFixed(3)} MB a day`);
if (total.deletions === 0) violations.push("nothing was deleted at all");

console.log(
  `${String(total.sweeps)} sweeps in ${String(days)} virtual days (seed ${String(seed)}, ${((performance.now() - startedAt) / 1000).toFixed(1)} s): ${String(total.deletions)} deletions, ${String(total.requests)} requests, ${String(vendor.account.certificates.size)} certificates left; ${String(total.crashes)} crashes, ${String(total.bad)} hours bad or in arrears`,
);
console.log(`  ended: ${listed(ends)}`);
console.log(`  faults: ${listed(faults)}`);
console.log(
  `  account: ${listed(account.done)}; ${String(changedMidway)} of these changes in the middle of a sweep`,
);
console.log(
  `  longest wait of a deletable certificate: ${String(truth.longestWait)} sweeps that left it, outside bad hours`,
);
console.log(
  `  heap after collection: ${samples.at(0)?.value.toFixed(2) ?? "-"} MB on day 1, ${samples.at(-1)?.value.toFixed(2) ?? "-"} MB on day ${String(days)}; ${slope.toFixed(4)} MB a day from day ${String(WARM_UP + 1)} on, at most ${String(FLAT)}`,
);
for (const what of violations.slice(0, SHOWN))
  console.log(`VIOLATION: ${what}`);
console.log(
  violations.length === 0
    ? "No violation."
    : `${String(violations.length)} violations.`,
);
process.exitCode = violations.length === 0 ? 0 : 1;
