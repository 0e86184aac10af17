import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { REASONS } from "../../functions/contract/reasons.ts";

/** `npm start -- --once`, in a process of its own. */
function start(
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--import", "tsx", "infra/local/main.ts", "--once"],
      { env: { PATH: process.env["PATH"], TMPDIR: tmpdir(), ...env } },
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode, output: stdout + stderr });
      },
    );
  });
}

describe.concurrent("npm start -- --once", () => {
  it("shows every verdict, sweeps, deletes one over HTTP and exits 0", async () => {
    const { code, output } = await start({ PORT: "0" });
    expect(code).toBe(0);
    expect(output).toMatch(/^API: http:\/\/127\.0\.0\.1:\d+$/m);
    expect(output).toMatch(
      /^Volcengine Live emulator: http:\/\/127\.0\.0\.1:\d+ accessKeyId=\S+ secretAccessKey=\S+$/m,
    );
    const [before = "", after = ""] = output.split("After the sweep");
    for (const reason of REASONS) expect(before).toContain(reason);
    expect(before).toMatch(/^delete /m);
    expect(after).not.toMatch(/^delete /m);
    expect(after).toContain('"outcome":"deleted"');
    expect(after).toContain("certificate-in-use");
    expect(output).not.toContain("Warning");
  });

  it("deletes nothing on a dry run", async () => {
    const { code, output } = await start({ PORT: "0", DRY_RUN: "true" });
    expect(code).toBe(0);
    const [, after = ""] = output.split("After the sweep");
    expect(after).toMatch(/^delete /m);
    expect(output).toContain("deleted 0");
  });

  it("refuses a PORT that is none", async () => {
    const { code, output } = await start({ PORT: "http" });
    expect(code).toBe(1);
    expect(output).toContain("PORT");
  });

  it("says what is wrong with the settings, and nothing else", async () => {
    const { code, output } = await start({
      PORT: "0",
      GRACE_DAYS: "soon",
      MAX_DELETIONS: "all",
    });
    expect(code).toBe(1);
    expect(output).toContain('GRACE_DAYS is "soon"');
    expect(output).toContain('MAX_DELETIONS is "all"');
    expect(output).not.toMatch(/^ +at |Error|API: /m);
  });
});

describe("npm start", () => {
  it("shows the picture, as it was before the sweep and as it is, until Ctrl-C", async () => {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "infra/local/main.ts"],
      {
        env: { PATH: process.env["PATH"], TMPDIR: tmpdir(), PORT: "0" },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
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
  });
});
