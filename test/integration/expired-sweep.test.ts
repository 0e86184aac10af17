import { fork } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
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
import {
  awsEnvironment,
  certificate,
  domain,
  KEY,
  SECRET_ID,
} from "../support/world.ts";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:reports";
const UNBOUND = domain("unbound.example.com");

let live: LiveEmulator;
let secrets: SecretsManagerEmulator;
let mailbox: SnsEmulator;
let log: Readonly<Record<string, unknown>>[];
afterEach(() => Promise.all([live.close(), secrets.close(), mailbox.close()]));

/** Starts the emulators; returns the environment of a sweep against them. */
async function world(
  options: Partial<LiveEmulatorOptions>,
): Promise<Record<string, string>> {
  live = await startLiveEmulator({ credentials: [KEY], ...options });
  secrets = await startSecretsManagerEmulator({
    secrets: { [SECRET_ID]: JSON.stringify(KEY) },
  });
  mailbox = await startSnsEmulator({ topicArns: [TOPIC] });
  awsEnvironment(secrets.url);
  process.env["AWS_ENDPOINT_URL_SNS"] = mailbox.url;
  return {
    VOLCENGINE_SECRET_ID: SECRET_ID,
    VOLCENGINE_ENDPOINT: live.url,
    DRY_RUN: "false",
    REPORT_TOPIC_ARN: TOPIC,
  };
}

function handler(env: Readonly<Record<string, string>>) {
  log = [];
  return createSweepHandler({
    env,
    clock: systemClock,
    random: Math.random,
    log: (line) => log.push(line),
  });
}

function context(remaining = 900_000) {
  const end = performance.now() + remaining;
  return {
    awsRequestId: "run-1",
    getRemainingTimeInMillis: () => end - performance.now(),
  };
}

const expired = (count: number) =>
  Array.from({ length: count }, (_, n) => certificate(n + 1, -30 - n));

describe("the scheduled sweep, over real sockets", () => {
  it("deletes what is expired and keeps the rest, logs each attempt and mails the report", async () => {
    const inUse = certificate(90, -30, { domains: ["live.example.com"] });
    const valid = certificate(91, 30);
    const env = await world({
      account: {
        certificates: [...expired(5), inUse, valid],
        domains: [UNBOUND, domain("live.example.com", inUse.chainId)],
      },
    });
    const report = await handler(env)({}, context());
    expect(report.stoppedBecause).toBe("done");
    expect(report.counts).toMatchObject({
      listed: 7,
      expired: 6,
      eligible: 5,
      deleted: 5,
      expiredInUse: 1,
      kept: { "in-use": 1, "not-expired": 1 },
    });
    expect(live.account.certificates.map(({ name }) => name)).toEqual([
      inUse.name,
      valid.name,
    ]);
    const events = log.map((line) => line["event"]);
    expect(events.filter((event) => event === "delete-attempt")).toHaveLength(
      5,
    );
    expect(events.filter((event) => event === "delete-outcome")).toHaveLength(
      5,
    );
    expect(events.at(-1)).toBe("sweep-summary");
    expect(mailbox.messages).toMatchObject([
      {
        topicArn: TOPIC,
        subject:
          "5 deleted, 1 expired in use [live-cert-janitor, Volcengine Live]",
      },
    ]);
    expect(mailbox.messages[0]?.message).toContain("live.example.com");
    const again = await handler(env)({}, context());
    expect(again.counts).toMatchObject({ eligible: 0, deleted: 0 });
  });

  it("survives every kind of trouble on the way and loses nothing", async () => {
    const env = await world({
      account: { certificates: expired(20), domains: [UNBOUND] },
    });
    const action = "DeleteCert";
    live.fault({ kind: "reset-after", action, skip: 1 });
    live.fault({ kind: "http-504-after", action, skip: 2 });
    live.fault({ kind: "throttle", action, skip: 3 });
    live.fault({ kind: "CommonErr", action, skip: 1 });
    live.fault({ kind: "not-json", action, skip: 1 });
    live.fault({ kind: "http-502-html", action: "ListCertV2" });
    const { counts, stoppedBecause } = await handler(env)({}, context());
    expect(stoppedBecause).toBe("done");
    expect(counts.deleted + counts.alreadyGone).toBe(20);
    expect(live.account.certificates).toHaveLength(0);
  });

  it("deletes nothing and fails when the domains cannot be counted", async () => {
    const env = await world({
      account: { certificates: expired(3), domains: [UNBOUND] },
    });
    live.fault({
      kind: "total-lies",
      action: "ListDomainDetail",
      delta: 1,
      times: 9,
    });
    await expect(handler(env)({}, context())).rejects.toThrow(
      "nothing was deleted",
    );
    expect(log.at(-1)).toMatchObject({
      event: "sweep-summary",
      stoppedBecause: "no-evidence",
    });
    expect(live.writes()).toHaveLength(0);
    expect(mailbox.messages).toHaveLength(1);
  });

  it.each([
    ["InvalidAccessKey", 401, "credentials-rejected"],
    ["AccessDenied", 403, "vendor-access-denied"],
    ["RequestForbidden.BillingStatus", 403, "vendor-billing"],
  ])("%s stops it at once", async (code, status, stoppedBecause) => {
    const env = await world({
      account: { certificates: expired(30), domains: [UNBOUND] },
    });
    live.fault({
      kind: "error",
      action: "DeleteCert",
      status,
      code,
      times: 99,
    });
    const report = await handler(env)({}, context());
    expect(report.stoppedBecause).toBe(stoppedBecause);
    expect(live.writes().length).toBeLessThanOrEqual(8);
    expect(live.account.certificates).toHaveLength(30);
  });

  it.each([
    [{ graceDays: 1 }],
    [{ maxDeletions: 101 }],
    [{ dryRun: false }],
    [{ force: true }],
    [[]],
    ["{}"],
    [null],
    [{ version: "0", source: "aws.scheduler", detail: {} }],
  ])("refuses the payload %j before any call", async (payload) => {
    const env = await world({
      account: { certificates: expired(1), domains: [] },
    });
    await expect(handler(env)(payload, context())).rejects.toThrow(
      "No sweep was started",
    );
    expect(live.log).toHaveLength(0);
    expect(secrets.calls).toBe(0);
  });

  it("refuses bad settings before any call, all of them by name", async () => {
    const env = await world({
      account: { certificates: expired(1), domains: [] },
    });
    await expect(
      handler({ ...env, GRACE_DAYS: "x", PROTECT: "{}" })({}, context()),
    ).rejects.toThrow(/GRACE_DAYS.*PROTECT/);
    expect(live.log).toHaveLength(0);
  });

  it("deletes what is eligible among the certificates that the payload names, and tells of the others", async () => {
    const inUse = certificate(90, -30, { domains: ["live.example.com"] });
    const env = await world({
      account: {
        certificates: [...expired(20), inUse],
        domains: [UNBOUND, domain("live.example.com", inUse.chainId)],
      },
    });
    const [one, two] = expired(2).map(({ chainId }) => chainId);
    const gone = "f".repeat(32);
    const report = await handler({ ...env, MAX_DELETIONS: "2" })(
      { only: [one?.toUpperCase(), two, inUse.chainId, gone, one] },
      context(),
    );
    expect(report).toMatchObject({
      stoppedBecause: "done",
      only: 4,
      counts: { listed: 19 + 2, eligible: 2, deleted: 2 },
    });
    expect(live.account.certificates).toHaveLength(19);
    const kept = report.items.filter(({ outcome }) => outcome === undefined);
    expect(kept.map(({ chainId, reasons }) => [chainId, ...reasons])).toEqual([
      [inUse.chainId, "in-use"],
      [gone, "not-listed"],
    ]);
    expect(mailbox.messages[0]?.message).toContain("not-listed");
  });

  it("writes nothing on a dry run of the payload", async () => {
    const env = await world({
      account: { certificates: expired(4), domains: [UNBOUND] },
    });
    const report = await handler(env)({ dryRun: true }, context());
    expect(report).toMatchObject({
      mode: "dry-run",
      counts: { eligible: 4, remaining: 4, deleted: 0 },
    });
    expect(live.writes()).toHaveLength(0);
  });

  it("keeps to one call a second where the account has BytePlus limits", async () => {
    const env = await world({
      account: { certificates: expired(3), domains: [UNBOUND] },
      switches: {
        perSecond: { ListCertV2: 10, ListDomainDetail: 1, DeleteCert: 1 },
      },
    });
    const report = await handler({
      ...env,
      VOLCENGINE_REGION: "ap-singapore-1",
      SENDS_PER_SECOND: "0.6",
    })({}, context());
    expect(report.counts.deleted).toBe(3);
    expect(live.log.filter(({ status }) => status === 429)).toHaveLength(0);
  });

  it("is finished by the next run after a kill -9 in the middle", async () => {
    const env = await world({
      account: { certificates: expired(16), domains: [UNBOUND] },
    });
    const child = fork("test/support/sweep-child.ts", {
      execArgv: ["--import", "tsx"],
      env: { ...process.env, ...env },
      stdio: "ignore",
    });
    while (live.writes().length < 5) {
      await systemClock.sleep(10);
    }
    child.kill("SIGKILL");
    await once(child, "exit");
    const left = live.account.certificates.length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(16);
    const report = await handler(env)({}, context());
    expect(report.counts.deleted).toBe(left);
    expect(live.account.certificates).toHaveLength(0);
  });
});
