/**
 * Mutation testing: changes one thing at a time in a module and asks whether a test notices.
 *
 *   npm run mutate                   every module of modules.json
 *   npm run mutate -- sweep host/    the modules whose path contains one of these texts
 *   npm run mutate -- --changed      those that differ, or whose tests do, from what their score in scores.json is of
 *   ... --minutes N                  begins no further run after N minutes, and says what was left
 *
 * A mutant that means the same as the code is disabled beside its line, with the reason:
 * `// Stryker disable next-line <mutator>: <reason>`.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { copyProject } from "../conformance/defect.ts";
import modules from "./modules.json" with { type: "json" };
import recorded from "./scores.json" with { type: "json" };

const LEAST_SCORE = 92;
const REPORT = "reports/mutation.json";
const SCORES = new URL("scores.json", import.meta.url);

interface Score {
  /** Of the module and its tests. */
  readonly hash: string;
  readonly score: number;
}

/** What matters of a mutation-testing report, schema version 1. */
interface Report {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: string;
        readonly mutants: readonly {
          readonly mutatorName: string;
          readonly replacement?: string;
          readonly status: string;
          readonly testsCompleted?: number;
          readonly location: { readonly start: Place; readonly end: Place };
        }[];
      }
    >
  >;
}

type Mutant = Report["files"][string]["mutants"][number];

/** Both from 1 on. */
interface Place {
  readonly line: number;
  readonly column: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    changed: { type: "boolean", default: false },
    minutes: { type: "string", default: "600" },
  },
});
const testsOf: Readonly<Record<string, readonly string[]>> = modules;
const scores: Record<string, Score> = recorded;

function hashOf(file: string): string {
  const hash = createHash("sha256");
  for (const each of [file, ...(testsOf[file] ?? [])])
    hash.update(readFileSync(each));
  return hash.digest("hex").slice(0, 16);
}

const wanted = Object.keys(testsOf).filter(
  (file) =>
    (positionals.length === 0 ||
      positionals.some((text) => file.includes(text))) &&
    !(values.changed && scores[file]?.hash === hashOf(file)),
);

/** Modules that face the same tests share a run, which begins with these tests. */
const runs = new Map<string, string[]>();
for (const file of wanted) {
  const tests = testsOf[file]?.join(",") ?? "";
  runs.set(tests, [...(runs.get(tests) ?? []), file]);
}
const problems: string[] = [];
const table: Record<string, unknown>[] = [];
const left: string[] = [];
const began = performance.now();
const minutes = (): number => (performance.now() - began) / 60_000;

for (const [tests, files] of runs) {
  if (minutes() >= Number(values.minutes)) {
    left.push(...files);
    continue;
  }
  const { status } = spawnSync(
    "npx",
    [
      "--no-install",
      "stryker",
      "run",
      "test/mutation/stryker.config.mjs",
      "--mutate",
      files.join(","),
    ],
    { stdio: "inherit", env: { ...process.env, MUTATION_TESTS: tests } },
  );
  if (status !== 0)
    problems.push(`Stryker failed over ${files.join(", ")}; nothing is known.`);
  else judge();
}

/** Whether the tests pass with a mutant, outside Stryker. */
function passes(
  file: string,
  source: string,
  { replacement = "", location: { start, end } }: Mutant,
): boolean {
  const lines = source.split("\n");
  const offset = ({ line, column }: Place): number =>
    lines.slice(0, line - 1).join("\n").length +
    (line > 1 ? column : column - 1);
  const copy = copyProject();
  try {
    writeFileSync(
      join(copy, file),
      source.slice(0, offset(start)) + replacement + source.slice(offset(end)),
    );
    const { status } = spawnSync(
      "npx",
      ["vitest", "run", "--config", "test/mutation/vitest.config.ts"],
      {
        cwd: copy,
        stdio: "ignore",
        env: { ...process.env, MUTATION_TESTS: testsOf[file]?.join(",") },
      },
    );
    return status === 0;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function judge(): void {
  const { files } = JSON.parse(readFileSync(REPORT, "utf8")) as Report;
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const lines = source.split("\n");
    const counted = (...statuses: string[]): number =>
      mutants.filter(({ status }) => statuses.includes(status)).length;
    // Where a test file does not even load, no test is counted, and Stryker takes the mutant for a survivor.
    const unloaded = mutants.filter(
      (mutant) =>
        mutant.status === "Survived" &&
        mutant.testsCompleted === 0 &&
        !passes(file, source, mutant),
    );
    const alive = mutants.filter(
      (mutant) =>
        ["Survived", "NoCoverage"].includes(mutant.status) &&
        !unloaded.includes(mutant),
    );
    for (const { mutatorName, replacement = "", location } of alive) {
      const { line } = location.start;
      console.log(
        `${file}:${String(line)} ${mutatorName} survived: ${lines[line - 1]?.trim() ?? ""} -> ${replacement.replace(/\s+/g, " ")}`,
      );
    }
    const killed = counted("Killed", "Timeout") + unloaded.length;
    const score =
      Math.round((1000 * killed) / Math.max(1, killed + alive.length)) / 10;
    if (score < LEAST_SCORE) {
      problems.push(
        `${file} scores ${String(score)} %, less than ${String(LEAST_SCORE)} %.`,
      );
    } else {
      scores[file] = { hash: hashOf(file), score };
    }
    table.push({
      module: file,
      score,
      killed: counted("Killed") + unloaded.length,
      timeout: counted("Timeout"),
      survived: alive.length,
      disabled: counted("Ignored"),
    });
  }
  const sorted = Object.keys(testsOf).flatMap((file) => {
    const score = scores[file];
    return score === undefined ? [] : [[file, score] as const];
  });
  writeFileSync(
    SCORES,
    `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`,
  );
}

if (table.length > 0) console.table(table);
console.log(
  `${String(table.length)} of ${String(Object.keys(testsOf).length)} modules in ${minutes().toFixed(1)} minutes${values.changed ? "; the others are as they were when their score was taken" : ""}.`,
);
if (left.length > 0)
  console.log(
    `No time was left for ${left.join(", ")}: npm run mutate:changed.`,
  );
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
