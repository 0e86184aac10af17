/**
 * Property-based requests, made from functions/http/openapi.json alone, against the API as `npm start` serves it.
 * SCHEMATHESIS_SECONDS is how long it goes on (the long run: 300); without it so many examples are enough, however
 * long a busy machine takes for them. SCHEMATHESIS_SEED is the seed.
 */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import openapi from "../../functions/http/openapi.json" with { type: "json" };
import type { Host } from "../../functions/host/host.ts";
import { demoAccount, demoSettings } from "../../infra/local/fixtures.ts";
import { startLambdaEmulator } from "../../infra/local/lambda-emulator.ts";
import { hurriedClock } from "../world/clock.ts";
import { toolPath, versionOf } from "./tools.ts";
import { SECRET_ID, startWorld } from "../world/deployment.ts";
import { party } from "./party.ts";

const CONFIGURATION = join(import.meta.dirname, "schemathesis.toml");
const HOOKS = join(import.meta.dirname, "schemathesis_hooks.py");
const SECONDS = process.env["SCHEMATHESIS_SECONDS"];
/** For each operation and phase. */
const EXAMPLES = "50";
const SEED = process.env["SCHEMATHESIS_SEED"] ?? "1";
const SWEEP_FUNCTION = "expired-sweep";
const PHASES = ["examples", "coverage", "fuzzing", "stateful"];

/** The demonstration account, without the one entry that no request can name: its chain id is none. */
function account() {
  const { certificates, domains } = demoAccount(Date.now());
  return {
    certificates: certificates.filter(
      ({ overrides }) => overrides?.["ChainID"] === undefined,
    ),
    domains,
  };
}

/** The whole API with sweeps; what is deleted comes back, or the account would soon be empty. */
async function startEverything() {
  const known = new Map(
    account().certificates.map((one) => [one.chainId, one] as const),
  );
  let restored = 0;
  /** Under another chain id, as the vendor never uses one again, and with the domains that were bound to it. */
  const restore = (gone: string): void => {
    const one = known.get(gone);
    if (one === undefined) throw new Error(`Nobody knows ${gone}.`);
    restored += 1;
    const chainId = `4060e265${restored.toString(16).padStart(24, "f")}`;
    known.set(chainId, { ...one, chainId });
    world.live.account.certificates.push({ ...one, chainId });
    for (const domain of world.live.account.domains) {
      if (domain.chainId === gone) domain.chainId = chainId;
    }
  };
  /** Restores at the line that ends a request or a sweep: in its middle a sweep would find no end. */
  const restoring = (end: string): Host["log"] => {
    const gone: string[] = [];
    return ({ event, outcome, chainId }) => {
      if (event === "delete-outcome" && outcome === "deleted") {
        gone.push(String(chainId).toLowerCase());
      }
      if (event === end) gone.splice(0).forEach(restore);
    };
  };
  const clock = hurriedClock();
  // The widest settings: a sweep may be ordered with every number that the description permits.
  const env = {
    ...demoSettings,
    GRACE_DAYS: "0",
    MAX_DELETIONS: "100000",
    SWEEP_FUNCTION_NAME: SWEEP_FUNCTION,
  };
  const world = await startWorld({
    live: { account: account() },
    env,
    host: { clock, log: restoring("request") },
  });
  const failures: unknown[] = [];
  const functions = await startLambdaEmulator({
    functions: {
      [SWEEP_FUNCTION]: {
        handler: createSweepHandler({
          clock,
          random: Math.random,
          log: restoring("sweep-summary"),
          env: {
            ...env,
            VOLCENGINE_SECRET_ID: SECRET_ID,
            VOLCENGINE_ENDPOINT: world.live.url,
            DRY_RUN: "false",
          },
        }),
        timeoutMs: 900_000,
      },
    },
    onError: ({ error }) => failures.push(error),
  });
  process.env["AWS_ENDPOINT_URL_LAMBDA"] = functions.url;
  return {
    url: world.url,
    /** Of sweeps, which have no caller to learn of them. */
    failures,
    async close() {
      await functions.idle();
      await functions.close();
      await world.close();
    },
  };
}

function generatedIn(report: unknown): number {
  const cases: unknown =
    typeof report === "object" && report !== null
      ? Reflect.get(report, "test_cases")
      : undefined;
  const generated: unknown =
    typeof cases === "object" && cases !== null
      ? Reflect.get(cases, "generated")
      : undefined;
  return typeof generated === "number" ? generated : 0;
}

/** Runs schemathesis; gives its exit code, what it printed and its report. */
async function test(url: string, folder: string) {
  const file = join(folder, "report.json");
  // As it is served, but in a file: of an address it leaves out the operation that serves it.
  const description = join(folder, "openapi.json");
  const served = await fetch(`${url}/openapi.json`);
  writeFileSync(description, await served.text());
  const child = spawn(
    join(dirname(toolPath("python")), "schemathesis"),
    [
      ...["--no-color", "--config-file", CONFIGURATION],
      ...["run", description, "--url", url],
      ...["--phases", PHASES.join(","), "--mode", "all", "--checks", "all"],
      // API Gateway looks at signatures and tokens; on one machine nobody does.
      ...["--exclude-checks", "ignored_auth"],
      ...(SECONDS === undefined
        ? ["--max-examples", EXAMPLES]
        : ["--max-time", SECONDS]),
      ...["--seed", SEED],
      ...["--continue-on-failure", "--request-timeout", "60"],
      ...["--generation-database", "none", "--report-json-path", file],
    ],
    {
      cwd: folder,
      env: { ...process.env, SCHEMATHESIS_HOOKS: HOOKS },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  const printed = await text(child.stdout);
  const code = await ended;
  const report: unknown = existsSync(file)
    ? JSON.parse(readFileSync(file, "utf8"))
    : undefined;
  return { code, printed, report };
}

const OPERATIONS = Object.values(openapi.paths)
  .flatMap((methods) => Object.keys(methods))
  .filter((name) => name !== "parameters").length;

party("schemathesis", versionOf("schemathesis"), ["python"], () => {
  it(
    "finds no answer that the description does not describe",
    async ({ task }) => {
      const folder = mkdtempSync(join(tmpdir(), "janitor-schemathesis-"));
      const everything = await startEverything();
      onTestFinished(async () => {
        await everything.close();
        rmSync(folder, { recursive: true, force: true });
      });
      const { code, printed, report } = await test(everything.url, folder);
      const generated = generatedIn(report);
      console.log(`schemathesis: ${String(generated)} requests, seed ${SEED}`);
      task.meta.cases = generated;
      // What it printed has a curl command for each failure.
      if (code !== 0) throw new Error(printed);
      expect(report).toMatchObject({
        complete: true,
        failures: [],
        errors: [],
        operations: { total: OPERATIONS, tested: OPERATIONS },
        phases: Object.fromEntries(
          PHASES.map((phase) => [phase, { status: "success" }]),
        ),
        test_cases: { without_checks: 0, errored: 0 },
      });
      expect(everything.failures).toEqual([]);
    },
    (Number(SECONDS ?? "300") + 300) * 1000,
  );
});
