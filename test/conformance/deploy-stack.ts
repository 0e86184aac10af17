/** The stack, synthesized as it ships and deployed on MiniStack: an AWS of its own hand, which enforces IAM policies. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { App } from "aws-cdk-lib";
import { readConfig } from "../../infra/settings/config.ts";
import { EXTERNAL_MODULES } from "../../infra/constructs/janitor-function.ts";
import { LiveCertJanitorStack } from "../../infra/live-cert-janitor-stack.ts";
import { startLoopbackServer } from "../../infra/local/loopback-server.ts";
import {
  CONFIGURATIONS,
  CONTEXT,
  isJson,
  object,
  ROOT,
  type Json,
} from "../infra/synthesize.ts";
import { toolPath } from "./tools.ts";

const STACK = "LiveCertJanitor";
export const REGION = "eu-central-1";
export const ACCOUNT = "000000000000";
const WAIT_MS = 120_000;

/** A key of AWS. */
export interface Caller {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** MiniStack's own administrator. */
const ROOT_CALLER: Caller = { accessKeyId: "test", secretAccessKey: "test" };

/**
 * What differs from the template that would be deployed, and why; everything else stays as it was synthesized.
 * No resource is left out.
 */
const DIFFERENCES = {
  /** By environment variable of the functions, which must be there. */
  environment: (liveUrl: string) => ({
    // The settings permit the vendor's hosts only; the functions a loopback host as well.
    VOLCENGINE_ENDPOINT: liveUrl,
  }),
  /**
   * By logical id of a secret. AWS names it after the logical id and twelve characters, which the output SecretName
   * takes apart, and its Ref is the ARN, as the attribute Id. MiniStack's name begins with the stack's, and its Ref is
   * that name. The suite fails as soon as that is no longer so.
   */
  secrets: { CredentialsSecret: "CredentialsSecret-0123456789ab" },
};

/** What is read from JSON that others wrote, and whether it is there. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === "object" && inner !== null
        ? Reflect.get(inner, name)
        : undefined,
    value,
  );
}

/** As {@link at}, for a text that must be there. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  if (typeof found !== "string") throw new Error(`no text ${path.join(".")}`);
  return found;
}

/** As {@link at}, for a list that must be there. */
export function listAt(value: unknown, ...path: readonly string[]): unknown[] {
  const found = at(value, ...path);
  if (!Array.isArray(found)) throw new Error(`no list ${path.join(".")}`);
  return found;
}

/** Asks until there is an answer; the time-out is for a machine that hangs. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + WAIT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(250);
  }
}

/** A refusal by a service. */
class ServiceRefusal extends Error {
  override readonly name = "ServiceRefusal";
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
  }
}

/** botocore in a process of its own. */
export interface Botocore {
  /** An operation of a service, as MiniStack's administrator by default. Rejects with {@link ServiceRefusal}. */
  readonly call: (
    service: string,
    operation: string,
    parameters?: Json,
    caller?: Caller,
  ) => Promise<unknown>;
  /** Any of the requests of aws_call.py. */
  ask(kind: "request" | "signature", given: Json): Promise<unknown>;
  close(): void;
}

function startBotocore(endpoint: string, ca: string): Botocore {
  const child = spawn(
    toolPath("python"),
    [join(import.meta.dirname, "aws_call.py")],
    {
      env: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_CA_BUNDLE: ca,
        AWS_REGION: REGION,
      },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  async function exchange(kind: string, given: Json): Promise<unknown> {
    child.stdin.write(`${JSON.stringify({ [kind]: given })}\n`);
    const line = await lines.next();
    if (line.done === true) throw new Error("botocore ended");
    const answer: unknown = JSON.parse(line.value);
    if (isJson(answer) && "result" in answer) return answer["result"];
    throw new ServiceRefusal(
      textAt(answer, "error"),
      textAt(answer, "message"),
    );
  }
  // One after the other, since answers carry no number.
  const ask = (kind: string, given: Json): Promise<unknown> => {
    const turn = last.catch(() => undefined).then(() => exchange(kind, given));
    last = turn;
    return turn;
  };
  return {
    call: (service, operation, parameters = {}, credentials = ROOT_CALLER) =>
      ask("call", { service, operation, parameters, credentials }),
    ask,
    close: () => child.kill(),
  };
}

interface MiniStack {
  readonly url: string;
  /** File of the certificate that it made for itself. */
  readonly ca: string;
  stop(): Promise<void>;
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.end();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });

async function startMiniStack(folder: string): Promise<MiniStack> {
  // The runtime's own copies of the clients that the bundles leave out: found from any folder below this one.
  for (const name of EXTERNAL_MODULES) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
  const free = await startLoopbackServer(0, () => undefined);
  await free.close();
  const child: ChildProcess = spawn(toolPath("python"), ["-m", "ministack"], {
    cwd: folder,
    env: {
      // Its Lambda runs `node`.
      PATH: [dirname(toolPath("node24")), "/usr/bin", "/bin"].join(delimiter),
      HOME: folder,
      TMPDIR: folder,
      BIND_HOST: "127.0.0.1",
      GATEWAY_PORT: String(free.port),
      MINISTACK_REGION: REGION,
      // Verifies signatures and applies the policies of users and execution roles.
      AUTH: "true",
      // TLS, without which the queues' own policies refuse.
      USE_SSL: "1",
      IOT_MTLS_ENABLED: "0",
      LOG_LEVEL: "WARNING",
    },
    stdio: ["ignore", "ignore", "pipe"],
    // A process group, so that its functions end with it.
    detached: true,
  });
  const said = child.stderr === null ? "" : text(child.stderr);
  const kill = (): void => {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (child.pid !== undefined && !ended) process.kill(-child.pid, "SIGKILL");
  };
  process.once("exit", kill);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    kill();
    await ended;
    process.off("exit", kill);
  };
  try {
    await eventually("MiniStack", async () => {
      if (child.exitCode !== null) {
        throw new Error(`MiniStack ended: ${await said}`);
      }
      return (await isListening(free.port)) ? true : undefined;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `https://127.0.0.1:${String(free.port)}`,
    ca: join(folder, "ministack-tls", "server.crt"),
    stop,
  };
}

/** Template and assets, as `cdk synth` makes them without an account at hand; bundled for real. */
function synthesizeStack(outdir: string, settings: Json): Json {
  const app = new App({ outdir, context: { ...CONTEXT } });
  const config = readConfig({ ...CONFIGURATIONS.default, ...settings });
  new LiveCertJanitorStack(app, STACK, { config });
  const assembly = app.synth();
  const template: unknown = assembly.getStackByName(STACK).template;
  if (!isJson(template)) throw new Error("the template is no object");
  return template;
}

/** The template with {@link DIFFERENCES}. */
function adapted(template: Json, liveUrl: string): string {
  const copy = structuredClone(template);
  const resources = object(copy, "Resources");
  for (const resource of Object.values(resources)) {
    if (at(resource, "Type") !== "AWS::Lambda::Function") continue;
    const variables = at(resource, "Properties", "Environment", "Variables");
    for (const [name, value] of Object.entries(
      DIFFERENCES.environment(liveUrl),
    )) {
      if (!isJson(variables) || !(name in variables)) {
        throw new Error(`a function has no ${name}`);
      }
      Reflect.set(variables, name, value);
    }
  }
  for (const [id, name] of Object.entries(DIFFERENCES.secrets)) {
    Reflect.set(object(object(resources, id), "Properties"), "Name", name);
  }
  return Object.keys(DIFFERENCES.secrets).reduce(
    (body, id) =>
      body.replaceAll(`{"Ref":"${id}"}`, `{"Fn::GetAtt":["${id}","Id"]}`),
    JSON.stringify(copy),
  );
}

function wanted(map: ReadonlyMap<string, string>, key: string): string {
  const value = map.get(key);
  if (value === undefined) throw new Error(`the stack has no ${key}`);
  return value;
}

export interface DeployedStack {
  readonly url: string;
  readonly ca: string;
  readonly botocore: Botocore;
  /** As synthesized last. */
  readonly template: Json;
  /** Of every resource that was made. */
  readonly logicalIds: readonly string[];
  physicalId(logicalId: string): string;
  output(name: string): string;
  /** Deploys the stack anew, under these settings beside those of cdk.json. */
  update(settings: Json): Promise<void>;
  close(): Promise<void>;
}

/** Starts MiniStack, prepares it as `cdk bootstrap` does and deploys the stack as cdk.json ships it. */
export async function deployStack(liveUrl: string): Promise<DeployedStack> {
  const folder = mkdtempSync(join(tmpdir(), "janitor-deploy-"));
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  const miniStack = await startMiniStack(folder).catch((error: unknown) => {
    removeFolder();
    throw error;
  });
  const botocore = startBotocore(miniStack.url, miniStack.ca);
  const bucket = `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`;
  const outputs = new Map<string, string>();
  const resources = new Map<string, string>();
  let template: Json = {};
  let deployments = 0;

  const describe = (operation: string): Promise<unknown> =>
    botocore.call("cloudformation", operation, { StackName: STACK });

  async function waitForStack(wanted: string): Promise<void> {
    const stack = await eventually("the deployment", async () => {
      const all = await describe("DescribeStacks");
      const [one] = listAt(all, "Stacks");
      return textAt(one, "StackStatus").endsWith("IN_PROGRESS")
        ? undefined
        : one;
    });
    if (at(stack, "StackStatus") !== wanted) {
      const events = await describe("DescribeStackEvents");
      const reasons = listAt(events, "StackEvents")
        .map((event) =>
          ["LogicalResourceId", "ResourceStatus", "ResourceStatusReason"]
            .map((name) => String(at(event, name)))
            .join(" "),
        )
        .filter((line) => /FAILED|ROLLBACK_IN_PROGRESS/.test(line));
      throw new Error(`not deployed:\n${reasons.join("\n")}`);
    }
    for (const output of listAt(stack, "Outputs")) {
      outputs.set(textAt(output, "OutputKey"), textAt(output, "OutputValue"));
    }
    const described = await describe("DescribeStackResources");
    for (const resource of listAt(described, "StackResources")) {
      resources.set(
        textAt(resource, "LogicalResourceId"),
        textAt(resource, "PhysicalResourceId"),
      );
    }
  }

  async function deploy(settings: Json): Promise<void> {
    const first = deployments === 0;
    deployments += 1;
    const outdir = join(folder, `cdk.out-${String(deployments)}`);
    template = synthesizeStack(outdir, settings);
    for (const resource of Object.values(object(template, "Resources"))) {
      const key = at(resource, "Properties", "Code", "S3Key");
      if (typeof key !== "string") continue;
      await botocore.call("s3", "PutObject", {
        Bucket: bucket,
        Key: key,
        ZipOf: join(outdir, `asset.${key.replace(/\.zip$/, "")}`),
      });
    }
    await botocore.call(
      "cloudformation",
      first ? "CreateStack" : "UpdateStack",
      {
        StackName: STACK,
        TemplateBody: adapted(template, liveUrl),
        Capabilities: ["CAPABILITY_IAM"],
      },
    );
    await waitForStack(first ? "CREATE_COMPLETE" : "UPDATE_COMPLETE");
  }

  async function close(): Promise<void> {
    botocore.close();
    await miniStack.stop();
    removeFolder();
  }

  try {
    await botocore.call("s3", "CreateBucket", {
      Bucket: bucket,
      CreateBucketConfiguration: { LocationConstraint: REGION },
    });
    await botocore.call("ssm", "PutParameter", {
      Name: "/cdk-bootstrap/hnb659fds/version",
      Type: "String",
      Value: "30",
    });
    await deploy({});
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: miniStack.url,
    ca: miniStack.ca,
    botocore,
    get template() {
      return template;
    },
    get logicalIds() {
      return [...resources.keys()];
    },
    physicalId: (logicalId) => wanted(resources, logicalId),
    output: (name) => wanted(outputs, name),
    update: deploy,
    close,
  };
}
