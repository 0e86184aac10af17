/** `npm start`: the deployed functions, unchanged, on one machine, against emulators of everything around them. */
import { createApiHandler } from "../../functions/http/handler.ts";
import { routeKeyOf, ROUTES } from "../../functions/contract/routes.ts";
import {
  BadConfiguration,
  readConfiguration,
} from "../../functions/host/configuration.ts";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import { lambdaHost } from "../../functions/host/host.ts";
import { demoAccount, demoSettings } from "./fixtures.ts";
import { startGateway } from "./gateway.ts";
import { inventoryTable, lookOf } from "./inventory-table.ts";
import { startLambdaEmulator } from "./lambda-emulator.ts";
import { invoke } from "./lambda-runtime.ts";
import { startLiveEmulator } from "./live-emulator/server.ts";
import { startSecretsManagerEmulator } from "./secrets-manager-emulator.ts";
import { startSnsEmulator } from "./sns-emulator.ts";
import { createNarrator } from "./narrator.ts";
import { startPictureServer } from "./picture/server.ts";
import { readAccount, type Reading } from "./reading.ts";

const ACCOUNT_ID = "123456789012";
const SECRET_ID = "live-cert-janitor/volcengine";
const SWEEP_FUNCTION = "expired-sweep";
const TOPIC_ARN = `arn:aws:sns:us-east-1:${ACCOUNT_ID}:reports`;
/** Valid and used by nobody: a caller who names it may delete it. */
const SPARE_CERTIFICATE = "push.example.net, for the move";
const SWEEP_EVERY_MS = 60_000;
const KEY = {
  accessKeyId: "AKLTLOCALEXAMPLE00000000000000001",
  secretAccessKey: "LOCAL-EXAMPLE-SECRET-VALID-NOWHERE",
};
/** Settings that may be tried out on the demonstration account: `GRACE_DAYS=30 npm start`. */
const TRIABLE = [
  "GRACE_DAYS",
  "MAX_DELETIONS",
  "DRY_RUN",
  "UNSEEN_DOMAINS",
  "WARN_DAYS",
  "PROJECT_NAMES",
  "PROTECT",
];

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    console.error(
      `PORT is ${JSON.stringify(text)}; it must be a whole number from 0 to 65535, 0 for any free port.`,
    );
    process.exit(1);
  }
  return port;
}

function readSettings(env: NodeJS.ProcessEnv) {
  try {
    return readConfiguration(env);
  } catch (error) {
    if (!(error instanceof BadConfiguration)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

const once = process.argv.includes("--once");
const port = readPort(process.env["PORT"] ?? "8787");
const narrator = createNarrator(process.stdout);

const live = await startLiveEmulator({
  credentials: [KEY],
  account: demoAccount(Date.now()),
});
const secrets = await startSecretsManagerEmulator({
  secrets: { [SECRET_ID]: JSON.stringify(KEY) },
});
const mailbox = await startSnsEmulator({
  topicArns: [TOPIC_ARN],
  onMessage: ({ subject }) => {
    narrator.say(`Mail to the operator: ${subject ?? "(no subject)"}`);
  },
});

const settings = Object.fromEntries(
  TRIABLE.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);
const env = {
  VOLCENGINE_SECRET_ID: SECRET_ID,
  VOLCENGINE_ENDPOINT: live.url,
  // The demonstration shows deletions.
  DRY_RUN: "false",
  ...demoSettings,
  ...settings,
  SWEEP_FUNCTION_NAME: SWEEP_FUNCTION,
  REPORT_TOPIC_ARN: TOPIC_ARN,
};
const configuration = readSettings(env);
const host = { ...lambdaHost(), env };
const sweepFunction = {
  handler: createSweepHandler({ ...host, log: narrator.sweepLine }),
  timeoutMs: 900_000,
};
const functions = await startLambdaEmulator({
  functions: { [SWEEP_FUNCTION]: sweepFunction },
  onError: ({ error }) => {
    narrator.failed(error);
  },
});
// The AWS clients read these themselves; the functions never ask where they run.
Object.assign(process.env, {
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
  AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
  AWS_ENDPOINT_URL_LAMBDA: functions.url,
  AWS_ENDPOINT_URL_SNS: mailbox.url,
});
delete process.env["AWS_SESSION_TOKEN"];
const gateway = await startGateway({
  port,
  accountId: ACCOUNT_ID,
  routes: Object.values(ROUTES).map(routeKeyOf),
  handler: createApiHandler({
    ...host,
    env: { ...env, SENDS_PER_SECOND: "2" },
    log: narrator.apiLine,
  }),
  timeoutMs: 29_000,
}).catch((error: unknown) => {
  console.error(
    `The API cannot listen on port ${String(port)} (${error instanceof Error ? error.message : "unknown"}). Set PORT to another one, or to 0 for any free port.`,
  );
  process.exit(1);
});

async function close(): Promise<void> {
  await gateway.close();
  await Promise.all([
    functions.close(),
    mailbox.close(),
    secrets.close(),
    live.close(),
  ]);
}

function read(): Promise<Reading> {
  const key = { ...KEY, version: "local" };
  return readAccount(host, configuration, {
    current: () => Promise.resolve(key),
    refreshed: () => Promise.resolve(key),
  });
}

async function showInventory(title: string): Promise<Reading> {
  const reading = await read();
  narrator.say(
    `\n${title}\n\n${inventoryTable(reading, lookOf(process.stdout, process.env))}\n`,
  );
  return reading;
}

async function sweepOnce(): Promise<void> {
  const outcome = await invoke(
    sweepFunction,
    {},
    { functionName: SWEEP_FUNCTION, accountId: ACCOUNT_ID },
  );
  if (outcome.kind === "error") narrator.failed(outcome.error);
}

/** Deletes one certificate through the HTTP API, as a caller would; what it prints can be repeated with curl. */
async function deleteOne(): Promise<void> {
  const { certificates, domains } = live.account;
  const bound = new Set(domains.map(({ chainId }) => chainId));
  const inUse = certificates.find(({ chainId }) => bound.has(chainId));
  const spare = certificates.find(({ name }) => name === SPARE_CERTIFICATE);
  if (inUse === undefined || spare === undefined) {
    throw new Error(
      "The demonstration account lacks the certificates to show.",
    );
  }
  for (const [method, { chainId }] of [
    ["DELETE", inUse],
    ["GET", spare],
    ["DELETE", spare],
    ["GET", spare],
  ] as const) {
    const url = `${gateway.url}/certificates/${chainId}`;
    const answer = await fetch(url, { method });
    narrator.say(
      `$ curl -X ${method} ${url}\n${String(answer.status)} ${await answer.text()}\n`,
    );
  }
}

narrator.say(`API: ${gateway.url}`);
narrator.say(
  `Volcengine Live emulator: ${live.url} accessKeyId=${KEY.accessKeyId} secretAccessKey=${KEY.secretAccessKey}`,
);
narrator.say(`Faults and switches of the emulator: ${live.adminUrl}`);
const before = await showInventory("Before the sweep");
await sweepOnce();
await showInventory("After the sweep");

if (once) {
  await deleteOne();
  await close();
} else {
  const pictures = await startPictureServer({
    title: "Certificates of the demonstration account",
    before,
    read,
  });
  narrator.say(
    `Picture: ${pictures.url}/ (before the sweep: ${pictures.url}/before)`,
  );
  narrator.say("A sweep every minute; Ctrl-C ends it.");
  const timer = setInterval(() => {
    void sweepOnce();
  }, SWEEP_EVERY_MS);
  process.once("SIGINT", () => {
    clearInterval(timer);
    void Promise.all([pictures.close(), close()]);
  });
}
