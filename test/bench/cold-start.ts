/**
 * From nothing to the vendor's first answer, of the bundles that are deployed: ours beside the same function written
 * with the vendor's official client, bundled by the same construct with the same options.
 */
import { App, Stack } from "aws-cdk-lib";
import { Runtime } from "aws-cdk-lib/aws-lambda";
import {
  LogLevel,
  NodejsFunction,
  type BundlingOptions,
} from "aws-cdk-lib/aws-lambda-nodejs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLING } from "../../infra/constructs/janitor-function.ts";
import { startSecretsManagerEmulator } from "../../infra/local/secrets-manager-emulator.ts";
import { selfSigned } from "../world/faulty-server.ts";
import { compared, inTurns, type Bench, type Figure } from "./figure.ts";
import { chainIdOf } from "./vendor.ts";

const ROUNDS = 25;
/** Over TLS the function calls no other host than the vendor's, so that is what this machine is called. */
const HOST = "live.volcengineapi.com";
const AT_HOME = `import dns from "node:dns";
  const { lookup } = dns;
  dns.lookup = (host, options, then) => lookup(host === "${HOST}" ? "127.0.0.1" : host, options, then);`;
const ROOT = join(import.meta.dirname, "..", "..");
const KEY = {
  accessKeyId: "AKLTEXAMPLE0000000000000000000001",
  secretAccessKey: "EXAMPLE-SECRET-KEY-NOT-REAL-0001",
};

/** The bundle of an entry, as the stack makes it. */
function bundle(
  folder: string,
  name: string,
  entry: string,
  others: BundlingOptions,
): string {
  const app = new App({ outdir: join(folder, name) });
  new NodejsFunction(new Stack(app, name), "Function", {
    entry: join(ROOT, entry),
    depsLockFilePath: join(ROOT, "package-lock.json"),
    projectRoot: ROOT,
    runtime: Runtime.NODEJS_24_X,
    bundling: { ...BUNDLING, logLevel: LogLevel.ERROR, ...others },
  });
  app.synth();
  const file = readdirSync(app.outdir, { recursive: true, encoding: "utf8" })
    .filter((path) => /^asset\.[0-9a-f]+\/index\.mjs$/.test(path))
    .at(0);
  if (file === undefined) throw new Error(`${entry} was not bundled.`);
  return join(app.outdir, file);
}

const ROUTE = "DELETE /certificates/{chainId}";
const EVENT = {
  version: "2.0",
  routeKey: ROUTE,
  rawPath: `/certificates/${chainIdOf(2)}`,
  rawQueryString: "",
  headers: {},
  pathParameters: { chainId: chainIdOf(2) },
  requestContext: { requestId: "bench", http: { method: "DELETE" } },
  isBase64Encoded: false,
};

/** Runs one line of a module in a process of its own, as Lambda's runtime would load it. */
function startNode(code: string, env: Readonly<Record<string, string>>) {
  return spawn(
    process.execPath,
    [
      // The vendor's client warns of url.parse at each start.
      "--disable-warning=DEP0169",
      "--input-type=module",
      "--eval",
      code,
    ],
    { env, stdio: ["ignore", "pipe", "inherit"] },
  );
}

/** Milliseconds that the import of a bundle takes. */
async function importTime(file: string): Promise<number> {
  const child = startNode(
    `const started = performance.now();
     await import(${JSON.stringify(file)});
     process.stdout.write(String(performance.now() - started), () => process.exit());`,
    {},
  );
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(child, "close");
  return Number(text);
}

/** A vendor in this process, which tells when its first answer has gone out. */
async function startFirstAnswer(folder: string) {
  let answered: () => void = () => undefined;
  const identity = selfSigned(HOST);
  const certificate = join(folder, "vendor.pem");
  writeFileSync(certificate, identity.cert);
  const server = createServer(identity, (request, response) => {
    request.resume();
    response.end('{"ResponseMetadata":{"RequestId":"1"}}', () => {
      answered();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return {
    /** For NODE_EXTRA_CA_CERTS. */
    certificate,
    url: `https://${HOST}:${String(typeof address === "object" ? address?.port : 0)}`,
    next: () =>
      new Promise<void>((resolve) => {
        answered = resolve;
      }),
    close: () => server.close(),
  };
}

export async function measureColdStart({
  say,
  rounds,
}: Bench): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "janitor-bench-"));
  const vendor = await startFirstAnswer(folder);
  const secrets = await startSecretsManagerEmulator({
    secrets: { volcengine: JSON.stringify(KEY) },
  });
  const env = {
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    VOLCENGINE_SECRET_ID: "volcengine",
    VOLCENGINE_ENDPOINT: vendor.url,
    NODE_EXTRA_CA_CERTS: vendor.certificate,
    SENDS_PER_SECOND: "2",
  };
  /** Milliseconds from the start of the process to the vendor's first answer, the reading of the secret included. */
  const firstAnswer = async (code: string): Promise<number> => {
    const next = vendor.next();
    const started = performance.now();
    const child = startNode(code, env);
    await next;
    const took = performance.now() - started;
    child.kill("SIGKILL");
    await once(child, "close");
    return took;
  };
  const handle = (file: string): string =>
    `${AT_HOME}
     const { handler } = await import(${JSON.stringify(file)});
     await handler(${JSON.stringify(EVENT)}, { awsRequestId: "1", getRemainingTimeInMillis: () => 29000 });`;
  const floor = `${AT_HOME}
     import { request } from "node:https";
     request(process.env.VOLCENGINE_ENDPOINT, { method: "POST" }).end();`;
  try {
    say("bundling both functions");
    const ours = bundle(folder, "Ours", "functions/certificates-api.ts", {});
    const peer = bundle(folder, "Peer", "test/bench/peer.ts", {
      esbuildArgs: {}, // the seam in there is ours
    });
    const imports = await inTurns(rounds(ROUNDS), {
      ours: () => importTime(ours),
      peer: () => importTime(peer),
    });
    const answers = await inTurns(rounds(ROUNDS), {
      ours: () => firstAnswer(handle(ours)),
      peer: () => firstAnswer(handle(peer)),
      floor: () => firstAnswer(floor),
    });
    const sizes = [ours, peer].map((file) => statSync(file).size / 1000);
    const row = { peer: "@volcengine/openapi", unit: "ms" };
    return [
      compared(imports, "ours", "peer", {
        ...row,
        name: "cold import of the API's bundle",
        target: { atMost: 0.45 },
      }),
      compared(answers, "ours", "peer", {
        ...row,
        name: "process start to the vendor's first answer",
        target: { atMost: 0.7 },
      }),
      compared(answers, "ours", "floor", {
        name: "process start to the vendor's first answer",
        peer: "bare Node, one HTTPS call",
        unit: "ms",
      }),
      {
        name: "size of the API's bundle, minified",
        ours: sizes[0] ?? NaN,
        peer: row.peer,
        theirs: sizes[1] ?? NaN,
        unit: "KB",
        target: { atMost: 530 },
      },
    ];
  } finally {
    vendor.close();
    await secrets.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
