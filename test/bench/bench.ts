/**
 * `npm run bench`: every figure beside its peer, in one run of at most five minutes. On Linux it runs under the Node of
 * the deployed functions, elsewhere under the Node at hand.
 *
 *   --json           prints the figures as JSON: npm run -s bench -- --json > before.json
 *   --against FILE   such JSON of an earlier run: tells how far each ratio moved
 *   --strict         a figure that misses what is wanted fails
 *   --short          a fifth of the rounds, for a look
 *   --readme         writes table and picture into test/bench/README.md, with machine and date
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, platform } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format } from "prettier";
import { table } from "../../infra/local/table.ts";
import { isInstalled, toolPath } from "../conformance/tools.ts";
import { measureApiCost } from "./api-cost.ts";
import { measureCalls } from "./calls.ts";
import { measureColdStart } from "./cold-start.ts";
import type { Bench, Figure } from "./figure.ts";
import { measureJudging } from "./judging.ts";
import { measureLimiters } from "./limiters.ts";
import { drawFigures, HEADERS, isMet, rowOf } from "./report.ts";
import { measureSigning } from "./sign.ts";
import { measureSweepMemory } from "./sweep-memory.ts";

const README = join(import.meta.dirname, "README.md");
const MARKS = ["<!-- bench -->", "<!-- /bench -->"] as const;
const PICTURE = "bench.svg";

const MEASURES: readonly [string, (bench: Bench) => Promise<Figure[]>][] = [
  ["signing", measureSigning],
  ["calls over TLS", measureCalls],
  ["cold start", measureColdStart],
  ["cost of the API", measureApiCost],
  ["judging", measureJudging],
  ["rate of a sweep", measureLimiters],
  ["memory of a sweep", measureSweepMemory],
];

/** The table and the picture, between the marks of the README. */
async function writeReadme(
  heading: string,
  figures: readonly Figure[],
): Promise<void> {
  writeFileSync(join(import.meta.dirname, PICTURE), drawFigures(figures));
  const text = readFileSync(README, "utf8");
  const from = text.indexOf(MARKS[0]);
  const to = text.indexOf(MARKS[1]);
  if (from < 0 || to < from) {
    throw new Error(`The README lacks the marks ${MARKS.join(" and ")}.`);
  }
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const lines = [
    MARKS[0],
    `![Ours beside its peers](${PICTURE})`,
    "",
    heading,
    "",
    line(HEADERS),
    line(["---", "---:", "---", "---:", "---:", "---"]),
    ...figures.map((figure) => line(rowOf(figure))),
    "",
  ];
  const whole = text.slice(0, from) + lines.join("\n") + text.slice(to);
  writeFileSync(README, await format(whole, { filepath: README }));
}

/** How far the ratios are from those of an earlier run, in per cent. */
function movements(figures: readonly Figure[], earlier: unknown): string[] {
  const list: unknown = Reflect.get(Object(earlier), "figures");
  if (!Array.isArray(list)) throw new Error("--against has no figures.");
  return figures.flatMap(({ name, peer, ratio }) => {
    const before: unknown = list
      .filter((one: unknown) => typeof one === "object" && one !== null)
      .filter((one) => Reflect.get(one, "name") === name)
      .filter((one) => Reflect.get(one, "peer") === peer)
      .map((one): unknown => Reflect.get(one, "ratio"))
      .at(0);
    if (ratio === undefined || typeof before !== "number") return [];
    const moved = (ratio / before - 1) * 100;
    return [
      `${moved > 0 ? "+" : ""}${moved.toFixed(1)} %  ${name}, beside ${peer}`,
    ];
  });
}

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      against: { type: "string" },
      readme: { type: "boolean", default: false },
      short: { type: "boolean", default: false },
      strict: { type: "boolean", default: false },
    },
  });
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const rounds = (whole: number): number =>
    values.short ? Math.max(3, Math.ceil(whole / 5)) : whole;
  const started = performance.now();
  const figures: Figure[] = [];
  for (const [what, measured] of MEASURES) {
    say(`-- ${what}`);
    figures.push(...(await measured({ say, rounds })));
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  const date = new Date().toISOString().slice(0, 10);
  const processors = cpus();
  const machine = `${String(processors.length)} x ${processors[0]?.model.trim() ?? "unknown processor"}, ${platform()} ${arch()}, Node ${process.versions.node}`;
  const load = loadavg().map((value) => value.toFixed(1));
  const heading = `${date}, ${machine}, load average ${load.join(", ")}:`;
  const missed = figures.filter((figure) => !isMet(figure));
  const { isTTY, columns } = process.stdout;
  console.log(
    values.json
      ? JSON.stringify({ date, machine, seconds, figures }, undefined, 2)
      : [
          heading,
          "",
          table(
            HEADERS.map((header) => ({ header })),
            figures.map((figure) =>
              rowOf(figure).map((text) => ({
                text,
                ...(isMet(figure) ? {} : { colour: "red" as const }),
              })),
            ),
            { width: isTTY ? columns : 200, colour: isTTY },
          ),
          "",
          `${String(figures.length)} figures in ${String(seconds)} s, ${String(missed.length)} missed`,
        ].join("\n"),
  );
  if (values.against !== undefined) {
    const earlier: unknown = JSON.parse(readFileSync(values.against, "utf8"));
    say(["ratios since then:", ...movements(figures, earlier)].join("\n"));
  }
  for (const figure of missed) {
    const [name, ours, peer, theirs, ratio, wanted] = rowOf(figure);
    say(
      `missed: ${name ?? ""}: ${ours ?? ""} beside ${theirs ?? ""} (${peer ?? ""}) ${ratio ?? ""}, wanted ${wanted ?? ""}`,
    );
  }
  if (values.strict && missed.length > 0) process.exitCode = 1;
  if (values.readme) await writeReadme(heading, figures);
}

if (process.versions.node.startsWith("24.") || !isInstalled("node24")) {
  await bench();
} else {
  const { status } = spawnSync(
    toolPath("node24"),
    // Node 24 reads TypeScript itself; a loader would keep names, which costs time.
    ["--disable-warning=DEP0169", ...process.argv.slice(1)],
    { stdio: "inherit" },
  );
  process.exitCode = status ?? 1;
}
