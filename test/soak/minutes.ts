/**
 * Command: the local system for real, under mixed load, with faults of the vendor and kill -9 of the emulator and of the
 * function process at random; at the end, what could be deleted is gone, nothing else is, and nothing leaked.
 *
 *   --minutes M   how long the load lasts (10)      --seed N   of what is drawn (1); the timing is real
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createRandom } from "../simulation/random.ts";
import { ask } from "./answers.ts";
import { Load } from "./load.ts";
import { megabytes, slopeOf } from "./slope.ts";
import { startSystem, type Beat, type System } from "./system.ts";
import { Truth } from "./truth.ts";

const MINUTE = 60_000;
/** Of the time, that in which there are kills; memory is measured in the rest. */
const KILLS = 0.6;
/** Of the time, that after the last start in which code is compiled and memory taken; a minute at the most. */
const WARM_UP = 0.1;
/** Megabytes a minute: by how much the heap and the whole process may grow. */
const FLAT = { heap: 0.5, rss: 3 };
/** Seconds below which growth is shown and not judged. */
const LONG_ENOUGH = 60;
/** Milliseconds until idle connections have been closed. */
const QUIET = 40_000;
const SHOWN = 20;

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, n]) => `${what} ${String(n)}`)
    .join(", ");
}

/** One last sweep: what could be deleted is gone, and both sides agree on what is left. */
async function finish(system: System, load: Load): Promise<void> {
  const { truth, urls } = system;
  await fetch(`${urls.admin}/faults`, { method: "DELETE" });
  // Faults in progress end, and so do the sweeps that nobody waits for.
  await sleep(12_000);
  const report = await load.sweep("RequestResponse");
  const ended: unknown = Reflect.get(Object(report), "stoppedBecause");
  if (ended !== "done")
    truth.violations.push(`the last sweep ended with ${String(ended)}`);
  await sleep(500);
  const left = truth.deletable();
  if (left.length > 0)
    truth.violations.push(
      `left after the last sweep: ${left.map(({ name }) => name).join(", ")}`,
    );
  const { body } = await ask(`${urls.gateway}/certificates`, {});
  const counts = Object(body["counts"]) as { listed?: number; delete?: number };
  if (counts.delete !== 0 || counts.listed !== truth.certificates.size)
    truth.violations.push(
      `the API lists ${JSON.stringify(counts)}, the truth has ${String(truth.certificates.size)}`,
    );
}

/** What the function process holds more of than at its start, once all is quiet; empty if nothing. */
async function leaked({ beats }: System): Promise<string> {
  const [first] = beats;
  const until = performance.now() + QUIET;
  let more = "no vitals";
  while (first !== undefined && performance.now() < until) {
    await sleep(1000);
    const now = beats.at(-1) ?? first;
    more = (["resources", "sockets", "servers", "listeners"] as const)
      .filter((name) => now[name] > first[name])
      .map((name) => `${name} ${String(first[name])} to ${String(now[name])}`)
      .join(", ");
    if (more === "") return "";
  }
  return more;
}

function growth(beats: readonly Beat[], of: "heap" | "rss"): number {
  return slopeOf(
    beats.map((beat) => ({
      at: beat.at / MINUTE,
      value: megabytes(beat[of]),
    })),
  );
}

function shown(beat: Beat | undefined): string {
  return beat === undefined
    ? "no vitals"
    : `rss ${megabytes(beat.rss).toFixed(1)} MB, heap ${megabytes(beat.heap).toFixed(2)} MB, resources ${String(beat.resources)}, sockets ${String(beat.sockets)}, servers ${String(beat.servers)}, listeners ${String(beat.listeners)}`;
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 600))
  throw new Error("--minutes is a number up to 600");
const random = createRandom(Number(values.seed), "minutes");
const truth = new Truth(random.fork("account"));
const { violations } = truth;
/** Ends everything, children included, should anything hang. */
const watchdog = setTimeout(
  () => {
    console.log("VIOLATION: the soak did not end in its time");
    process.exit(1);
  },
  minutes * MINUTE + 5 * MINUTE,
);
const system = await startSystem(truth);
const { beats, emulator, functions } = system;
const load = new Load(system, random.fork("load"));
const from = performance.now();
const progress = setInterval(() => {
  console.log(
    `${((performance.now() - from) / MINUTE).toFixed(1)} min: ${String(truth.certificates.size)} certificates, deleted ${String(truth.deletedBySweep)} by a sweep or as expired and ${String(truth.deletedByName)} by name; killed the emulator ${String(emulator.kills)} and the functions ${String(functions.kills)} times; ${shown(beats.at(-1))}; ${String(violations.length)} violations`,
  );
}, 30_000);
let measured: readonly Beat[] = [];
try {
  const end = from + minutes * MINUTE;
  await load.play(end, from + KILLS * minutes * MINUTE);
  const settled = Math.max(
    from + KILLS * minutes * MINUTE,
    (beats.at(0)?.at ?? from) + MINUTE * Math.min(1, WARM_UP * minutes),
  );
  measured = beats.filter(({ at }) => at >= settled && at <= end);
  await finish(system, load);
  const more = await leaked(system);
  if (more !== "") violations.push(`leaked: ${more}`);
} catch (error) {
  violations.push(
    `the soak broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
} finally {
  clearInterval(progress);
  clearTimeout(watchdog);
  await system.close();
}
const slopes = { heap: growth(measured, "heap"), rss: growth(measured, "rss") };
for (const of of ["heap", "rss"] as const)
  if (measured.length >= LONG_ENOUGH && slopes[of] > FLAT[of])
    violations.push(`${of} grew by ${slopes[of].toFixed(2)} MB a minute`);

console.log(
  `${String(minutes)} minutes, seed ${values.seed}: ${String(truth.deletedBySweep)} deleted by a sweep or as expired, ${String(truth.deletedByName)} by name; kill -9 of the emulator ${String(emulator.kills)} times, of the functions ${String(functions.kills)} times`,
);
console.log(`  answers and doings: ${listed(load.counts)}`);
console.log(`  log lines: ${listed(system.lines)}`);
console.log(`  at the start of the function process: ${shown(beats.at(0))}`);
console.log(`  at the end, quiet:                    ${shown(beats.at(-1))}`);
console.log(
  `  growth over the last ${String(measured.length)} s of load: heap ${slopes.heap.toFixed(3)} MB a minute (at most ${String(FLAT.heap)}), rss ${slopes.rss.toFixed(3)} (at most ${String(FLAT.rss)})`,
);
for (const what of violations.slice(0, SHOWN))
  console.log(`VIOLATION: ${what}`);
console.log(
  violations.length === 0
    ? "No violation."
    : `${String(violations.length)} violations.`,
);
process.exitCode = violations.length === 0 ? 0 : 1;
