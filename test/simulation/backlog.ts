/**
 * Command: how many runs of 900 s a backlog takes at 250 ms a page, and how much memory. Crashes end some of the runs.
 *
 *   --size N     certificates, all expired (25000)      --crashes N   how many of the first runs crash (0); each leaves
 *   --heap N     megabytes for old objects (96)                       behind, in this one process, what a real one would not
 *   --probe      measures in this process; else in one of its own with the heap of a small function
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { bundleOf } from "../world/bundle.ts";
import { clearBacklog } from "./scale.ts";

/** Megabytes for young objects, as a small function would have; what `--heap` says is for old ones. */
const SEMI_SPACE = 4;

async function probe(size: number, crashes: number): Promise<boolean> {
  let atFirst = 0;
  const { runs, lost, doubled, throttled } = await clearBacklog(
    size,
    crashes,
    () => {
      atFirst = process.memoryUsage().rss;
    },
    ({ name, deleted, left, why, rounds }) => {
      console.log(
        `${name.padEnd(8)} ${why.padEnd(14)} rounds ${String(rounds).padStart(3)}  deleted ${String(deleted).padStart(6)}  left ${String(left).padStart(6)}`,
      );
    },
  );
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const peak = process.resourceUsage().maxRSS * 1024;
  const full = runs.filter((why) => why !== "crashed").length;
  console.log(
    `${String(size)} certificates: ${String(full)} full runs and ${String(runs.length - full)} crashed; ${String(lost)} lost, ${String(doubled)} doubled, ${String(throttled)} throttled; peak ${megabytes(peak)} MB resident, of which ${megabytes(atFirst)} MB were there before the first run (Node and the model of the vendor)`,
  );
  return lost === 0 && doubled === 0 && runs.at(-1) === "done";
}

/** In a process of its own. */
async function measure(args: readonly string[], heap: string) {
  const file = await bundleOf(new URL(import.meta.url), ["esbuild"]);
  const { status } = spawnSync(
    process.execPath,
    [
      `--max-old-space-size=${heap}`,
      `--max-semi-space-size=${String(SEMI_SPACE)}`,
      file,
      "--probe",
      ...args,
    ],
    { stdio: "inherit" },
  );
  return status === 0;
}

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "25000" },
    crashes: { type: "string", default: "0" },
    heap: { type: "string", default: "96" },
    probe: { type: "boolean", default: false },
  },
});
const { size, crashes, heap } = values;
const passed = await (values.probe
  ? probe(Number(size), Number(crashes))
  : measure(["--size", size, "--crashes", crashes], heap));
process.exitCode = passed ? 0 : 1;
