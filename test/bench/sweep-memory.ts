/** The peak of resident memory while a backlog of 25,000 is swept, measured by the command for backlogs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import type { Figure } from "./figure.ts";

const SIZE = 25_000;
const COMMAND = fileURLToPath(
  new URL("../simulation/backlog.ts", import.meta.url),
);

/** Sweeps in virtual time until nothing is left; the command measures in one more process, without a loader. */
export async function measureSweepMemory(
  say: (text: string) => void,
): Promise<Figure[]> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", COMMAND, "--size", String(SIZE)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const closed = once(child, "close");
  let peak: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    say(line);
    const megabytes = /peak (\d+) MB resident/.exec(line)?.[1];
    if (megabytes !== undefined) peak = Number(megabytes);
  }
  await closed;
  if (child.exitCode !== 0 || peak === undefined)
    throw new Error("The sweep of the backlog did not end well.");
  return [
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
