/** Draws a world from a seed: account, settings, the vendor's moods, and what changes while a sweep is under way. */
import type { Configuration } from "../../functions/aws/configuration.ts";
import {
  createAccount,
  DAY,
  identifiers,
  type Certificate,
} from "./account.ts";
import { FAULTS, type Faults } from "./faults.ts";
import { LIES, type Lie } from "./lies.ts";
import { LIMITERS } from "./limiter.ts";
import { createRandom, type Random } from "./random.ts";
import type { RunOptions, Tampering, World } from "./sweep-process.ts";
import { VendorModel } from "./vendor-model.ts";
import type { VendorSettings } from "./vendor-records.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface Plan {
  readonly world: World;
  readonly configuration: Configuration;
  /** Runs before the one that must finish the work. */
  readonly runs: readonly Omit<RunOptions, "tampering">[];
  /** The second starts while the first is under way, this long after it. */
  readonly overlapAfter: number | undefined;
}

const PROJECTS = ["default", "video", "Video"];

function subset<T>(random: Random, list: readonly T[]): T[] {
  return list.filter(() => random.chance(0.4));
}

function drawConfiguration(random: Random, epoch: number): Configuration {
  const protect = [
    { match: "name", value: "*-ROOT", owner: "video-team" },
    { match: "domain", value: "live?.example1.com", owner: "video-team" },
    { match: "chainId", value: "a*", owner: "security" },
    {
      match: "name",
      value: "cert-1*",
      owner: "ops",
      until: new Date(epoch + random.int(-2, 2) * DAY)
        .toISOString()
        .slice(0, 10),
    },
  ] as const;
  return {
    secretId: "live-key",
    endpoint: new URL("https://live.volcengineapi.com"),
    region: "cn-north-1",
    policy: {
      graceDays: random.pick([0, 1, 7, 7, 30]),
      unseenDomains: random.chance(0.7) ? "keep" : "ignore",
      projectNames: random.chance(0.7) ? [] : subset(random, PROJECTS),
      protect: random.chance(0.5) ? [] : subset(random, protect),
    },
    maxDeletions: random.pick([1, random.int(5, 60), 100, 100, 100_000]),
    dryRun: random.chance(0.12),
    // Some slow enough for a round to outlive its evidence.
    sendsPerSecond: random.chance(0.8) ? 7.8 : random.pick([0.3, 0.6, 2]),
  };
}

function drawFaults(random: Random): Faults {
  if (random.chance(0.35)) return { kinds: [], rate: 0 };
  const kinds = subset(random, FAULTS);
  return {
    kinds,
    rate: random.pick([0.01, 0.05, 0.2, 0.5]),
    ...(random.chance(0.15) && {
      outage: [random.int(0, 5000), random.int(5000, 120_000)] as const,
    }),
  };
}

function drawVendor(random: Random): VendorSettings {
  const lying = random.chance(0.4);
  return {
    faults: drawFaults(random),
    lies: lying
      ? Array.from({ length: random.int(1, 2) }, () => random.pick<Lie>(LIES))
      : [],
    lieRate: random.pick([0.02, 0.05, 0.2, 1]),
    limiter: random.pick(LIMITERS),
    latency: random.pick([5, 20, 20, 100, 100, 250, 250, 1500, 4000]),
    jitter: random.pick([0, 20, 300]),
    pageCap: random.chance(0.6) ? 1000 : random.int(3, 40),
    skew: random.chance(0.8) ? random.int(-2000, 2000) : random.int(-4e5, 4e5),
    missing: random.chance(0.5) ? "ResourceNotFound" : "RequestForbidden",
    keepPages: true,
  };
}

/** More expired certificates appear than a round has counted. */
function addExpired(world: World, random: Random, like: Certificate): void {
  const { certificates } = world.vendor.account;
  for (let n = random.int(1, 20); n > 0; n--) {
    const chainId = random.hex(32);
    const key = 10_000 + certificates.size + n * 1000;
    certificates.set(key, {
      ...like,
      key,
      chainId,
      changedAt: world.clock.time,
      poison: undefined,
      fields: {
        ...like.fields,
        ChainID: chainId,
        ChainIDVolc: "",
        CertID: "",
        CertName: `late-${String(n)}`,
      },
    });
  }
}

/** Schedules what other hands do in the meantime: renewals, bindings, deletions, new keys, jumps of clocks. */
function disturb(world: World, random: Random): void {
  const { clock, vendor, secret } = world;
  const { certificates, domains } = vendor.account;
  for (let n = random.int(1, 6); n > 0; n--) {
    clock.at(random.int(0, random.chance(0.7) ? 8000 : 60_000), () => {
      const all = [...certificates.values()];
      if (all.length === 0) return;
      const certificate = random.pick(all);
      const domain = domains.length === 0 ? undefined : random.pick(domains);
      const what = random.int(0, 5);
      world.trace(`disturb ${String(what)} ${certificate.chainId}`);
      // A binding speaks of every certificate that goes by the same identifier.
      for (const other of all) {
        if (identifiers(other).has(certificate.chainId))
          other.changedAt = clock.time;
      }
      if (what === 0) {
        certificate.notAfter = Math.floor(clock.wall / 1000) * 1000 + 90 * DAY;
        certificate.fields["NotAfter"] = new Date(certificate.notAfter)
          .toISOString()
          .replace(".000", "");
      } else if (what === 1 && domain !== undefined) {
        domain.boundTo = certificate.chainId;
      } else if (what === 2 && domain !== undefined) {
        domain.boundTo = "";
      } else if (what === 3) {
        certificates.delete(certificate.key);
      } else if (what === 4) {
        vendor.settings = {
          ...vendor.settings,
          skew: vendor.settings.skew + random.int(-3e5, 3e5),
        };
        for (const other of all) other.changedAt = clock.time;
      } else if (what === 5) {
        addExpired(world, random, certificate);
      }
    });
  }
  if (random.chance(0.4)) {
    const old = secret.accessKeyId;
    clock.at(random.int(0, 6000), () => {
      secret.accessKeyId = `AKLTrotated`;
      secret.secretAccessKey = `SECRET-second-${random.hex(16)}`;
      secret.version += 1;
      world.trace("rotate");
      vendor.keys.add(secret.accessKeyId);
    });
    clock.at(random.int(200, 12_000), () => vendor.keys.delete(old));
  }
  if (random.chance(0.1)) {
    clock.at(random.int(0, 20_000), () => {
      vendor.closed = random.pick([
        "RequestForbidden.BillingStatus",
        "AccessDenied",
        "LackPolicy",
      ]);
    });
  }
}

export const CALM: Partial<VendorSettings> = {
  faults: { kinds: [], rate: 0 },
  lies: [],
  skew: 0,
  latency: 50,
  jitter: 20,
  pageCap: 1000,
};

export function drawPlan(seed: number, trace: (line: string) => void): Plan {
  const random = createRandom(seed);
  const epoch = Date.UTC(2026, 2, 1) + random.int(0, 700 * 86_400) * 1000;
  const configuration = drawConfiguration(random.fork("settings"), epoch);
  const clock = new VirtualClock(epoch);
  const size = random.chance(0.9) ? random.int(5, 80) : random.int(100, 330);
  const account = createAccount(random.fork("account"), {
    size,
    now: epoch,
    graceDays: configuration.policy.graceDays,
    projects: random.chance(0.5) ? ["default"] : PROJECTS,
    poisoned: random.chance(0.3) ? random.int(1, 4) : 0,
    trouble: random.pick([0, 0.2, 0.5, 1]),
  });
  const vendor = new VendorModel(
    clock,
    account,
    drawVendor(random.fork("vendor")),
    random.fork("network"),
    trace,
  );
  const secret = {
    accessKeyId: "AKLTfirst",
    secretAccessKey: `SECRET-first-${random.hex(16)}`,
    sessionToken: random.chance(0.5)
      ? `SECRET-token-${random.hex(24)}`
      : undefined,
    version: 1,
  };
  vendor.keys.add(secret.accessKeyId);
  const world: World = { clock, vendor, secret, random, trace };
  if (random.chance(0.5)) disturb(world, random.fork("disturbance"));
  const runs = Array.from({ length: random.int(1, 3) }, (_, index) => ({
    name: `run-${String(index + 1)}`,
    configuration,
    lifetime: random.chance(0.7)
      ? 900_000
      : random.pick([0, 5000, 12_500, 20_000, 45_000, 90_000]),
    crashAt: random.chance(0.4)
      ? random.chance(0.5)
        ? random.int(1, 30)
        : random.int(10, 250)
      : undefined,
    wallOffset: random.chance(0.85)
      ? random.int(-500, 500)
      : random.int(-4e5, 4e5),
    wallJump: random.chance(0.1)
      ? { after: random.int(0, 10_000), by: random.int(-4e5, 4e5) }
      : undefined,
    timerLateness: random.chance(0.5),
  }));
  return {
    world,
    configuration,
    runs,
    overlapAfter: random.chance(0.25) ? random.int(0, 15_000) : undefined,
  };
}

/** A run on a healed vendor: it must finish what the others left. */
export function finishing(
  plan: Plan,
  name: string,
  wallOffset: number,
  tampering: Tampering,
): RunOptions {
  return {
    name,
    configuration: {
      ...plan.configuration,
      dryRun: false,
      maxDeletions: 100_000,
      sendsPerSecond: 7.8,
    },
    lifetime: 900_000,
    crashAt: undefined,
    wallOffset,
    wallJump: undefined,
    timerLateness: false,
    tampering,
  };
}
