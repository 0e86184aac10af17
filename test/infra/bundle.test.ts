import { App } from "aws-cdk-lib";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../infra/config.ts";
import { EXTERNAL_MODULES } from "../../infra/janitor-function.ts";
import { LiveCertJanitorStack } from "../../infra/live-cert-janitor-stack.ts";
import { CONTEXT, EUROPE } from "./synthesize.ts";

const run = promisify(execFile);

describe("the bundles that are deployed", () => {
  let outdir = "";
  let bundles: readonly string[] = [];

  beforeAll(async () => {
    outdir = await mkdtemp(join(tmpdir(), "janitor-bundle-"));
    const app = new App({ outdir, context: { ...CONTEXT } });
    new LiveCertJanitorStack(app, "Janitor", {
      config: readConfig({}),
      env: EUROPE,
    });
    app.synth();
    const files = await readdir(outdir, { recursive: true });
    bundles = files
      .filter((file) => /^asset\.[0-9a-f]+\/index\.mjs$/.test(file))
      .map((file) => join(outdir, file));
  });
  afterAll(() => rm(outdir, { recursive: true, force: true }));

  it("are two, each one file below 900 KB", async () => {
    expect(bundles).toHaveLength(2);
    for (const bundle of bundles) {
      const { length } = await readFile(bundle);
      expect(length).toBeLessThan(900 * 1024);
      expect(length).toBeGreaterThan(100 * 1024);
    }
  });

  it("load the seldom used clients from Lambda, and hold the rest", async () => {
    const texts = await Promise.all(
      bundles.map((bundle) => readFile(bundle, "utf8")),
    );
    for (const text of texts) {
      const imported = [
        ...text.matchAll(
          /(?:\bfrom|\bimport|\bimport\(|\brequire\()["'](@?[a-z][^"'\s]*)["']/g,
        ),
      ]
        .map(([, name = ""]) => name)
        .filter((name) => name.startsWith("@") || name === "undici")
        // Named in the SDK's error messages only.
        .filter((name) => !name.startsWith("@aws-sdk/signature-v4"));
      expect([...EXTERNAL_MODULES]).toEqual(
        expect.arrayContaining([...new Set(imported)]),
      );
      // Loaded when they are used, so never by a static import.
      expect(text).not.toMatch(
        /(?:\bfrom|\bimport)\s*["']@aws-sdk\/client-(?:lambda|sns)["']/,
      );
    }
    const lazily = (name: string) =>
      texts.filter((text) =>
        new RegExp(`import\\(["']${name}["']\\)`).test(text),
      );
    for (const name of EXTERNAL_MODULES) expect(lazily(name)).toHaveLength(1);
  });

  it("can be imported by node alone, and hold a handler", async () => {
    for (const bundle of bundles) {
      const { stdout } = await run(
        process.execPath,
        [
          "--input-type=module",
          "-e",
          "const { handler } = await import(process.argv[1]); console.log(typeof handler);",
          bundle,
        ],
        { cwd: outdir, env: {} },
      );
      expect(stdout.trim()).toBe("function");
    }
  });
});
