/**
 * Command: how many runs of 900 s a backlog takes at 250 ms a page, and how much memory. Crashes end some of the runs.
 *
 *   --size N     certificates, all expired (25000)      --crashes N   how many of the first runs crash (0); each leaves
 *   --heap N     megabytes for old objects (96)                       behind, in this one process, what a real one would not
 *   --probe      measures in this process; else in one of its own with the heap of a small function
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
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

/** One plain JavaScript file in a process of its own: no loader of TypeScript takes memory there. */
async function measure(
  size: number,
  crashes: number,
  heap: string,
): Promise<boolean> {
  // Only here: the process that is measured does not need it.
  const { build } = await import("esbuild");
  const folder = mkdtempSync(join(tmpdir(), "backlog-"));
  try {
    const outfile = join(folder, "backlog.mjs");
    await build({
      entryPoints: [fileURLToPath(import.meta.url)],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["esbuild"],
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
      logLevel: "error",
    });
    const { status } = spawnSync(
      process.execPath,
      [
        `--max-old-space-size=${heap}`,
        `--max-semi-space-size=${String(SEMI_SPACE)}`,
        outfile,
        "--probe",
        "--size",
        String(size),
        "--crashes",
        String(crashes),
      ],
      { stdio: "inherit" },
    );
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "25000" },
    crashes: { type: "string", default: "0" },
    heap: { type: "string", default: "96" },
    probe: { type: "boolean", default: false },
  },
});
const [size, crashes] = [Number(values.size), Number(values.crashes)];
const passed = await (values.probe
  ? probe(size, crashes)
  : measure(size, crashes, values.heap));
process.exitCode = passed ? 0 : 1;
