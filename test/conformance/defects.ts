/**
 * `npm run conformance:defects [-- name...]`: each party must be able to fail. Puts one deliberate defect after the
 * other into a copy of the project and runs the party that has to notice. They stand in <suite>.defects.json.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { readDefects, ROOT, spoil } from "./defect.ts";

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
  for (const { suite, party, ...defect } of readDefects()) {
    if (wanted.length > 0 && !wanted.some((part) => party.includes(part))) {
      continue;
    }
    const { path, spoilt } = spoil(defect);
    const file = relative(ROOT, path);
    writeFileSync(join(copy, file), spoilt);
    const { status, stdout } = spawnSync(
      "npx",
      [
        ...["vitest", "run", "--project", "conformance", suite],
        ...["-t", party, "--reporter", "./test/conformance/reporter.ts"],
      ],
      { cwd: copy, encoding: "utf8" },
    );
    cpSync(path, join(copy, file));
    // Red for the reason wanted: the party's own line says so.
    const noticed = status === 1 && /^party: .*FAILED/m.test(stdout);
    if (!noticed) unnoticed += 1;
    console.log(
      `${noticed ? "noticed " : "MISSED  "}  ${party}: ${defect.what} (${file})`,
    );
    if (!noticed) console.log(stdout);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
if (unnoticed > 0) {
  console.error(`${String(unnoticed)} defects were not noticed.`);
  process.exit(1);
}
