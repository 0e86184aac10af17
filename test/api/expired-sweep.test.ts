import { fork } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import {
  certificate,
  domain,
  SECRET_ID,
  startWorld,
  type World,
} from "../world/deployment.ts";
import { hurriedClock } from "../world/clock.ts";

const IN_USE = certificate(90, -30, { domains: ["live.example.com"] });
const UNBOUND = domain("unbound.example.com");

let world: World;
afterEach(() => world.close());

async function start(
  certificates: readonly ReturnType<typeof certificate>[],
  clock = hurriedClock(),
): Promise<World> {
  world = await startWorld({
    live: {
      account: {
        certificates,
        domains: [UNBOUND, domain("live.example.com", IN_USE.chainId)],
      },
    },
    host: { clock },
  });
  return world;
}

const expired = (count: number) =>
  Array.from({ length: count }, (_, n) => certificate(n + 1, -30 - n));

describe("the scheduled sweep, over real sockets", () => {
  it("deletes what is expired and keeps the rest, logs each attempt and mails the report", async () => {
    const valid = certificate(91, 30);
    const { sweep, live, log, mailbox } = await start([
      ...expired(5),
      IN_USE,
      valid,
    ]);
    const report = await sweep();
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
      IN_USE.name,
      valid.name,
    ]);
    const events = log.map((line) => line["event"]);
    for (const name of ["delete-attempt", "delete-outcome"])
      expect(events.filter((event) => event === name)).toHaveLength(5);
    expect(events.at(-1)).toBe("sweep-summary");
    expect(mailbox.messages).toMatchObject([
      {
        subject:
          "5 deleted, 1 expired in use [live-cert-janitor, Volcengine Live]",
        message: expect.stringContaining("live.example.com") as string,
      },
    ]);
    expect((await sweep()).counts).toMatchObject({ eligible: 0, deleted: 0 });
  });

  it("survives every kind of trouble on the way and loses nothing", async () => {
    const { sweep, live } = await start(expired(20));
    const action = "DeleteCert";
    live.fault({ kind: "reset-after", action, skip: 1 });
    live.fault({ kind: "http-504-after", action, skip: 2 });
    live.fault({ kind: "throttle", action, skip: 3 });
    live.fault({ kind: "CommonErr", action, skip: 1 });
    live.fault({ kind: "not-json", action, skip: 1 });
    live.fault({ kind: "http-502-html", action: "ListCertV2" });
    const { counts, stoppedBecause } = await sweep();
    expect(stoppedBecause).toBe("done");
    expect(counts.deleted + counts.alreadyGone).toBe(20);
    expect(live.account.certificates).toHaveLength(0);
  });

  it("deletes nothing and fails when the domains cannot be counted", async () => {
    const { sweep, live, log, mailbox } = await start(expired(3));
    live.fault({
      kind: "total-lies",
      action: "ListDomainDetail",
      delta: 1,
      times: 9,
    });
    await expect(sweep()).rejects.toThrow("nothing was deleted");
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
    const { sweep, live } = await start(expired(30));
    live.fault({
      kind: "error",
      action: "DeleteCert",
      status,
      code,
      times: 99,
    });
    expect((await sweep()).stoppedBecause).toBe(stoppedBecause);
    expect(live.writes().length).toBeLessThanOrEqual(8);
    expect(live.account.certificates).toHaveLength(30);
  });

  it("deletes what is eligible among the certificates that the payload names, and tells of the others", async () => {
    const { sweep, live, mailbox } = await start([...expired(20), IN_USE]);
    const [one, two] = expired(2).map(({ chainId }) => chainId);
    const gone = "f".repeat(32);
    const report = await sweep(
      { only: [one?.toUpperCase(), two, IN_USE.chainId, gone, one] },
      { MAX_DELETIONS: "2" },
    );
    expect(report).toMatchObject({
      stoppedBecause: "done",
      only: 4,
      counts: { listed: 19 + 2, eligible: 2, deleted: 2 },
    });
    expect(live.account.certificates).toHaveLength(19);
    const kept = report.items.filter(({ outcome }) => outcome === undefined);
    expect(kept.map(({ chainId, reasons }) => [chainId, ...reasons])).toEqual([
      [IN_USE.chainId, "in-use"],
      [gone, "not-listed"],
    ]);
    expect(mailbox.messages[0]?.message).toContain("not-listed");
  });

  it("writes nothing on a dry run of the payload", async () => {
    const { sweep, live } = await start(expired(4));
    expect(await sweep({ dryRun: true })).toMatchObject({
      mode: "dry-run",
      counts: { eligible: 4, remaining: 4, deleted: 0 },
    });
    expect(live.writes()).toHaveLength(0);
  });

  it("keeps to one call a second where the account has BytePlus limits", async () => {
    const { sweep, live } = await start(expired(2), systemClock);
    const byteplus = {
      VOLCENGINE_REGION: "ap-singapore-1",
      SENDS_PER_SECOND: "0.6",
    };
    expect((await sweep({}, byteplus)).counts.deleted).toBe(2);
    for (const name of ["ListDomainDetail", "DeleteCert"]) {
      const calls = live.log.filter(({ action }) => action === name);
      const gaps = calls.slice(1).map(({ at }, n) => at - (calls[n]?.at ?? 0));
      // Half of a gap may be lost on the way to a busy server; at the usual pace it would be an eighth of a second.
      expect(Math.min(...gaps)).toBeGreaterThan(700);
    }
  });

  it("is finished by the next run after a kill -9 in the middle", async () => {
    const { sweep, live } = await start(expired(60));
    const child = fork("test/world/sweep-child.ts", {
      execArgv: ["--import", "tsx"],
      env: {
        ...process.env,
        VOLCENGINE_SECRET_ID: SECRET_ID,
        VOLCENGINE_ENDPOINT: live.url,
        DRY_RUN: "false",
      },
      stdio: "ignore",
    });
    while (live.writes().length < 5) await systemClock.sleep(10);
    child.kill("SIGKILL");
    await once(child, "exit");
    const left = live.account.certificates.length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(60);
    expect((await sweep()).counts.deleted).toBe(left);
    expect(live.account.certificates).toHaveLength(0);
  });
});
