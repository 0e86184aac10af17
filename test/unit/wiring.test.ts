/** How the parts are put together: paces, calls in flight and the time of a connection. */
import { setMaxListeners } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { readConfiguration } from "../../functions/host/configuration.ts";
import { systemClock } from "../../functions/host/clock.ts";
import {
  createAccountObserver,
  createApi,
} from "../../functions/host/observing.ts";
import { createVendor } from "../../functions/host/wiring.ts";
import { withDeadline } from "../../functions/janitor/deadline.ts";
import { createPacer } from "../../functions/volcengine/pacer.ts";
import type { Clock } from "../../functions/janitor/ports.ts";
import { startSecretsManagerEmulator } from "../../infra/local/secrets-manager-emulator.ts";
import { endAll, serve, SUCCESS } from "../world/faulty-call.ts";
import { say } from "../world/faulty-server.ts";
import {
  domain,
  honest,
  pageOf,
  upTo,
  type Asked,
} from "../world/listing-vendor.ts";
import { awsEnvironment } from "../world/deployment.ts";
import { VirtualClock } from "../world/clock.ts";
import { KEY, keyOf } from "../world/key.ts";

function hostOf(clock: Clock) {
  return { env: {}, clock, random: () => 0, log: () => undefined };
}

function configurationOf(sendsPerSecond: string, over: object = {}) {
  return readConfiguration({
    VOLCENGINE_SECRET_ID: "key",
    SENDS_PER_SECOND: sendsPerSecond,
    ...over,
  });
}

/** Reads an account of many domains; the times at which each action was called, and the most calls without an answer. */
async function reading(sendsPerSecond: string, takes = 1) {
  const clock = new VirtualClock();
  const times = new Map<string, number[]>();
  const running = new Map<string, number>();
  let most = 0;
  const vendor = (asked: Asked) =>
    asked.action === "ListDomainDetail"
      ? { DomainList: pageOf(upTo(9500, domain), asked), Total: 9500 }
      : honest(0)(asked).result;
  const observer = createAccountObserver(
    {
      call: (action, body, { pacer, deadline, maxBytes }) => {
        setMaxListeners(0, deadline.signal);
        expect(maxBytes).toBe(8 * 1024 * 1024);
        return pacer
          .run(deadline.signal, async () => {
            times.set(action, [
              ...(times.get(action) ?? []),
              clock.monotonic(),
            ]);
            running.set(action, (running.get(action) ?? 0) + 1);
            most = Math.max(most, running.get(action) ?? 0);
            await clock.sleep(takes);
            running.set(action, (running.get(action) ?? 0) - 1);
            return {
              result: vendor({ PageNum: NaN, PageSize: NaN, ...body, action }),
              requestId: "r",
              vendorTime: clock.now(),
              secretVersion: "v1",
              attempts: 1,
            };
          })
          .then((answer) => answer!);
      },
    },
    hostOf(clock),
    configurationOf(sendsPerSecond),
  );
  await clock.run(observer.observe(clock.deadline(600_000)));
  const least = (action: string) => {
    const at = times.get(action) ?? [];
    return Math.min(...at.slice(1).map((time, n) => time - at[n]!));
  };
  return {
    certificates: least("ListCertV2"),
    domains: least("ListDomainDetail"),
    most,
  };
}

describe("the pace of listings", () => {
  it.each([
    ["7.8", 7.8],
    ["2", 7.8],
    ["1", 7.8],
    ["0.9", 0.7],
    ["0.6", 0.7],
    ["0.3", 0.7],
  ])("beside %s deletions a second is %d for domains", async (sends, pace) => {
    const { certificates, domains } = await reading(sends);
    expect(certificates).toBeCloseTo(1000 / 7.8, 5);
    expect(domains).toBeCloseTo(1000 / pace, 5);
  });

  it("is not lowered by latency: up to eight calls of an action are in flight", async () => {
    expect((await reading("7.8", 5000)).most).toBe(8);
  });
});

it("a connection gets 60 % of an attempt, so that nothing sent is told from no answer", async () => {
  onTestFinished(endAll);
  // It accepts a connection and never says anything, not even in a handshake.
  const { origin } = await serve([], { scheme: "https" });
  const { api, transport } = createApi(
    hostOf(systemClock),
    { ...configurationOf("2"), endpoint: origin },
    {
      current: () => Promise.resolve(keyOf("v1")),
      refreshed: () => Promise.resolve(keyOf("v1")),
    },
    // Undici's timer may be a second late, and a busy machine adds its own.
    6000,
  );
  onTestFinished(() => transport.close());
  const pacer = createPacer(systemClock, 1000, 8);
  const sendBefore = systemClock.monotonic() + 1000;
  await expect(
    withDeadline(systemClock, 12_000, undefined, (deadline) =>
      api.call(
        "DeleteCert",
        {},
        { deadline, sendBefore, pacer, maxBytes: 1000 },
      ),
    ),
  ).rejects.toMatchObject({
    kind: "unreachable",
    attempts: 1,
    possiblyDone: false,
  });
});

describe("what reaches the vendor", () => {
  async function vendorOf(sendsPerSecond: string) {
    const secrets = await startSecretsManagerEmulator({
      secrets: { "live/key": JSON.stringify(KEY) },
    });
    onTestFinished(() => secrets.close());
    awsEnvironment(secrets.url);
    onTestFinished(endAll);
    /** When each DeleteCert was sent; when it arrives is the machine's affair. */
    const at: number[] = [];
    const server = await serve(say(SUCCESS));
    const vendor = createVendor(
      hostOf(systemClock),
      configurationOf(sendsPerSecond, {
        VOLCENGINE_SECRET_ID: "live/key",
        VOLCENGINE_REGION: "ap-singapore-1",
        VOLCENGINE_ENDPOINT: server.origin.origin,
      }),
      5000,
    );
    onTestFinished(() => vendor.close());
    const remove = (secretVersion: string) =>
      withDeadline(systemClock, 20_000, undefined, (deadline) =>
        vendor.deleter.deleteCertificate({
          chainId: "x",
          secretVersion,
          sendBefore: Infinity,
          deadline,
          permit: () => at.push(performance.now()) > 0,
          ended: () => undefined,
        }),
      );
    return { server, remove, at, vendor };
  }

  it("is signed with the key of the secret, region and all, and deletions keep their pace", async () => {
    const { server, remove, at, vendor } = await vendorOf("4");
    const { secretVersion } = await withDeadline(
      systemClock,
      20_000,
      undefined,
      (deadline) => vendor.observer.observe(deadline),
    );
    const three = [1, 2, 3].map(() => remove(secretVersion));
    await Promise.all(three);
    expect(server.requests[0]).toMatch(
      new RegExp(
        `authorization: HMAC-SHA256 Credential=${KEY.accessKeyId}/\\d{8}/ap-singapore-1/live/request`,
        "i",
      ),
    );
    expect(at[2]! - at[0]!).toBeGreaterThan(490);
  });
});
