/**
 * `npm run conformance:defects [-- name...]`: each party must be able to fail. Puts one deliberate defect after the
 * other into a copy of the project and runs the party that has to notice. They stand in <suite>.defects.json.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

interface Defect {
  /** The party that notices: part of its name. */
  readonly party: string;
  /** What is wrong, in a few words. */
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

function field(value: object, name: keyof Defect): string {
  const text: unknown = Reflect.get(value, name);
  if (typeof text !== "string") throw new Error(`A defect lacks ${name}.`);
  return text;
}

function readDefects(file: string): Defect[] {
  const list: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, file), "utf8"),
  );
  if (!Array.isArray(list)) throw new Error(`${file} is no list.`);
  return list.map((one: unknown) => {
    if (typeof one !== "object" || one === null) {
      throw new Error(`${file} has an entry that is no object.`);
    }
    return {
      party: field(one, "party"),
      what: field(one, "what"),
      file: field(one, "file"),
      from: field(one, "from"),
      to: field(one, "to"),
    };
  });
}

/** A copy of the project as it stands, with what is installed linked into it. */
function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), "janitor-defects-"));
  const files = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: ROOT, encoding: "utf8" },
  );
  for (const file of files.split("\0").filter((name) => name !== "")) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  mkdirSync(join(copy, ".cache"));
  symlinkSync(join(ROOT, ".cache", "tools"), join(copy, ".cache", "tools"));
  return copy;
}

const wanted = process.argv.slice(2);
const copy = copyProject();
let unnoticed = 0;
try {
  for (const name of readdirSync(import.meta.dirname).sort()) {
    const suite = /^(.+)\.defects\.json$/.exec(name)?.[1];
    if (suite === undefined) continue;
    for (const { party, what, file, from, to } of readDefects(name)) {
      if (wanted.length > 0 && !wanted.some((part) => party.includes(part))) {
        continue;
      }
      const path = join(copy, file);
      const text = readFileSync(path, "utf8");
      if (text.split(from).length !== 2) {
        throw new Error(`${file} has not exactly one: ${from}`);
      }
      writeFileSync(
        path,
        text.replace(from, () => to),
      );
      const { status, stdout } = spawnSync(
        "npx",
        [
          ...["vitest", "run", "--project", "conformance", suite],
          ...["-t", party, "--reporter", "./test/conformance/reporter.ts"],
        ],
        { cwd: copy, encoding: "utf8" },
      );
      writeFileSync(path, text);
      // Red for the reason wanted: the party's own line says so.
      const noticed = status === 1 && /^party: .*FAILED/m.test(stdout);
      if (!noticed) unnoticed += 1;
      console.log(
        `${noticed ? "noticed " : "MISSED  "}  ${party}: ${what} (${file})`,
      );
      if (!noticed) console.log(stdout);
    }
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
if (unnoticed > 0) {
  console.error(`${String(unnoticed)} defects were not noticed.`);
  process.exit(1);
}
