/** Faults that one call does not show: clocks, keys, the secret store, lost answers, and pages that lie. */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { readConfiguration } from "../../functions/host/configuration.ts";
import type { Host } from "../../functions/host/host.ts";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import { withDeadline } from "../../functions/janitor/deadline.ts";
import type { Deadline } from "../../functions/janitor/ports.ts";
import { createVendor, type Vendor } from "../../functions/host/wiring.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
  type LiveEmulatorOptions,
} from "../../infra/local/live-emulator/server.ts";
import {
  startSecretsManagerEmulator,
  type SecretsManagerEmulator,
} from "../../infra/local/secrets-manager-emulator.ts";
import { http, startFaultyServer } from "../world/faulty-server.ts";
import {
  awsEnvironment,
  certificate,
  domain,
  KEY,
  SECRET_ID,
  startWorld,
  type World,
} from "../world/deployment.ts";
import { hurriedClock } from "../world/clock.ts";

const CERTIFICATE = certificate(1, -30);
const ACCOUNT = {
  certificates: [CERTIFICATE, certificate(2, 60)],
  domains: [domain("unbound.example.com")],
};
const LIVE = { account: ACCOUNT, switches: { perSecond: null } };
const NEW_KEY = { ...KEY, accessKeyId: "AKLTTESTEXAMPLE000000000000000002" };
const SIXTEEN_MINUTES_S = 16 * 60;

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

interface Around {
  readonly live: LiveEmulator;
  readonly secrets: SecretsManagerEmulator;
  readonly vendor: Vendor;
  /** Milliseconds by which the wall clock of both sides has been put forward. */
  shift: number;
  readonly host: Host;
}

async function around(
  options: {
    readonly live?: Partial<LiveEmulatorOptions>;
    readonly attemptMs?: number;
    readonly endpoint?: string;
  } = {},
): Promise<Around> {
  const now = () => Date.now() + made.shift;
  const live = await startLiveEmulator({
    credentials: [KEY],
    ...LIVE,
    now,
    ...options.live,
  });
  const secrets = await startSecretsManagerEmulator({
    secrets: { [SECRET_ID]: JSON.stringify(KEY) },
  });
  awsEnvironment(secrets.url);
  const env = {
    VOLCENGINE_SECRET_ID: SECRET_ID,
    VOLCENGINE_ENDPOINT: options.endpoint ?? live.url,
  };
  const host: Host = {
    env,
    clock: { ...hurriedClock(), now },
    random: () => 0,
    log: () => undefined,
  };
  const vendor = createVendor(
    host,
    readConfiguration(env),
    options.attemptMs ?? 20_000,
  );
  const made: Around = { live, secrets, vendor, host, shift: 0 };
  cleanUp.push(() =>
    Promise.all([vendor.close(), live.close(), secrets.close()]),
  );
  return made;
}

/** Runs `work` under a deadline; resolves to its failure. */
function failureOf(
  { clock }: Host,
  work: (deadline: Deadline) => Promise<unknown>,
  deadlineMs = 60_000,
): Promise<VendorFailure | undefined> {
  return withDeadline(clock, deadlineMs, undefined, work).then(
    () => undefined,
    (failure: unknown) => {
      if (failure instanceof VendorFailure) return failure;
      throw failure;
    },
  );
}

/** What a reading of the account fails with. */
function readingOf(
  { host, vendor }: Around,
  deadlineMs?: number,
): Promise<VendorFailure | undefined> {
  return failureOf(host, (d) => vendor.observer.observe(d), deadlineMs);
}

describe("clocks that differ by 16 minutes", () => {
  it.each([SIXTEEN_MINUTES_S, -SIXTEEN_MINUTES_S])(
    "%i s: InvalidTimestamp is not done, signed anew each time, four times at most",
    async (seconds) => {
      const made = await around({
        live: { now: () => Date.now() + seconds * 1000 },
      });
      const { live } = made;
      const failure = await readingOf(made);
      expect(failure).toMatchObject({
        kind: "clock-off",
        outcome: "not done",
        code: "InvalidTimestamp",
        attempts: 4,
        possiblyDone: false,
      });
      expect(live.counts()["ListDomainDetail"]).toBe(4);
    },
  );
});

it.each(["reset-after", "http-504-after"] as const)(
  "a deletion whose answer is lost by %s, then not found: already gone, by a fresh list",
  async (kind) => {
    const world = await startWorld({ live: LIVE });
    cleanUp.push(() => world.close());
    world.live.fault({ kind, action: "DeleteCert" });
    const path = `/certificates/${CERTIFICATE.chainId}`;
    const { status, body } = await world.call("DELETE", path);
    expect(status).toBe(200);
    expect(body).toMatchObject({ outcome: "alreadyGone" });
    expect(world.live.writes().map(({ code }) => code)).toEqual([
      undefined,
      "ResourceNotFound",
    ]);
    // Four listings twice, two and then one of them to a page behind the first.
    expect(world.live.counts()["ListCertV2"]).toBe(11);
  },
);

describe("a key that is rotated in the middle", () => {
  it("of a reading: the rejected call is repeated once with the new key, and the evidence is read again", async () => {
    const made = await around();
    const { live, secrets } = made;
    await readingOf(made);
    const version = secrets.putSecretValue(SECRET_ID, JSON.stringify(NEW_KEY));
    live.setCredentials([NEW_KEY]);
    const observing = await withDeadline(
      made.host.clock,
      60_000,
      undefined,
      (d) => made.vendor.observer.observe(d),
    );
    expect(observing.secretVersion).toBe(version);
    expect(secrets.calls).toBe(2);
  });

  it("of a DELETE: what was read with the old key is read again before it is done", async () => {
    const log: Readonly<Record<string, unknown>>[] = [];
    const world: World = await startWorld({
      live: LIVE,
      host: {
        log: (line) => {
          log.push(line);
          if (log.length > 1) return;
          world.secrets.putSecretValue(SECRET_ID, JSON.stringify(NEW_KEY));
          world.live.setCredentials([NEW_KEY]);
        },
      },
    });
    cleanUp.push(() => world.close());
    const path = `/certificates/${CERTIFICATE.chainId}`;
    const { status, body } = await world.call("DELETE", path);
    expect({ status, outcome: body["outcome"] }).toEqual({
      status: 200,
      outcome: "deleted",
    });
    expect(world.live.writes().map(({ code }) => code)).toEqual([
      "InvalidAccessKey",
      undefined,
    ]);
    expect(world.live.counts()["ListCertV2"]).toBe(12);
    expect(world.secrets.calls).toBe(2);
  });
});

describe("the secret store", () => {
  it.each([
    ["down", "InternalServiceError"],
    ["throttle", "ThrottlingException"],
  ] as const)("%s: misconfigured, nothing sent", async (fault, message) => {
    const made = await around();
    const { live, secrets } = made;
    secrets.faults[fault] = true;
    const failure = await readingOf(made);
    expect(failure).toMatchObject({
      kind: "misconfigured",
      outcome: "not done",
      attempts: 0,
      possiblyDone: false,
    });
    expect(failure?.message).toContain(message);
    expect(failure?.message).toContain("VOLCENGINE_SECRET_ID");
    expect(secrets.calls).toBe(2);
    expect(live.log).toHaveLength(0);
    secrets.faults[fault] = false;
    const again = await readingOf(made);
    expect(again).toBeUndefined();
  });

  it("with a pending version only: misconfigured, and the pending one is not used", async () => {
    const made = await around();
    const { live, secrets } = made;
    secrets.putSecretValue(SECRET_ID, JSON.stringify(KEY), "AWSPENDING");
    secrets.dropCurrent(SECRET_ID);
    const failure = await readingOf(made);
    expect(failure).toMatchObject({ kind: "misconfigured", attempts: 0 });
    expect(failure?.message).toContain("ResourceNotFoundException");
    expect(live.log).toHaveLength(0);
    secrets.rotate(SECRET_ID);
    const again = await readingOf(made);
    expect(again).toBeUndefined();
  });

  it("that hangs is given up before a request's time is over, so that the next request asks anew", async () => {
    const made = await around();
    const { secrets } = made;
    secrets.faults.slowMs = 60_000;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const state = { isOver: false };
    const reading = readingOf(made).finally(() => {
      state.isOver = true;
    });
    let waitedMs = 0;
    while (!state.isOver) {
      // Time stands still until the store has been asked.
      await pause(20);
      if (secrets.calls === 0) continue;
      vi.advanceTimersByTime(500);
      waitedMs += 500;
    }
    // What a request has.
    expect(waitedMs).toBeLessThan(25_000);
    const failure = await reading;
    expect(failure).toMatchObject({ kind: "misconfigured", attempts: 0 });
    expect(failure?.message).toContain("TimeoutError");
  });
});

describe("pages that cannot be true", () => {
  const DEEP = "[".repeat(200_000) + "]".repeat(200_000);

  const RESULTS: Readonly<Record<string, string>> = {
    ListCertV2: '"CertList":[],"Total":0',
    ListDomainDetail: '"DomainList":[],"Total":0',
  };

  it.each([
    ["ListDomainDetail", "a Total of 2^53 + 1", '"Total":9007199254740993'],
    ["ListDomainDetail", "a Total of 1e999", '"Total":1e999'],
    [
      "ListCertV2",
      "a certificate nested 200,000 deep",
      `"CertList":[${DEEP}],"Total":1`,
    ],
  ])("%s with %s: no complete evidence", async (action, _, result) => {
    const server = await startFaultyServer([
      (socket, text) => {
        const asked = /Action=(\w+)/.exec(text)?.[1] ?? "";
        const given = asked === action ? result : (RESULTS[asked] ?? "");
        const metadata = '"ResponseMetadata":{"RequestId":"r"}';
        socket.write(http("200 OK", `{${metadata},"Result":{${given}}}`));
      },
    ]);
    cleanUp.push(() => server.close());
    const made = await around({ endpoint: server.origin.origin });
    const failure = await readingOf(made);
    expect(failure).toMatchObject({
      kind: "incomplete-listing",
      outcome: "answered",
    });
  });
});
