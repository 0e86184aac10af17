/**
 * Mutates the pure rules group by group and judges what survives.
 * `npm run mutate` takes all; `npm run mutate -- sweep host` takes groups; `-- --since REF` takes the modules that
 * differ from REF; `-- --judge` runs nothing and judges the reports of the last run.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import groups from "./mutant-groups.json" with { type: "json" };
import { SURVIVORS } from "./surviving-mutants.ts";

const LEAST_SCORE = 90;

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
          readonly location: { readonly start: { readonly line: number } };
        }[];
      }
    >
  >;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { since: { type: "string" }, judge: { type: "boolean" } },
});

const unknown = positionals.filter((name) => !Object.hasOwn(groups, name));
if (unknown.length > 0) {
  console.error(
    `No such group: ${unknown.join(", ")}. There are ${Object.keys(groups).join(", ")}.`,
  );
  process.exit(2);
}

const changed =
  values.since === undefined
    ? undefined
    : execFileSync("git", ["diff", "--name-only", values.since, "--"], {
        encoding: "utf8",
      }).split("\n");

const problems: string[] = [];
const table: Record<string, unknown>[] = [];
const started = performance.now();

for (const [name, { modules }] of Object.entries(groups)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const mutated = modules.filter((file) => changed?.includes(file) ?? true);
  if (mutated.length === 0) continue;
  if (values.judge !== true) {
    const { status } = spawnSync(
      "npx",
      ["--no-install", "stryker", "run", "--mutate", mutated.join(",")],
      { stdio: "inherit", env: { ...process.env, MUTANT_GROUP: name } },
    );
    if (status !== 0) {
      problems.push(`Stryker failed on the group ${name}.`);
      continue;
    }
  }
  judge(`reports/mutation/${name}.json`);
}

function judge(path: string): void {
  if (!existsSync(path)) {
    problems.push(`There is no ${path}.`);
    return;
  }
  const { files } = JSON.parse(readFileSync(path, "utf8")) as Report;
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const lines = source.split("\n");
    const counted = (...statuses: string[]): number =>
      mutants.filter(({ status }) => statuses.includes(status)).length;
    const killed = counted("Killed", "Timeout");
    const alive = mutants.filter(({ status }) =>
      ["Survived", "NoCoverage"].includes(status),
    );
    const score = (100 * killed) / Math.max(1, killed + alive.length);
    const listed = new Set<string>();
    let unlisted = 0;
    for (const { mutatorName, replacement, location, ...run } of alive) {
      const line = lines[location.start.line - 1]?.trim() ?? "";
      const mutant = (replacement ?? "").replace(/\s+/g, " ");
      if (run.status === "Survived" && run.testsCompleted === 0) {
        problems.push(
          `${file}:${String(location.start.line)} faced no test; run the group again: ${line} -> ${mutant}`,
        );
      }
      const known = SURVIVORS.some(
        (survivor) =>
          survivor.file === file &&
          survivor.line === line &&
          survivor.mutants.includes(mutant),
      );
      if (known) listed.add(`${line} -> ${mutant}`);
      else {
        unlisted += 1;
        problems.push(
          `${file}:${String(location.start.line)} ${mutatorName} survived: ${line} -> ${mutant}`,
        );
      }
    }
    for (const survivor of SURVIVORS.filter((each) => each.file === file)) {
      for (const mutant of survivor.mutants) {
        const key = `${survivor.line} -> ${mutant}`;
        if (!listed.has(key))
          problems.push(`${file}: no longer a survivor: ${key}`);
      }
    }
    if (score < LEAST_SCORE) {
      problems.push(
        `${file} scores ${score.toFixed(1)} %, less than ${String(LEAST_SCORE)} %.`,
      );
    }
    table.push({
      file: file.replace("functions/", ""),
      score: score.toFixed(1),
      killed: counted("Killed"),
      timeout: counted("Timeout"),
      survived: alive.length,
      unlisted,
    });
  }
}

console.table(table);
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(`${String(table.length)} modules in ${minutes} minutes.`);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
