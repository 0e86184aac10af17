/** The commands of infra/local: in a process of their own, as an operator would run them, or faster in this one. */
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { hurriedClock } from "./clock.ts";

const ROOT = join(import.meta.dirname, "..", "..");

export interface Run {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string>>;

/** The arguments for Node, and what the process inherits. */
export function processOf(script: string, env: Environment) {
  return [
    ["--import", "tsx", join("infra", "local", script)],
    {
      cwd: ROOT,
      env: { PATH: process.env["PATH"], TMPDIR: tmpdir(), ...env },
    },
  ] as const;
}

export function runProcess(script: string, env: Environment): Promise<Run> {
  return new Promise((resolve) => {
    const [args, options] = processOf(script, env);
    const child = execFile(
      process.execPath,
      args,
      options,
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode ?? undefined, stdout, stderr });
      },
    );
  });
}

class Exit extends Error {}

const SCRIPTS = {
  "main.ts": () => import("../../infra/local/main.ts"),
  "preview.ts": () => import("../../infra/local/preview.ts"),
};

/** Runs it in this process, where nobody waits for pacers, and the emulator that `npm start` starts has no limits. */
export async function runHere(
  script: keyof typeof SCRIPTS,
  env: Environment,
  args: readonly string[] = [],
  cwd = ROOT,
): Promise<Run> {
  const printed = { log: "", error: "" };
  for (const name of ["log", "error"] as const)
    vi.spyOn(console, name).mockImplementation((text) => {
      printed[name] += `${String(text)}\n`;
    });
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed.log += String(text);
    return true;
  });
  vi.spyOn(process, "exit").mockImplementation((code) => {
    process.exitCode = code ?? 0;
    throw new Exit();
  });
  vi.doMock("../../functions/host/clock.ts", () => ({
    systemClock: hurriedClock(),
  }));
  vi.doMock(
    "../../infra/local/live-emulator/switches.ts",
    async (importOriginal) => ({
      ...(await importOriginal<object>()),
      createRateLimit: () => () => true,
    }),
  );
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const { argv, exitCode } = process;
  process.argv = [...argv.slice(0, 2), ...args];
  process.exitCode = 0;
  process.chdir(cwd);
  try {
    vi.resetModules();
    await SCRIPTS[script]().catch((error: unknown) => {
      if (!(error instanceof Exit)) throw error;
    });
    const code = Number(Reflect.get(process, "exitCode"));
    return { code, stdout: printed.log, stderr: printed.error };
  } finally {
    process.argv = argv;
    process.exitCode = exitCode;
    process.chdir(ROOT);
    vi.doUnmock("../../functions/host/clock.ts");
    vi.doUnmock("../../infra/local/live-emulator/switches.ts");
    // Or the next file of this worker would find what has been mocked.
    vi.resetModules();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  }
}
