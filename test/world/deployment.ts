/** Both functions, the API on a real gateway, with real emulators of the vendor and of AWS around them. */
import { routeKeyOf, ROUTES } from "../../functions/contract/routes.ts";
import { createApiHandler } from "../../functions/http/handler.ts";
import type { Host } from "../../functions/host/host.ts";
import {
  createSweepHandler,
  type ReturnedReport,
} from "../../functions/host/sweep-handler.ts";
import { startGateway } from "../../infra/local/gateway.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
  type LiveEmulatorOptions,
} from "../../infra/local/live-emulator/server.ts";
import {
  startSecretsManagerEmulator,
  type SecretsManagerEmulator,
} from "../../infra/local/secrets-manager-emulator.ts";
import {
  startSnsEmulator,
  type SnsEmulator,
} from "../../infra/local/sns-emulator.ts";
import { hurriedClock } from "./clock.ts";
import { KEY } from "./key.ts";

export { KEY };
export const SECRET_ID = "live-cert-janitor/test";
const TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:reports";
const DAY_MS = 86_400_000;

/** A chain id that ends in `n`. */
export function chainId(n: number): string {
  return `4060e265${n.toString(16).padStart(24, "0")}`;
}

/** A certificate whose validity ends `days` from now (negative: ago). */
export function certificate(
  n: number,
  days: number,
  fields: { readonly name?: string; readonly domains?: string[] } = {},
) {
  const at = (offset: number) =>
    new Date(Date.now() + offset * DAY_MS)
      .toISOString()
      .replace(/\.\d{3}Z$/, "Z");
  return {
    chainId: chainId(n),
    certId: String(8_120_000 + n),
    chainIdVolc: `188b5c6f${n.toString(16).padStart(24, "0")}`,
    name: `certificate-${String(n)}`,
    domains: ["unbound.example.com"],
    notBefore: at(days - 90),
    notAfter: at(days),
    createTime: at(days - 90),
    projectName: "default",
    available: true,
    ...fields,
  };
}

/** A domain, bound to `boundTo` or to nothing. */
export function domain(name: string, boundTo = "") {
  return {
    domain: name,
    chainId: boundTo,
    certDomain: "",
    status: 0,
    projectName: "default",
    type: "pull-flv" as const,
  };
}

export interface World {
  readonly live: LiveEmulator;
  readonly secrets: SecretsManagerEmulator;
  readonly mailbox: SnsEmulator;
  /** Of the gateway. */
  readonly url: string;
  readonly log: Readonly<Record<string, unknown>>[];
  readonly call: (
    method: string,
    path: string,
    init?: RequestInit,
  ) => Promise<{
    readonly status: number;
    readonly headers: Headers;
    readonly body: Readonly<Record<string, unknown>>;
  }>;
  /** A sweep in a function that has just started, with these settings besides. */
  readonly sweep: (
    payload?: unknown,
    env?: Readonly<Record<string, string>>,
  ) => Promise<ReturnedReport>;
  close(): Promise<void>;
}

/** What the AWS clients of a test read from the environment. */
export function awsEnvironment(secretsUrl: string): void {
  Object.assign(process.env, {
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsUrl,
  });
}

/** Starts everything on free ports; the emulator's rate limit is off unless asked for, and nobody waits for pacers. */
export async function startWorld(
  options: {
    readonly live?: Partial<LiveEmulatorOptions>;
    readonly env?: Readonly<Record<string, string>>;
    readonly secret?: string;
    readonly host?: Partial<Omit<Host, "env">>;
    readonly timeoutMs?: number;
  } = {},
): Promise<World> {
  const live = await startLiveEmulator({
    credentials: [KEY],
    switches: { perSecond: null },
    ...options.live,
  });
  const secrets = await startSecretsManagerEmulator({
    secrets: { [SECRET_ID]: options.secret ?? JSON.stringify(KEY) },
  });
  const mailbox = await startSnsEmulator({ topicArns: [TOPIC_ARN] });
  awsEnvironment(secrets.url);
  process.env["AWS_ENDPOINT_URL_SNS"] = mailbox.url;
  const log: Readonly<Record<string, unknown>>[] = [];
  const host: Host = {
    clock: hurriedClock(),
    random: () => 0,
    log: (line) => log.push(line),
    ...options.host,
    env: {
      VOLCENGINE_SECRET_ID: SECRET_ID,
      VOLCENGINE_ENDPOINT: live.url,
      DRY_RUN: "false",
      REPORT_TOPIC_ARN: TOPIC_ARN,
      ...options.env,
    },
  };
  const gateway = await startGateway({
    port: 0,
    routes: Object.values(ROUTES).map(routeKeyOf),
    handler: createApiHandler(host),
    timeoutMs: options.timeoutMs ?? 29_000,
  });
  return {
    live,
    secrets,
    mailbox,
    log,
    url: gateway.url,
    async call(method, path, init = {}) {
      const answer = await fetch(`${gateway.url}${path}`, { method, ...init });
      const body: unknown = await answer.json();
      return {
        status: answer.status,
        headers: answer.headers,
        body: Object.fromEntries(
          Object.entries(typeof body === "object" && body !== null ? body : {}),
        ),
      };
    },
    sweep: (payload = {}, env = {}) =>
      createSweepHandler({ ...host, env: { ...host.env, ...env } })(payload, {
        awsRequestId: "run-1",
        getRemainingTimeInMillis: () => 900_000,
      }),
    async close() {
      await gateway.close();
      await Promise.all([live.close(), secrets.close(), mailbox.close()]);
    },
  };
}
