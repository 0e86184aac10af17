/** The documents: links lead somewhere, what they name is there, and their tables are the code's. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import openapi from "../../functions/http/openapi.json" with { type: "json" };
import { REASONS } from "../../functions/contract/reasons.ts";
import { DEFINITIONS, settingsTable } from "../../infra/settings/settings.ts";
import manifest from "../../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDERS = ["docs", "functions", "infra", "test"];
const PATHS = [
  ...readdirSync(ROOT),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((path) =>
      join(folder, String(path)),
    ),
  ),
].filter((path) => path.endsWith(".md"));

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** A document without its blocks of code. */
function prose(text: string): string {
  return text.replaceAll(/^( *)```[^]*?^\1```$/gm, "");
}

/** The anchors that GitHub gives the headings of a document. */
function anchorsOf(text: string): ReadonlySet<string> {
  const slugs = [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
  const times = new Map<string, number>();
  return new Set(
    slugs.map((slug) => {
      const before = times.get(slug) ?? 0;
      times.set(slug, before + 1);
      return before === 0 ? slug : `${slug}-${String(before)}`;
    }),
  );
}

/** The targets of relative links and pictures that lead nowhere. */
function brokenLinks(path: string): readonly string[] {
  const targets = [...prose(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(
    ([, target = ""]) => target,
  );
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = "", anchor] = target.split("#");
    const to = file === "" ? path : join(dirname(path), file);
    if (!existsSync(join(ROOT, to))) return true;
    return anchor !== undefined && !anchorsOf(read(to)).has(anchor);
  });
}

/** Whatever looks like a path of this repository, in prose and in code alike, and is not there. */
function missingPaths(text: string): readonly string[] {
  const shape = new RegExp(
    `(?<![\\w/.:-])(?:${FOLDERS.join("|")})/[\\w/.-]*\\w`,
    "g",
  );
  return [...text.matchAll(shape)]
    .map(([path]) => path)
    .filter((path) => !existsSync(join(ROOT, path)));
}

function missingScripts(text: string): readonly string[] {
  return [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !Object.hasOwn(manifest.scripts, name));
}

/** The names in the first column of the first table below a heading. */
function firstColumn(text: string, heading: string): readonly string[] {
  const [, section = ""] = text.split(`\n${heading}\n`);
  const [table = ""] = /^\|[^]*?\n(?!\|)/m.exec(section) ?? [];
  return table
    .split("\n")
    .slice(2)
    .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)])
    .map(([, name = ""]) => name);
}

describe("the readers of documents", () => {
  it("see what is wrong", () => {
    expect(missingPaths("see functions/nowhere.ts, and test/unit.")).toEqual([
      "functions/nowhere.ts",
    ]);
    expect(missingScripts("npm run no:such and npm run check")).toEqual([
      "no:such",
    ]);
    expect([
      ...anchorsOf("# What it costs\n\n## `a/b`, c\n## `a/b`, c"),
    ]).toEqual(["what-it-costs", "ab-c", "ab-c-1"]);
  });
});

describe.each(PATHS)("%s", (path) => {
  it("links to what is there", () => {
    expect(brokenLinks(path)).toEqual([]);
  });

  it("names files that are there", () => {
    expect(missingPaths(read(path))).toEqual([]);
  });

  it("names scripts that are there", () => {
    expect(missingScripts(read(path))).toEqual([]);
  });
});

describe("docs/design.md", () => {
  it("has the headings that comments cite", () => {
    const sources = readdirSync(join(ROOT, "functions"), { recursive: true })
      .map((path) => join("functions", String(path)))
      .filter((path) => path.endsWith(".ts"));
    const cited = sources.flatMap((path) =>
      [...read(path).matchAll(/\(design[,:] "([^"]+)"\)/g)].map(
        ([, heading = ""]) => heading.replaceAll(" ", "-"),
      ),
    );
    expect(cited.length).toBeGreaterThan(0);
    expect([...anchorsOf(read("docs/design.md"))]).toEqual(
      expect.arrayContaining(cited),
    );
  });
});

describe("docs/settings.md", () => {
  it("has the table of the code; -u writes it", async () => {
    const marks = /(?<=<!-- settings -->\n)[^]*(?=<!-- \/settings -->)/;
    const text = read("docs/settings.md");
    expect(text).toMatch(marks);
    const table = text.replace(marks, () => `\n${settingsTable()}\n`);
    await expect(
      await format(table, { parser: "markdown" }),
    ).toMatchFileSnapshot("../../docs/settings.md");
  });
});

describe("the tables", () => {
  it("have every setting", () => {
    const names = firstColumn(read("docs/settings.md"), "## The table");
    expect(names).toEqual(Object.keys(DEFINITIONS));
    const variables = Object.values(DEFINITIONS).flatMap(
      ({ variable }) => variable ?? [],
    );
    expect(
      firstColumn(
        read("docs/settings.md"),
        "## Environment variables of the functions",
      ),
    ).toEqual(expect.arrayContaining(variables));
  });

  it("have every reason to keep a certificate", () => {
    for (const [path, heading] of [
      ["README.md", "## How it decides"],
      ["docs/design.md", "## The verdict"],
    ] as const) {
      expect([path, firstColumn(read(path), heading)]).toEqual([path, REASONS]);
    }
  });

  it("have every problem", () => {
    const described = JSON.stringify(openapi).matchAll(
      /urn:live-cert-janitor:problem:([\w-]+)/g,
    );
    const names = new Set([...described].map(([, name]) => name));
    expect(
      new Set(firstColumn(read("docs/http-api.md"), "## Problems")),
    ).toEqual(names);
  });
});
