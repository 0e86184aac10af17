import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { CONTEXT, ROOT, type Json } from "./configurations.ts";

const EUROPE = "eu-central-1";

describe("the app, as the CLI runs it", { timeout: 180_000 }, () => {
  /** What it prints to the error stream, and what it makes. */
  async function synth(context: Json, env: Record<string, string> = {}) {
    const outdir = await mkdtemp(join(tmpdir(), "janitor-app-"));
    const child = spawn(process.execPath, ["--import", "tsx", "infra/app.ts"], {
      cwd: ROOT,
      env: {
        PATH: process.env["PATH"],
        TMPDIR: tmpdir(),
        CDK_OUTDIR: outdir,
        CDK_VALIDATION: "false",
        CDK_CONTEXT_JSON: JSON.stringify({
          ...CONTEXT,
          "aws:cdk:bundling-stacks": [],
          ...context,
        }),
        ...env,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [said] = await Promise.all([
      text(child.stderr),
      once(child, "close"),
    ]);
    const files = await readdir(outdir);
    const made = await Promise.all(
      files
        .filter((file) => /(metadata|manifest)\.json$/.test(file))
        .map((file) => readFile(join(outdir, file), "utf8")),
    );
    await rm(outdir, { recursive: true });
    return {
      said,
      code: child.exitCode,
      files: files.sort(),
      made: made.join("\n"),
    };
  }

  it("prints what is wrong where the stack goes, and nothing around it", async () => {
    const secretArn = `arn:aws:secretsmanager:eu-west-1:111122223333:secret:live-janitor-AbCdEf`;
    const { said, code, files } = await synth(
      { janitor: { graceDays: -1, secretArn } },
      { CDK_DEFAULT_REGION: EUROPE },
    );
    expect(said.split("\n")).toEqual([
      "The context key janitor of cdk.json has 2 problems:",
      "  - graceDays is -1; permitted: whole number from 0 to 3650; example: 14",
      expect.stringMatching(/^ {2}- secretArn is wrong .* eu-west-1 /),
      "",
    ]);
    expect(code).toBe(1);
    expect(files).toEqual([]);
  });

  it("makes every stack of a list, and says what may not be meant", async () => {
    const rule = { match: "name", value: "*-root", owner: "video-team" };
    const { made, code, files } = await synth({
      janitor: [
        { name: "sports", protect: [{ ...rule, until: "2020-01-01" }] },
        { name: "news" },
      ],
    });
    expect(code).toBe(0);
    expect(files.filter((file) => /^Live.*\.template\./.test(file))).toEqual([
      "LiveCertJanitor-news.template.json",
      "LiveCertJanitor-sports.template.json",
    ]);
    expect(made.match(/There are no AWS credentials at hand/g)).toHaveLength(2);
    expect(made.match(/protects nothing any more/g)).toHaveLength(1);
  });

  it("names one stack as it is told, for the account at hand", async () => {
    const { made, said, code } = await synth(
      { stackName: "mine" },
      {
        CDK_DEFAULT_REGION: EUROPE,
        CDK_DEFAULT_ACCOUNT: "111122223333",
      },
    );
    expect([said, code]).toEqual(["", 0]);
    expect(made).toContain('"stackName": "mine"');
    expect(made).toContain("aws://111122223333/eu-central-1");
    expect(made).not.toContain("There are no AWS credentials");
  });

  it("takes one name of a stack for one stack only", async () => {
    const both = { janitor: [{ name: "a" }, { name: "b" }], stackName: "mine" };
    expect((await synth(both)).said).toContain(
      "stackName is one name for several stacks",
    );
  });
});
