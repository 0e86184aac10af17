/** The runs that a backlog of 25,000 takes and their peak of resident memory, measured by the command for backlogs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import type { Bench, Figure } from "./figure.ts";

const SIZE = 25_000;
const COMMAND = fileURLToPath(
  new URL("../simulation/backlog.ts", import.meta.url),
);

/** Sweeps in virtual time until nothing is left; the command measures in one more process, without a loader. */
export async function measureSweepMemory({ say }: Bench): Promise<Figure[]> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", COMMAND, "--size", String(SIZE)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const closed = once(child, "close");
  let runs: number | undefined;
  let peak: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    say(line);
    const found = /: (\d+) full runs .* peak (\d+) MB resident/.exec(line);
    if (found !== null) [runs, peak] = found.slice(1).map(Number);
  }
  await closed;
  if (child.exitCode !== 0 || runs === undefined || peak === undefined)
    throw new Error("The sweep of the backlog did not end well.");
  return [
    {
      name: `runs of 15 minutes for ${SIZE.toLocaleString("en")}`,
      ours: runs,
      peer: "7.8 a second, and no reading",
      theirs: SIZE / 7.8 / 900,
      unit: "",
      target: { atMost: 6 },
    },
    {
      name: `peak memory, sweep of ${SIZE.toLocaleString("en")}`,
      ours: peak,
      peer: "limit",
      theirs: 200,
      unit: "MB",
      target: { atMost: 200 },
    },
  ];
}
