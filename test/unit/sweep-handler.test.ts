/** The sweep as Lambda calls it, over a vendor that does as it is told; mails go to an emulated topic. */
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  BadConfiguration,
  type Environment,
} from "../../functions/host/configuration.ts";
import { systemClock } from "../../functions/host/clock.ts";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import { BadPayload } from "../../functions/host/sweep-payload.ts";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import { NoEvidence } from "../../functions/janitor/sweep.ts";
import {
  startSnsEmulator,
  type SnsEmulator,
} from "../../infra/local/sns-emulator.ts";
import {
  certificate,
  domain,
  ending,
  many,
  NOW,
  observed,
  type Fields,
} from "../world/account.ts";

/** The time of day stands still. */
const CLOCK = { ...systemClock, now: () => NOW };

const TOPIC = "arn:aws:sns:us-east-1:123456789012:reports";

let mailbox: SnsEmulator;
beforeAll(async () => {
  mailbox = await startSnsEmulator({ topicArns: [TOPIC] });
  for (const [name, value] of Object.entries({
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_SNS: mailbox.url,
  }))
    vi.stubEnv(name, value);
  return async () => {
    vi.unstubAllEnvs();
    await mailbox.close();
  };
});

/** A sweep of an account with so many expired certificates that nobody uses. */
function sweeper(
  world: {
    readonly env?: Environment;
    readonly expired?: readonly Fields[];
    readonly domains?: readonly Fields[];
    readonly failure?: VendorFailure;
  } = {},
) {
  const log: Fields[] = [];
  const built: number[] = [];
  const deleted: string[] = [];
  const before = mailbox.messages.length;
  const calls = { observed: 0 };
  const gone = new Set<unknown>();
  const observation = () => ({
    ...observed(
      (world.expired ?? []).filter(({ ChainID }) => !gone.has(ChainID)),
      world.domains,
    ),
    isSettled: true,
    startedAt: systemClock.monotonic(),
    readAt: { certificates: "", domains: "" },
    requestId: "r",
    secretVersion: "v1",
  });
  const handle = createSweepHandler(
    {
      env: {
        VOLCENGINE_SECRET_ID: "key",
        REPORT_TOPIC_ARN: TOPIC,
        DRY_RUN: "false",
        ...world.env,
      },
      clock: CLOCK,
      random: () => 0,
      log: (line) => log.push(line),
    },
    (_host, _configuration, attemptMs) => {
      built.push(attemptMs);
      const read = async () => {
        calls.observed += 1;
        if (world.failure !== undefined) throw world.failure;
        return Promise.resolve(observation());
      };
      return {
        observer: { observe: read, listCertificates: read },
        deleter: {
          deleteCertificate(order) {
            order.permit(1);
            deleted.push(order.chainId);
            gone.add(order.chainId);
            order.ended(1, undefined, "r");
            return Promise.resolve({ requestId: "r", attempts: 1 });
          },
        },
        close: () => Promise.resolve(),
      };
    },
  );
  return {
    ...{ log, built, deleted, calls },
    mails: () => mailbox.messages.slice(before),
    run: (payload: unknown = {}, remaining = 900_000) => {
      const end = performance.now() + remaining;
      return handle(payload, {
        awsRequestId: "run-1",
        getRemainingTimeInMillis: () => end - performance.now(),
      });
    },
  };
}

describe("a run", () => {
  it("returns its report, under the request id of the invocation", async () => {
    const { run, deleted, log, mails } = sweeper({ expired: many(2) });
    expect(await run()).toMatchObject({
      runId: "run-1",
      mode: "delete",
      stoppedBecause: "done",
      counts: { eligible: 2, deleted: 2 },
      itemsOmitted: 0,
    });
    expect(deleted).toHaveLength(2);
    expect(log.at(-1)).toMatchObject({ event: "sweep-summary" });
    expect(mails()).toMatchObject([
      {
        topicArn: TOPIC,
        subject: expect.stringMatching(
          /^2 deleted.*\[live-cert-janitor, Volcengine Live\]$/,
        ) as string,
      },
    ]);
  });

  it("gives an attempt 10 s, and keeps what it was built from", async () => {
    const { run, built } = sweeper();
    await run();
    await run();
    expect(built).toEqual([10_000]);
  });

  it("knows how much time it has left", async () => {
    const { run, deleted } = sweeper({ expired: many(2) });
    expect(await run({}, 20_000)).toMatchObject({
      stoppedBecause: "out-of-time",
      counts: { deleted: 0 },
    });
    expect(deleted).toEqual([]);
  });

  it("does as its payload says", async () => {
    const { run, deleted } = sweeper({ expired: many(3) });
    expect(await run({ dryRun: true })).toMatchObject({ mode: "dry-run" });
    expect(await run({ maxDeletions: 2 })).toMatchObject({
      stoppedBecause: "too-many",
    });
    expect(deleted).toEqual([]);
  });

  it("warns by the setting of what expires in use", async () => {
    const inUse = certificate(1, ending(20));
    const domains = [domain("x.example.com", inUse["ChainID"])];
    const expiring = async (WARN_DAYS: string) => {
      const world = { expired: [inUse], domains, env: { WARN_DAYS } };
      return (await sweeper(world).run()).counts.expiringInUse;
    };
    expect(await expiring("21")).toBe(1);
    expect(await expiring("19")).toBe(0);
  });

  it("returns 200 items at most, and says how many it left out", async () => {
    const { run } = sweeper({ expired: many(203) });
    const report = await run({ dryRun: true });
    expect(report.stoppedBecause).toBe("too-many");
    expect(report.items).toHaveLength(200);
    expect(report.itemsOmitted).toBe(3);
  });

  it("returns 200 warnings at most", async () => {
    const inUse = many(201).map((fields): Fields => ({
      ...fields,
      ...ending(1),
    }));
    const domains = inUse.map(({ ChainID }, n) =>
      domain(`x${String(n)}.example.com`, ChainID),
    );
    const report = await sweeper({ expired: inUse, domains }).run();
    expect(report.counts.expiringInUse).toBe(201);
    expect(report.expiring).toHaveLength(200);
  });
});

describe("before any call is refused", () => {
  it.each([
    ["a bad payload", {}, { dryRun: false }, BadPayload],
    ["a bad setting", { GRACE_DAYS: "x" }, {}, BadConfiguration],
  ])("%s", async (_what, env, payload, error) => {
    const { run, calls, log, mails } = sweeper({ env, expired: many(1) });
    await expect(run(payload)).rejects.toBeInstanceOf(error);
    expect(calls.observed).toBe(0);
    expect(log).toEqual([]);
    expect(mails()).toEqual([]);
  });
});

describe("the report", () => {
  it("of nothing to tell is mailed only if somebody asked", async () => {
    const { run, mails } = sweeper();
    await run();
    expect(mails()).toEqual([]);
    await run({ report: true });
    expect(mails()).toHaveLength(1);
  });

  it("is mailed when there was no evidence, and the run fails all the same", async () => {
    const failure = new VendorFailure("Its clock is off.", {
      ...{ kind: "clock-off", outcome: "answered" },
    } as const);
    const { run, mails, log } = sweeper({ failure });
    await expect(run()).rejects.toBeInstanceOf(NoEvidence);
    expect(mails()).toMatchObject([
      { message: expect.stringContaining("Its clock is off.") as string },
    ]);
    expect(log.at(-1)).toMatchObject({ event: "sweep-summary" });
  });

  it("says whose it is, and by which grace", async () => {
    const env = {
      STACK_NAME: "Janitor-eu",
      PROVIDER: "byteplus",
      GRACE_DAYS: "365",
    };
    // It expired 30 days ago.
    const { run, mails } = sweeper({ env, expired: many(1) });
    // The notice counts with the deployment's grace, not with that of the run.
    await run({ report: true, graceDays: 3650 });
    const [mail] = mails();
    expect(mail?.message).toMatch(
      /^Stack Janitor-eu: sweep of BytePlus MediaLive, /,
    );
    expect(mail?.subject).toMatch(/\[Janitor-eu, BytePlus MediaLive\]$/);
    expect(mail?.message).toContain("will be deleted from 2027-10-25 on");
  });

  it.each([["PROVIDER", "another"]])(
    "under %s=%s is Volcengine's",
    async (name, value) => {
      const { run, mails } = sweeper({ env: { [name]: value } });
      await run({ report: true });
      expect(mails()[0]?.subject).toContain("Volcengine Live");
    },
  );

  it.each([
    ["an emoji where a name is cut", `${"n".repeat(39)}😀`],
    ["half a character, as JSON can write it", "half \ud83d here"],
    ["the other half", "\ude00"],
    ["a character that no text may hold", "never \uffff \u{1fffe}"],
    ["a control character", "bell \u0007"],
  ])("is not refused for a name with %s", async (_what, CertName) => {
    const expired = [certificate(1, { CertName })];
    const { run, log, mails } = sweeper({ expired });
    await run();
    expect(log.at(-1)).toMatchObject({ event: "sweep-summary" });
    expect(mails()).toHaveLength(1);
    expect(mails()[0]?.message.isWellFormed()).toBe(true);
  });

  it("tells what is about to expire in use, with its domains and renewals, once a day", async () => {
    const soon = certificate(1, { ...ending(5), CertName: "old" });
    const renewed = certificate(2, {
      ...ending(80),
      CertName: "new",
      CertDomainList: ["*.example.com"],
    });
    const domains = [
      domain("live.example.com", soon["ChainID"]),
      domain("live.example.net", soon["CertID"]),
    ];
    const { run, log, mails } = sweeper({ expired: [soon, renewed], domains });
    expect((await run({ report: true })).counts.expiringInUse).toBe(1);
    expect(log[0]).toMatchObject({
      event: "expiring-in-use",
      chainId: soon["ChainID"],
      domains: [
        { domain: "live.example.com", renewedAs: "new" },
        { domain: "live.example.net" },
      ],
    });
    expect(log.at(-1)).not.toHaveProperty("expiring");
    const [mail] = mails();
    expect(mail?.subject).toContain("1 expiring in use");
    expect(mail?.message).toContain(
      "renewed as new, but not bound to live.example.com",
    );
    expect(mail?.message).toContain("no renewal is listed");
  });

  it("goes nowhere without a topic", async () => {
    const { run, log, mails } = sweeper({
      env: { REPORT_TOPIC_ARN: undefined },
    });
    expect(await run({ report: true })).toMatchObject({ runId: "run-1" });
    expect(mails()).toEqual([]);
    expect(log.map(({ event }) => event)).toEqual(["sweep-summary"]);
  });

  it("that a topic refuses leaves a line with the reason's name", async () => {
    const env = { REPORT_TOPIC_ARN: `${TOPIC}-gone` };
    const { run, log } = sweeper({ env, expired: many(1) });
    await run();
    expect(log.at(-1)).toMatchObject({ error: "NotFoundException" });
  });

  it("that cannot be mailed leaves a line, and the sweep succeeds", async () => {
    const sns = vi.stubEnv("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:1");
    onTestFinished(() => {
      sns.stubEnv("AWS_ENDPOINT_URL_SNS", mailbox.url);
    });
    const { run, log } = sweeper({ expired: many(1) });
    expect(await run()).toMatchObject({ counts: { deleted: 1 } });
    expect(log.at(-1)).toEqual({
      event: "report-not-sent",
      runId: "run-1",
      error: expect.any(String) as string,
    });
    expect(JSON.stringify(log)).not.toContain("127.0.0.1");
  });
});
