/** The local system in three processes: this one with Secrets Manager, the Live emulator, and the functions. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startSecretsManagerEmulator } from "../../infra/local/secrets-manager-emulator.ts";
import { Child } from "./child.ts";
import {
  KEY,
  SECRET_ID,
  SWEEP_FUNCTION,
  type FromEmulator,
  type FromFunction,
  type Ports,
  type ToEmulator,
  type ToFunction,
  type Vitals,
} from "./messages.ts";
import { GRACE_DAYS, PROTECT, type Truth } from "./truth.ts";

/** Megabytes of heap, as a small Lambda function has it. */
const HEAP = 160;

export interface Beat extends Vitals {
  /** Of `performance.now()`. */
  readonly at: number;
}

export interface System {
  readonly truth: Truth;
  readonly urls: Readonly<Record<keyof Ports, string>>;
  readonly emulator: Child<ToEmulator, FromEmulator>;
  readonly functions: Child<ToFunction, FromFunction>;
  /** The vitals of the function process that is alive now; the first before anything was asked of it. */
  readonly beats: Beat[];
  /** Log lines of the functions by event. */
  readonly lines: Map<string, number>;
  close(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string")
    throw new Error("no free port");
  return address.port;
}

/** Plain JavaScript files: the children start faster, and no loader of TypeScript takes memory in them. */
async function compile(folder: string): Promise<void> {
  await build({
    entryPoints: ["emulator-process.ts", "function-process.ts"].map((name) =>
      fileURLToPath(new URL(name, import.meta.url)),
    ),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
}

export async function startSystem(truth: Truth): Promise<System> {
  const folder = mkdtempSync(join(tmpdir(), "soak-"));
  const beats: Beat[] = [];
  const lines = new Map<string, number>();
  const secrets = await startSecretsManagerEmulator({
    secrets: { [SECRET_ID]: JSON.stringify(KEY) },
  });
  const ports: Ports = {
    live: await freePort(),
    admin: await freePort(),
    gateway: await freePort(),
    lambda: await freePort(),
  };
  const url = (port: number): string => `http://127.0.0.1:${String(port)}`;
  const urls = {
    live: url(ports.live),
    admin: url(ports.admin),
    gateway: url(ports.gateway),
    lambda: url(ports.lambda),
  };
  const onViolation = (what: string): void => {
    truth.violations.push(what);
  };
  const emulator = new Child<ToEmulator, FromEmulator>({
    name: "the emulator",
    file: join(folder, "emulator-process.mjs"),
    execArgv: [],
    env: { PATH: process.env["PATH"] },
    greeting: () => ({
      kind: "start",
      ports,
      certificates: [...truth.certificates.values()],
      domains: truth.domains,
    }),
    onMessage: (message) => {
      if (message.kind === "gone")
        for (const chainId of message.chainIds) truth.gone(chainId);
    },
    onViolation,
  });
  const functions = new Child<ToFunction, FromFunction>({
    name: "the function process",
    file: join(folder, "function-process.mjs"),
    execArgv: ["--expose-gc", `--max-old-space-size=${String(HEAP)}`],
    env: {
      PATH: process.env["PATH"],
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      AWS_ENDPOINT_URL_LAMBDA: urls.lambda,
    },
    greeting: () => ({
      kind: "start",
      ports,
      env: {
        VOLCENGINE_SECRET_ID: SECRET_ID,
        VOLCENGINE_ENDPOINT: urls.live,
        GRACE_DAYS: String(GRACE_DAYS),
        MAX_DELETIONS: "1000",
        DRY_RUN: "false",
        PROTECT: JSON.stringify(PROTECT),
        SWEEP_FUNCTION_NAME: SWEEP_FUNCTION,
      },
    }),
    onMessage: (message) => {
      switch (message.kind) {
        case "ready":
          beats.length = 0;
          beats.push({ ...message.vitals, at: performance.now() });
          break;
        case "vitals":
          beats.push({ ...message.vitals, at: performance.now() });
          break;
        case "lines":
          for (const [event, n] of Object.entries(message.counts))
            lines.set(event, (lines.get(event) ?? 0) + n);
          break;
        case "alarm":
          onViolation(message.what);
      }
    },
    onViolation,
  });
  const killNow = (): void => {
    emulator.killNow();
    functions.killNow();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", killNow);
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(1));
  try {
    await compile(folder);
    await emulator.start();
    await functions.start();
  } catch (error) {
    killNow();
    throw error;
  }
  return {
    truth,
    urls,
    emulator,
    functions,
    beats,
    lines,
    async close() {
      await Promise.all([emulator.stop(), functions.stop(), secrets.close()]);
      killNow();
      process.off("exit", killNow);
    },
  };
}
