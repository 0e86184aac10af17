/** Large accounts of nothing but expired certificates, in virtual time: for the pace of deletion and for a backlog. */
import type { Configuration } from "../../functions/host/configuration.ts";
import { DAY, type Certificate } from "./account.ts";
import type { LimiterKind } from "./limiter.ts";
import { createRandom } from "./random.ts";
import {
  startRun,
  type Run,
  type Tampering,
  type World,
} from "./sweep-process.ts";
import { VendorModel } from "./vendor-model.ts";
import { KIND } from "./vendor-records.ts";
import { VirtualClock } from "../world/clock.ts";

const EPOCH = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;

export interface ScaleOptions {
  readonly size: number;
  readonly limiter: LimiterKind;
  readonly latency: number;
  readonly jitter: number;
  readonly seed: number;
}

export const CONFIGURATION: Configuration = {
  secretId: "live-key",
  endpoint: new URL("https://live.volcengineapi.com"),
  region: "cn-north-1",
  policy: {
    graceDays: 7,
    unseenDomains: "keep",
    projectNames: [],
    protect: [],
  },
  maxDeletions: 100_000,
  dryRun: false,
  warnDays: "auto",
  sweepIntervalMinutes: 1440,
  sendsPerSecond: 7.8,
};

/** An account of `size` certificates that may all be deleted. */
export function createScaleWorld(options: ScaleOptions): World {
  const random = createRandom(options.seed, "scale");
  const clock = new VirtualClock(EPOCH);
  const certificates = new Map<number, Certificate>();
  for (let key = 0; key < options.size; key++) {
    const chainId = random.hex(32);
    const notAfter = EPOCH - (10 + (key % 300)) * DAY;
    certificates.set(key, {
      key,
      chainId,
      available: true,
      notAfter,
      poison: undefined,
      changedAt: -Infinity,
      fields: {
        ChainID: chainId,
        ChainIDVolc: random.hex(32),
        CertID: String(1e6 + key),
        CertName: `live${String(key)}.example.com`,
        CertDomainList: ["live.example.com", "*.example.com"],
        NotBefore: new Date(notAfter - 90 * DAY).toISOString(),
        NotAfter: new Date(notAfter).toISOString(),
        ProjectName: "default",
      },
    });
  }
  const vendor = new VendorModel(
    clock,
    {
      certificates,
      domains: [{ name: "live.example.com", boundTo: "", fields: {} }],
    },
    {
      ...KIND,
      limiter: options.limiter,
      latency: options.latency,
      jitter: options.jitter,
      keepPages: false,
    },
    random.fork("network"),
    () => undefined,
  );
  const secret = {
    accessKeyId: "AKLTscale",
    secretAccessKey: "SECRET-scale",
    sessionToken: undefined,
    version: 1,
  };
  vendor.keys.add(secret.accessKeyId);
  return { clock, vendor, secret, random, trace: () => undefined };
}

/** Plays one run of 900 s to its end, or to the crash. */
export async function playScaleRun(
  world: World,
  name: string,
  crashAt?: number,
  tampering: Tampering = {},
): Promise<Run> {
  const run = startRun(world, {
    name,
    configuration: CONFIGURATION,
    lifetime: 900_000,
    crashAt,
    wallOffset: 0,
    timerLateness: true,
    keepJournal: false,
    tampering,
  });
  await world.clock.play(
    () => run.crashed || run.endedAt !== undefined,
    world.clock.monotonic() + HOUR,
  );
  return run;
}

export interface Pace {
  readonly sent: number;
  readonly throttled: number;
  /** Sends a second while deletions were under way, the readings between left out. */
  readonly perSecond: number;
}

/** The pace over the phases of deletion: a pause of more than a second is a reading. */
export function paceOf({ vendor }: World): Pace {
  const times = vendor.sends
    .filter(({ action }) => action === "DeleteCert")
    .map(({ sentAt }) => sentAt);
  let intervals = 0;
  let span = 0;
  for (const [i, time] of times.entries()) {
    const gap = time - (times[i - 1] ?? -Infinity);
    if (gap > 1000) continue;
    intervals += 1;
    span += gap;
  }
  return {
    sent: times.length,
    throttled: vendor.throttled,
    perSecond: (intervals / span) * 1000,
  };
}

export interface BacklogRun {
  readonly name: string;
  readonly why: string;
  readonly rounds: number;
  readonly deleted: number;
  readonly left: number;
}

export interface Backlog {
  /** Why each run ended. */
  readonly runs: readonly string[];
  /** Certificates that are gone without a deletion, or still there. */
  readonly lost: number;
  /** Deletions beyond one for each certificate. */
  readonly doubled: number;
  readonly throttled: number;
}

/** Continuations before a crash: somewhere in the middle of a run. */
const CRASH_AT = 1000;
const MOST_RUNS = 20;

/** Runs until one is done; the first `crashes` runs crash. */
export async function clearBacklog(
  size: number,
  crashes: number,
  onWorld: () => void = () => undefined,
  onRun: (run: BacklogRun) => void = () => undefined,
): Promise<Backlog> {
  const world = createScaleWorld({
    size,
    limiter: "sliding-log",
    latency: 115,
    jitter: 20,
    seed: 2,
  });
  const { vendor, clock } = world;
  onWorld();
  const runs: string[] = [];
  while (runs.length < MOST_RUNS && runs.at(-1) !== "done") {
    const name = `run-${String(runs.length + 1)}`;
    const before = vendor.deletions.length;
    const run = await playScaleRun(
      world,
      name,
      runs.length < crashes ? CRASH_AT * (runs.length + 1) : undefined,
    );
    // What was on its way when the run ended has arrived by then.
    await clock.play(() => false, clock.monotonic() + 60_000);
    const why = run.crashed
      ? "crashed"
      : (run.report?.stoppedBecause ?? "no-evidence");
    runs.push(why);
    vendor.sends.length = 0;
    onRun({
      name,
      why,
      rounds: run.rounds.length,
      deleted: vendor.deletions.length - before,
      left: vendor.account.certificates.size,
    });
  }
  const distinct = new Set(vendor.deletions.map(({ chainId }) => chainId)).size;
  return {
    runs,
    lost: size - distinct,
    doubled: vendor.deletions.length - distinct,
    throttled: vendor.throttled,
  };
}
