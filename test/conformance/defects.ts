/**
 * `npm run conformance:defects [-- name...]`: each party must be able to fail. Puts one deliberate defect after the
 * other into a copy of the project and runs the party that has to notice. They stand in <suite>.defects.json.
 */
import { spawnSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { copyProject, readDefects, ROOT, spoil } from "./defect.ts";

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
