import { fork } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import type { LiveEmulatorOptions } from "../../infra/local/live-emulator/server.ts";
import { hurriedClock } from "../world/clock.ts";
import {
  certificate,
  domain,
  SECRET_ID,
  startWorld,
  type World,
} from "../world/deployment.ts";

const IN_USE = certificate(90, -30, { domains: ["live.example.com"] });
const UNBOUND = domain("unbound.example.com");

let world: World;
afterEach(() => world.close());

async function start(
  certificates: readonly ReturnType<typeof certificate>[],
  live: Partial<LiveEmulatorOptions> = {},
): Promise<World> {
  world = await startWorld({
    // The pauses between two readings take no time either.
    host: { clock: hurriedClock(4000) },
    live: {
      ...live,
      account: {
        certificates,
        domains: [UNBOUND, domain("live.example.com", IN_USE.chainId)],
      },
    },
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

  it.each(["ResourceNotFound", "RequestForbidden"] as const)(
    "calls what was deleted with a failure for an answer alreadyGone, with %s for what is missing",
    async (missing) => {
      const { sweep, live, log } = await start(expired(14), {
        switches: { perSecond: null, missing },
      });
      live.fault({ kind: "http-504-after", action: "DeleteCert", times: 99 });
      const report = await sweep();
      expect(live.account.certificates).toEqual([]);
      expect(report.counts).toMatchObject({ eligible: 14, failed: 0 });
      expect(new Set(report.items.map(({ outcome }) => outcome))).toEqual(
        new Set(["alreadyGone"]),
      );
      const settled = log.filter(({ event }) => event === "delete-settled");
      expect(settled).toHaveLength(14);
    },
  );

  it("beside another one of the same account ends as done, and so does that", async () => {
    const { sweep } = await start(expired(40), {
      switches: { perSecond: null, missing: "RequestForbidden" },
    });
    const reports = await Promise.all([sweep(), sweep()]);
    for (const { stoppedBecause, counts } of reports) {
      expect(stoppedBecause).toBe("done");
      expect(counts).toMatchObject({ failed: 0, remaining: 0, unconfirmed: 0 });
    }
    const deleted = reports.map(({ counts }) => counts.deleted);
    expect(deleted.reduce((sum, n) => sum + n)).toBe(40);
  });

  it("reads again what others throttle at first, as a request does", async () => {
    const { sweep, live, call } = await start(expired(3));
    live.fault({ kind: "throttle", action: "ListCertV2", times: 12 });
    expect((await sweep()).counts.deleted).toBe(3);
    live.fault({ kind: "throttle", action: "ListDomainDetail", times: 5 });
    expect((await call("GET", "/certificates")).status).toBe(200);
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
