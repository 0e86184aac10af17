/** The deployed functions in sandboxes of AWS's runtime interface client, and everything around them. */
import { App } from "aws-cdk-lib";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import {
  connect,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { readConfig } from "../../infra/settings/config.ts";
import { EXTERNAL_MODULES } from "../../infra/constructs/janitor-function.ts";
import { LiveCertJanitorStack } from "../../infra/live-cert-janitor-stack.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import {
  startSecretsManagerEmulator,
  type SecretsManagerEmulator,
} from "../../infra/local/secrets-manager-emulator.ts";
import {
  startSnsEmulator,
  type SnsEmulator,
} from "../../infra/local/sns-emulator.ts";
import {
  CONTEXT,
  EUROPE,
  isJson,
  list,
  object,
  ROOT,
  type Json,
} from "../infra/synthesize.ts";
import { toolPath } from "./tools.ts";
import { chainId, domain, KEY, SECRET_ID } from "../world/deployment.ts";
import { startRuntimeApi, type Outcome } from "./runtime-api.ts";

const TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:reports";
/** What Lambda puts into the environment of a function. */
const ROLE = {
  AWS_ACCESS_KEY_ID: "ASIATESTEXAMPLE00001",
  AWS_SECRET_ACCESS_KEY: "ROLE-SECRET-EXAMPLE-VALID-NOWHERE",
  AWS_SESSION_TOKEN: "ROLE-SESSION-EXAMPLE-VALID-NOWHERE",
};
export const SECRETS = [
  KEY.secretAccessKey,
  ROLE.AWS_SECRET_ACCESS_KEY,
  ROLE.AWS_SESSION_TOKEN,
];

/** A function as the template describes it. */
interface Deployed {
  readonly folder: string;
  readonly handler: string;
  readonly memorySize: string;
  readonly timeoutMs: number;
  readonly environment: Json;
}

/** Both functions of the stack that ships, but for the dry run, bundled as for a deployment. */
async function deploy(outdir: string): Promise<Record<FunctionName, Deployed>> {
  const app = new App({ outdir, context: { ...CONTEXT } });
  new LiveCertJanitorStack(app, "Janitor", {
    config: readConfig({ dryRun: false }),
    env: EUROPE,
  });
  app.synth();
  // The clients that Lambda brings along; where it has them is its own affair.
  await mkdir(join(outdir, "node_modules", "@aws-sdk"), { recursive: true });
  for (const name of EXTERNAL_MODULES) {
    const path = join("node_modules", name);
    await symlink(join(ROOT, path), join(outdir, path));
  }
  const template: unknown = JSON.parse(
    readFileSync(join(outdir, "Janitor.template.json"), "utf8"),
  );
  const resources = object(template, "Resources");
  const read = (logicalId: string): Deployed => {
    const properties = object(object(resources, logicalId), "Properties");
    const [archive] = list(object(properties, "Code"), "S3Key");
    return {
      folder: join(outdir, `asset.${String(archive).replace(".zip", "")}`),
      handler: String(properties["Handler"]),
      memorySize: String(properties["MemorySize"]),
      timeoutMs: Number(properties["Timeout"]) * 1000,
      environment: object(object(properties, "Environment"), "Variables"),
    };
  };
  return { api: read("ApiFunction"), sweep: read("SweepFunction") };
}

type FunctionName = "api" | "sweep";

/** The network between a function and the vendor, where connections can be counted and killed. */
interface Line {
  readonly url: string;
  /** How many there ever were. */
  readonly connections: number;
  /** Ends all connections at once, as a vendor does with idle ones. */
  readonly cut: () => void;
  /** Lets them look alive until they are used, as a gateway that has forgotten them does. */
  readonly forget: () => void;
  close(): void;
}

async function startLine(target: string): Promise<Line> {
  const { port } = new URL(target);
  const alive = new Map<Socket, { forgotten: boolean }>();
  let connections = 0;
  const server: Server = createServer((client) => {
    connections += 1;
    const state = { forgotten: false };
    alive.set(client, state);
    const vendor = connect(Number(port), "127.0.0.1");
    const end = (): void => {
      alive.delete(client);
      client.destroy();
      vendor.destroy();
    };
    client.on("error", end).on("close", end);
    vendor.on("error", end).on("close", end);
    client.on("data", (bytes) => {
      if (state.forgotten) client.resetAndDestroy();
      else vendor.write(bytes);
    });
    vendor.on("data", (bytes) => client.write(bytes));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const cut = (): void => {
    for (const client of alive.keys()) client.destroy();
  };
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    get connections() {
      return connections;
    },
    cut,
    forget: () => {
      for (const state of alive.values()) state.forgotten = true;
    },
    close: () => {
      server.close();
      cut();
    },
  };
}

export interface Result {
  readonly kind: Outcome["kind"] | "exit";
  readonly payload: Json;
  readonly requestId: string;
  readonly deadline: number;
}

/** A function in its sandbox. */
export interface Sandbox {
  readonly pid: number;
  readonly initErrors: readonly unknown[];
  readonly violations: readonly string[];
  readonly stderr: string;
  /** What it wrote, line by line. */
  lines(): string[];
  /** Lets Lambda call it; `left` is its time in milliseconds. @default its timeout */
  call(event: unknown, left?: number): Promise<Result>;
  /** Stops it as soon as it waits, as Lambda does; whatever `meanwhile` does, the next event is there when it wakes. */
  freeze(meanwhile: () => void, event: unknown): Promise<Result>;
}

export interface World {
  readonly live: LiveEmulator;
  readonly line: Line;
  readonly secrets: SecretsManagerEmulator;
  readonly mailbox: SnsEmulator;
  /** Every function that was started. */
  readonly sandboxes: Sandbox[];
  start(name: FunctionName, env?: Record<string, string>): Promise<Sandbox>;
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const outdir = await mkdtemp(join(tmpdir(), "janitor-ric-"));
  const undo: (() => unknown)[] = [
    () => rm(outdir, { recursive: true, force: true }),
  ];
  const functions = await deploy(outdir);
  const live = await startLiveEmulator({
    credentials: [KEY],
    account: {
      domains: [
        domain("live.example.com", chainId(2)),
        domain("unbound.example.com"),
      ],
    },
  });
  const line = await startLine(live.url);
  const secrets = await startSecretsManagerEmulator({
    secrets: {
      [SECRET_ID]: JSON.stringify(KEY),
      // A comma is missing.
      malformed: JSON.stringify(KEY).replace(",", ""),
    },
  });
  const mailbox = await startSnsEmulator({ topicArns: [TOPIC_ARN] });
  undo.push(
    () => mailbox.close(),
    () => secrets.close(),
    () => live.close(),
    () => {
      line.close();
    },
  );
  const sandboxes: Sandbox[] = [];

  const start: World["start"] = async (name, env = {}) => {
    const deployed = functions[name];
    const runtime = await startRuntimeApi(
      `arn:aws:lambda:eu-central-1:111122223333:function:${name}`,
    );
    const references: Readonly<Record<string, string>> = {
      VOLCENGINE_SECRET_ID: SECRET_ID,
      REPORT_TOPIC_ARN: TOPIC_ARN,
      SWEEP_FUNCTION_NAME: "sweep",
    };
    const child = spawn(
      toolPath("node24"),
      [
        "--import",
        new URL("./rapid-client.ts", import.meta.url).href,
        join(toolPath("npm"), "aws-lambda-ric", "index.mjs"),
      ],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...Object.fromEntries(
            Object.entries(deployed.environment).map(([variable, value]) => [
              variable,
              typeof value === "string" ? value : references[variable],
            ]),
          ),
          VOLCENGINE_ENDPOINT: line.url,
          AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
          AWS_ENDPOINT_URL_SNS: mailbox.url,
          ...ROLE,
          AWS_REGION: "us-east-1",
          AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
          AWS_LAMBDA_FUNCTION_NAME: name,
          AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
          AWS_LAMBDA_FUNCTION_MEMORY_SIZE: deployed.memorySize,
          AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
          AWS_LAMBDA_LOG_STREAM_NAME: "stream",
          AWS_LAMBDA_LOG_FORMAT: "JSON",
          AWS_LAMBDA_RUNTIME_API: runtime.address,
          AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: "true",
          LAMBDA_TASK_ROOT: deployed.folder,
          _HANDLER: deployed.handler,
          TZ: ":UTC",
          ...env,
        },
      },
    );
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const gone = new Promise<undefined>((resolve) => {
      child.on("close", () => {
        resolve(undefined);
      });
    });
    undo.push(async () => {
      child.kill("SIGKILL");
      await gone;
      await runtime.close();
    });
    const idle = () => Promise.race([runtime.idle(), gone]);
    const call = async (
      event: unknown,
      left = deployed.timeoutMs,
    ): Promise<Result> => {
      const { outcome, ...invocation } = runtime.invoke(event, left);
      const ended = await Promise.race([outcome, gone]);
      // The next one is asked for after the log of this one was written.
      if (ended?.kind !== "timeout") await idle();
      const told = JSON.stringify(ended?.payload ?? null);
      for (const secret of SECRETS) expect(told).not.toContain(secret);
      return {
        ...invocation,
        kind: ended?.kind ?? "exit",
        payload: isJson(ended?.payload) ? ended.payload : {},
      };
    };
    const sandbox: Sandbox = {
      pid: child.pid ?? 0,
      initErrors: runtime.initErrors,
      violations: runtime.violations,
      get stderr() {
        return stderr;
      },
      lines: () => stdout.split("\n").filter((text) => text !== ""),
      call,
      async freeze(meanwhile, event) {
        await idle();
        child.kill("SIGSTOP");
        meanwhile();
        const result = call(event);
        child.kill("SIGCONT");
        return result;
      },
    };
    sandboxes.push(sandbox);
    return sandbox;
  };

  return {
    live,
    line,
    secrets,
    mailbox,
    sandboxes,
    start,
    async close() {
      for (const step of undo.reverse()) await step();
    },
  };
}
