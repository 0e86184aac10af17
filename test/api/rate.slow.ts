import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import {
  startSecretsManagerEmulator,
  type SecretsManagerEmulator,
} from "../../infra/local/secrets-manager-emulator.ts";
import {
  awsEnvironment,
  certificate,
  domain,
  KEY,
  SECRET_ID,
} from "../world/deployment.ts";

let live: LiveEmulator;
let secrets: SecretsManagerEmulator;
afterEach(() => Promise.all([live.close(), secrets.close()]));

const COUNT = 80;
const PERMITTED_PER_SECOND = 7.8;

describe("ten real seconds over sockets", () => {
  it("uses the permitted rate and is never throttled", async () => {
    live = await startLiveEmulator({
      credentials: [KEY],
      account: {
        certificates: Array.from({ length: COUNT }, (_, n) =>
          certificate(n + 1, -30),
        ),
        domains: [domain("unbound.example.com")],
      },
      switches: { latencyMs: 40 },
    });
    secrets = await startSecretsManagerEmulator({
      secrets: { [SECRET_ID]: JSON.stringify(KEY) },
    });
    awsEnvironment(secrets.url);
    const report = await createSweepHandler({
      env: {
        VOLCENGINE_SECRET_ID: SECRET_ID,
        VOLCENGINE_ENDPOINT: live.url,
        MAX_DELETIONS: "1000",
        DRY_RUN: "false",
      },
      clock: systemClock,
      random: Math.random,
      log: () => undefined,
    })({}, { awsRequestId: "rate", getRemainingTimeInMillis: () => 900_000 });
    expect(report.counts.deleted).toBe(COUNT);
    expect(live.log.filter(({ status }) => status === 429)).toHaveLength(0);
    const sent = live.writes().map(({ at }) => at);
    const seconds = (Math.max(...sent) - Math.min(...sent)) / 1000;
    const used = (COUNT - 1) / seconds / PERMITTED_PER_SECOND;
    // A figure to read; what a loaded machine makes of it is no defect.
    console.log(
      `${String(COUNT)} deletions in ${seconds.toFixed(1)} s: ${(used * 100).toFixed(1)} % of the permitted rate, 0 throttled`,
    );
  });
});
