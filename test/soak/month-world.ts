/** The world of the month: an account that lives on, at a vendor that fails at realistic rates. */
import type { Configuration } from "../../functions/host/configuration.ts";
import type { Faults, FaultKind } from "../simulation/faults.ts";
import { createRandom, type Random } from "../simulation/random.ts";
import { CONFIGURATION } from "../simulation/scale.ts";
import type { World } from "../simulation/sweep-process.ts";
import { VendorModel } from "../simulation/vendor-model.ts";
import { KIND } from "../simulation/vendor-records.ts";
import { VirtualClock } from "../world/clock.ts";
import { MonthAccount } from "./month-account.ts";
import { MonthTruth } from "./month-truth.ts";

/** Of 1,000 calls so many meet each fault: throttled, a 5xx, done with the answer lost. */
const OF_THOUSAND: readonly (readonly [FaultKind, number])[] = [
  ["throttled", 5],
  ["error", 4],
  ["unreadable", 1],
  ["answer-lost", 1],
  ["reset-after", 1],
];
const KINDS = OF_THOUSAND.flatMap(([kind, count]) =>
  Array.from({ length: count }, () => kind),
);

/** Faults of an hour in which nothing is wrong. */
export const NORMAL: Faults = { kinds: KINDS, rate: KINDS.length / 1000 };

export interface Month {
  readonly world: World;
  readonly account: MonthAccount;
  readonly truth: MonthTruth;
  readonly configuration: Configuration;
  /** The faults that calls met, by kind. */
  readonly faults: ReadonlyMap<FaultKind, number>;
}

export function createMonth(seed: number): Month {
  const random = createRandom(seed, "soak");
  const clock = new VirtualClock(Date.UTC(2029, 2, 15));
  const configuration: Configuration = {
    ...CONFIGURATION,
    policy: {
      ...CONFIGURATION.policy,
      graceDays: 3,
      protect: [{ match: "name", value: "*-root", owner: "video-team" }],
    },
    maxDeletions: 100,
  };
  const { policy } = configuration;
  const account = new MonthAccount(
    clock,
    random.fork("account"),
    policy.graceDays,
  );
  const faults = new Map<FaultKind, number>();
  const network = random.fork("network");
  /** Counts which faults are drawn. */
  const counting: Random = {
    ...network,
    pick(list) {
      const picked = network.pick(list);
      const kind = KINDS.find((one) => one === picked);
      if (kind !== undefined) faults.set(kind, (faults.get(kind) ?? 0) + 1);
      return picked;
    },
  };
  const vendor = new VendorModel(
    clock,
    account.account,
    {
      ...KIND,
      faults: NORMAL,
      limiter: "sliding-log",
      latency: 60,
      jitter: 60,
      keepPages: true,
    },
    counting,
    () => undefined,
  );
  const secret = {
    accessKeyId: "AKLTfirst",
    secretAccessKey: `SECRET-first-${random.hex(16)}`,
    sessionToken: undefined,
    version: 1,
  };
  vendor.keys.add(secret.accessKeyId);
  return {
    world: { clock, vendor, secret, random, trace: () => undefined },
    account,
    truth: new MonthTruth(account.account, policy),
    configuration,
    faults,
  };
}
