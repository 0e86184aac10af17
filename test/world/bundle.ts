/** A program as one plain JavaScript file: a process starts faster, and no loader of TypeScript takes memory in it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The file, which goes with this process; `external` is what it must not hold. */
export async function bundleOf(entry: URL, external: string[] = []) {
  // Only here: a process that is measured, and never calls this, does not load it.
  const { build } = await import("esbuild");
  const folder = mkdtempSync(join(tmpdir(), "bundle-"));
  process.on("exit", () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const outfile = join(folder, "program.mjs");
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    external,
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
  return outfile;
}
