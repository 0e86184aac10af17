import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { startLambdaEmulator } from "../../infra/local/lambda-emulator.ts";
import {
  certificate,
  chainId,
  domain,
  startWorld,
  type World,
} from "../world/deployment.ts";

/** The commands of the operator's document, as they are printed there, in the shell of somebody who pastes them. */
const DOCUMENT = readFileSync("docs/operations.md", "utf8");

function commandsOf(section: string): string[] {
  const [, text = ""] =
    new RegExp(`^### ${section}\\n([^]*?)(?=^##)`, "m").exec(DOCUMENT) ?? [];
  const [, block = ""] = /^```sh\n([^]*?)^```$/m.exec(text) ?? [];
  return block.trimEnd().split("\n");
}

function has(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const missing = ["bash", "curl", "jq"].filter((program) => !has(program));
if (missing.length > 0)
  console.warn(`The commands of a plan are not tried: no ${missing.join()}.`);

let world: World;
afterEach(() => world.close());

/** Runs a command in a directory; `call` does what the document's does, but for the signature. */
function shell(
  cwd: string,
  command: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      "bash",
      [
        "-c",
        `call() { curl -sS -H 'content-type: application/json' -X "$@"; }\n${command}`,
      ],
      {
        cwd,
        env: { PATH: process.env["PATH"], ApiUrl: world.url, ...env },
      },
      (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${command} failed`, { cause: error }));
      },
    );
  });
}

/** A directory of the test's own. */
function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "janitor-plan-"));
  onTestFinished(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

describe.skipIf(missing.length > 0)("as the document has it", () => {
  it("a plan is saved, read and carried out exactly", async () => {
    const account = {
      certificates: [1, 2, 3].map((n) => certificate(n, -30)),
      domains: [domain("unbound.example.com")],
    };
    const lambda = await startLambdaEmulator({
      functions: {
        sweep: {
          timeoutMs: 900_000,
          handler: (event) => world.sweep(event),
        },
      },
    });
    onTestFinished(() => lambda.close());
    process.env["AWS_ENDPOINT_URL_LAMBDA"] = lambda.url;
    world = await startWorld({
      live: { account },
      env: { SWEEP_FUNCTION_NAME: "sweep", DRY_RUN: "false" },
    });
    const { certificates, domains } = world.live.account;
    const cwd = directory();
    const [save = "", read = "", apply = "", ...more] = commandsOf(
      "A plan, and exactly that",
    );
    expect(more).toEqual([]);
    await shell(cwd, save);
    const plan = await shell(cwd, read);
    for (const n of [1, 2, 3]) expect(plan).toContain(chainId(n));
    // Meanwhile one is bound, and another one has come.
    domains.push(domain("live.example.com", chainId(2)));
    certificates.push(certificate(4, -30));
    expect(await shell(cwd, apply)).toContain('"mode":"delete"');
    await lambda.idle();
    expect(certificates.map((one) => one.chainId)).toEqual([
      chainId(2),
      chainId(4),
    ]);
    expect(world.log.at(-1)).toMatchObject({
      event: "sweep-summary",
      only: 3,
      counts: { eligible: 2, deleted: 2 },
    });
  });

  it("the step after a renewal deletes what is no longer bound, and nothing else", async () => {
    const old = chainId(1);
    const bound = domain("live.example.com", old);
    const account = {
      certificates: [
        certificate(1, 10, { domains: ["live.example.com"] }),
        certificate(2, 80),
      ],
      domains: [bound],
    };
    world = await startWorld({ live: { account } });
    const cwd = directory();
    const step = commandsOf("After a renewal").join("\n");
    expect(await shell(cwd, step, { old })).toContain("certificate-in-use");
    const { certificates, domains } = world.live.account;
    domains.splice(0, 1, { ...bound, chainId: chainId(2) });
    expect(await shell(cwd, step, { old })).toContain('"outcome":"deleted"');
    expect(await shell(cwd, step, { old })).toContain("certificate-not-found");
    expect(certificates.map((one) => one.chainId)).toEqual([chainId(2)]);
  });
});
