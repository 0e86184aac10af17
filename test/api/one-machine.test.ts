import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { beforeAll, describe, expect, it } from "vitest";
import { REASONS } from "../../functions/contract/reasons.ts";
import { processOf, runHere } from "../world/command.ts";

const start = (env: Readonly<Record<string, string>>) =>
  runHere("main.ts", env, ["--once"]);

/** `npm start` in a process of its own; it keeps the vendor's pace while the other tests run. */
let child: ChildProcessByStdio<null, Readable, Readable>;
let complaints = "";

beforeAll(() => {
  const [args, options] = processOf("main.ts", {
    PORT: "0",
    // Of all that may be deleted one is old enough, so that the sweep is short.
    GRACE_DAYS: "365",
    PROJECT_NAMES: '["default"]',
  });
  child = spawn(process.execPath, args, {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr.on("data", (chunk) => (complaints += String(chunk)));
  return () => child.kill("SIGKILL");
});

describe("npm start -- --once", () => {
  it("shows every verdict, sweeps, deletes one over HTTP and exits 0", async () => {
    const { code, stdout, stderr } = await start({ PORT: "0" });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^API: http:\/\/127\.0\.0\.1:\d+$/m);
    expect(stdout).toMatch(
      /^Volcengine Live emulator: http:\/\/127\.0\.0\.1:\d+ accessKeyId=\S+ secretAccessKey=\S+$/m,
    );
    const [before = "", after = ""] = stdout.split("After the sweep");
    for (const reason of REASONS) expect(before).toContain(reason);
    expect(before).toMatch(/^delete /m);
    expect(after).not.toMatch(/^delete /m);
    expect(after).toContain('"outcome":"deleted"');
    expect(after).toContain("certificate-in-use");
  });

  it("deletes nothing on a dry run", async () => {
    const { code, stdout } = await start({ PORT: "0", DRY_RUN: "true" });
    expect(code).toBe(0);
    const [, after = ""] = stdout.split("After the sweep");
    expect(after).toMatch(/^delete /m);
    expect(stdout).toContain("deleted 0");
  });

  it.each([
    ["a PORT that is none", { PORT: "http" }, /^PORT is "http"; .*\n$/],
    [
      "wrong settings, all at once",
      { PORT: "0", GRACE_DAYS: "soon", MAX_DELETIONS: "all" },
      /^.*GRACE_DAYS is "soon".*MAX_DELETIONS is "all".*\n$/s,
    ],
  ])("refuses %s, and says nothing else", async (_, env, says) => {
    const { code, stdout, stderr } = await start(env);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/^ +at |Error/m);
  });
});

describe("npm start", () => {
  it("shows the picture, as it was before the sweep and as it is, until Ctrl-C", async () => {
    const ended = once(child, "exit");
    let address: string | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      address = /^Picture: (http:\/\/127\.0\.0\.1:\d+\/) /.exec(line)?.[1];
      if (address !== undefined) break;
    }
    const pageOf = async (path: string): Promise<string> =>
      (await fetch(`${address ?? ""}${path}`)).text();
    const verdict = '<td role="cell" class="delete">';
    expect(await pageOf("before")).toContain(verdict);
    const page = await pageOf("");
    expect(page).toContain("All certificates");
    expect(page).not.toContain(verdict);
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(complaints).toBe("");
  });
});
