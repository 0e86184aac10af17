/** The deliberate defects of the conformance suites, from <suite>.defects.json. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");

export interface Defect {
  readonly suite: string;
  /** The party that notices: part of its name. */
  readonly party: string;
  /** What is wrong, in a few words. */
  readonly what: string;
  /** Of what is ours, a text that stands there once: so the defect finds its file wherever that has moved to. */
  readonly from: string;
  readonly to: string;
}

/** What has defects put into it, with the one document that is executed. */
const OURS = ["functions", "infra"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name)),
);
const PLACES = [...OURS, join(ROOT, "docs", "operations.md")].map((path) => ({
  path,
  text: readFileSync(path, "utf8"),
}));

/** The file that a defect spoils, and its text with the defect. Throws unless its `from` stands in one place. */
export function spoil({ what, from, to }: Omit<Defect, "suite" | "party">): {
  readonly path: string;
  readonly spoilt: string;
} {
  const found = PLACES.filter(({ text }) => text.includes(from));
  const [place] = found;
  if (
    place === undefined ||
    found.length > 1 ||
    place.text.split(from).length !== 2
  ) {
    throw new Error(
      `The defect "${what}" must have one place, not these: ${found.map(({ path }) => path).join(", ") || "none"}. Give it a text that stands there once: ${from}`,
    );
  }
  return { path: place.path, spoilt: place.text.replace(from, () => to) };
}

/** A copy of the project as it stands, with what is installed linked into it. */
export function copyProject(): string {
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

function field(value: unknown, name: keyof Defect): string {
  const text: unknown = Reflect.get(Object(value), name);
  if (typeof text !== "string") throw new Error(`A defect lacks ${name}.`);
  return text;
}

export function readDefects(): Defect[] {
  return readdirSync(import.meta.dirname)
    .sort()
    .flatMap((file) => {
      const suite = /^(.+)\.defects\.json$/.exec(file)?.[1];
      if (suite === undefined) return [];
      const list: unknown = JSON.parse(
        readFileSync(join(import.meta.dirname, file), "utf8"),
      );
      if (!Array.isArray(list)) throw new Error(`${file} is not a list.`);
      return list.map((one: unknown) => ({
        suite,
        party: field(one, "party"),
        what: field(one, "what"),
        from: field(one, "from"),
        to: field(one, "to"),
      }));
    });
}
