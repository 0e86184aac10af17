/** Draws a world from a seed: account, settings, the vendor's moods, and what changes while a sweep is under way. */
import { domainToASCII } from "node:url";
import {
  UNKIND,
  type Unkind,
  type UnkindFamily,
} from "../../infra/local/live-emulator/unkind.ts";
import type { Configuration } from "../../functions/host/configuration.ts";
import {
  createAccount,
  DAY,
  identifiers,
  recordOf,
  renew,
  serving,
  type Certificate,
  type Domain,
} from "./account.ts";
import { FAULTS, type Faults } from "./faults.ts";
import { LIES, type Lie } from "./lies.ts";
import { LIMITERS } from "./limiter.ts";
import { createRandom, type Random } from "./random.ts";
import { state } from "./statement.ts";
import type { RunOptions, Tampering, World } from "./sweep-process.ts";
import { VendorModel } from "./vendor-model.ts";
import { KIND, type VendorSettings } from "./vendor-records.ts";
import { VirtualClock } from "../world/clock.ts";

export interface Plan {
  readonly world: World;
  readonly configuration: Configuration;
  /** Runs before the one that must finish the work. */
  readonly runs: readonly Omit<RunOptions, "tampering">[];
  /** The second starts while the first is under way, this long after it. */
  readonly overlapAfter: number | undefined;
  /** For so long after the start of a run the listings are throttled. */
  readonly busyMs: number;
  /** Not these runs, but a row of sweeps on a schedule. */
  readonly isRow: boolean;
}

/** Milliseconds by which clocks drift apart and still count as agreeing. */
const DRIFT_MS = 280_000;
/** What was refused within so many milliseconds is what the next list is to tell of. */
const JUST_MS = 6_000;
/** Milliseconds for which others use up the limits, at the most: less than a sweep waits. */
const BUSY_MS = 50_000;

/** Of all worlds so many are rows, which take longer. */
const ROWS = 0.06;

const PROJECTS = ["default", "video", "Video"];

function subset<T>(random: Random, list: readonly T[]): T[] {
  return list.filter(() => random.chance(0.4));
}

function drawConfiguration(
  random: Random,
  epoch: number,
  unkind: ReadonlySet<Unkind>,
): Configuration {
  const protect = [
    { match: "name", value: "*-ROOT", owner: "video-team" },
    { match: "domain", value: "live?.example1.com", owner: "video-team" },
    { match: "chainId", value: "a*", owner: "security" },
    { match: "domain", value: "*.例子1.com", owner: "video-team" },
    {
      match: "domain",
      value: `live?.${domainToASCII("bücher2.example")}.`,
      owner: "video-team",
    },
    {
      match: "name",
      value: `live.${domainToASCII("例子1.com")}`,
      owner: "ops",
    },
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
      protect: random.chance(unkind.has("names-respelled") ? 0.2 : 0.5)
        ? []
        : subset(random, protect),
    },
    maxDeletions: random.pick([1, random.int(5, 60), 100, 100, 100_000]),
    dryRun: random.chance(0.12),
    // Some slow enough for a round to outlive its evidence.
    warnDays: "auto",
    sweepIntervalMinutes: 1440,
    sendsPerSecond: random.chance(0.7) ? 7.8 : random.pick([0.2, 0.3, 0.6, 2]),
  };
}

function drawFaults(random: Random): Faults {
  if (random.chance(0.35)) return { kinds: [], rate: 0 };
  // One answer without a date spoils a whole reading.
  const kinds = subset(random, FAULTS).filter(
    (kind) => kind !== "no-date" || random.chance(0.3),
  );
  return {
    kinds,
    rate: random.pick([0.01, 0.05, 0.2, 0.5]),
    ...(random.chance(0.15) && {
      outage: [random.int(0, 5000), random.int(5000, 120_000)] as const,
    }),
  };
}

/** Under these there may be no evidence for ever: `then` in the list of switches. */
export const NEVER_READABLE: readonly Unkind[] = [
  "domain-total-absent",
  "domain-total-of-page",
  "certificate-total-of-page",
];

/** How often a switch is on in a family that is met, where that is not as usual. */
const USUAL = 0.45;
const LIKELY: Readonly<Partial<Record<Unkind, number>>> = {
  // They leave little to see.
  "domain-total-absent": 0.1,
  "domains-hidden-all": 0.2,
  // It takes long.
  "busy-at-first": 0.3,
  // They show something only together.
  "domain-pages-capped": 0.7,
  "domain-total-of-page": 0.6,
  "lists-shift": 0.6,
  "names-respelled": 0.6,
  "bound-by-three-identifiers": 0.8,
  "certificate-twins": 0.7,
  "bound-in-another-language": 0.6,
  "closed-midway": 0.6,
  "key-rotated-midway": 0.6,
};

function namesIn(family: UnkindFamily): Unkind[] {
  return Object.keys(UNKIND[family]) as Unkind[];
}

/** None, one alone, or several of a few families together. */
function drawUnkind(random: Random): ReadonlySet<Unkind> {
  const families = Object.keys(UNKIND) as UnkindFamily[];
  if (random.chance(0.2)) return new Set();
  if (random.chance(0.15))
    return new Set([random.pick(namesIn(random.pick(families)))]);
  return new Set(
    families
      .filter(() => random.chance(0.5))
      .flatMap(namesIn)
      .filter((name) => random.chance(LIKELY[name] ?? USUAL)),
  );
}

function drawVendor(
  random: Random,
  unkind: ReadonlySet<Unkind>,
): VendorSettings {
  const lying = random.chance(0.3);
  const drifts = unkind.has("clock-drifts");
  return {
    ...KIND,
    unkind,
    faults: drawFaults(random),
    lies: lying
      ? Array.from({ length: random.int(1, 2) }, () => random.pick<Lie>(LIES))
      : [],
    lieRate: random.pick([0.02, 0.05, 0.2, 1]),
    limiter: random.pick(LIMITERS),
    latency: random.pick([5, 20, 20, 100, 100, 250, 250, 250, 1500, 4000]),
    jitter: random.pick([0, 20, 300]),
    // Nothing moves between pages where there is but one.
    certificatePageCap: unkind.has("lists-shift")
      ? random.int(3, 6)
      : unkind.has("certificate-pages-capped")
        ? random.int(4, 30)
        : 1000,
    domainPageCap: unkind.has("domain-pages-capped") ? random.int(2, 10) : 1000,
    skew: drifts
      ? random.int(-DRIFT_MS, DRIFT_MS)
      : random.chance(0.85)
        ? random.int(-2000, 2000)
        : random.int(-4e5, 4e5),
    missing: unkind.has("missing-fine")
      ? "fine"
      : unkind.has("missing-forbidden")
        ? "RequestForbidden"
        : "ResourceNotFound",
    unanswered: unkind.has("deletions-unanswered")
      ? 1
      : unkind.has("deletions-sometimes-unanswered")
        ? 0.4
        : 0,
    keepPages: true,
  };
}

/** Refusals that are about the certificate alone. */
const REFUSALS = [
  "InvalidParam",
  "RequestForbidden.AccountIDNotAllow",
  "RequestForbidden",
  "ResourceNotFound",
  "OperationDenied",
  "SomethingNew",
];
/** Refusals that may as well speak of the vendor: ten of them in a row end a run, so there are fewer. */
const ILLNESSES = ["CommonErr", "InternalError.DB"];
const MOST_ILL = 4;

/** Some certificates that a sweep would take refuse to be deleted: those in a row where there are many. */
function poison(
  { vendor }: World,
  configuration: Configuration,
  random: Random,
  count: number,
): void {
  const inVain = new Set(deletableAsShown(vendor, configuration, vendor.now));
  let left = count;
  let ill = MOST_ILL;
  for (const certificate of vendor.account.certificates.values()) {
    const isNext =
      left > 0 && inVain.has(certificate.chainId) && random.chance(0.9);
    if (!isNext) continue;
    left -= 1;
    const isIll = ill > 0 && random.chance(0.2);
    if (isIll) ill -= 1;
    certificate.poison = random.pick(isIll ? ILLNESSES : REFUSALS);
  }
}

/** The filters of all listings of certificates. */
export function filtersOf({ policy }: Configuration) {
  const scopes =
    policy.projectNames.length === 0
      ? [{}]
      : policy.projectNames.map((ProjectName) => ({ ProjectName }));
  return scopes.flatMap((scope) =>
    [true, false].flatMap((Available) =>
      [true, false].map((Expiring) => ({ ...scope, Available, Expiring })),
    ),
  );
}

/** What a reading of all that the vendor shows says may be deleted at `now`, those that refuse it apart. */
export function deletableAsShown(
  vendor: VendorModel,
  configuration: Configuration,
  now: number,
): string[] {
  const stated = state(
    {
      listings: filtersOf(configuration).map((filter) => ({
        expiring: filter.Expiring,
        records: vendor
          .certificateRows(filter)
          .map((certificate) => recordOf(certificate, vendor.now)),
      })),
      domains: vendor.domainRows(),
    },
    configuration.policy,
    now,
  );
  const refusing = new Set(
    [...vendor.account.certificates.values()]
      .filter((certificate) => certificate.poison !== undefined)
      .map(({ chainId }) => chainId),
  );
  return [...stated]
    .filter(([id, { deletable }]) => deletable && !refusing.has(id))
    .map(([id]) => id);
}

/** A certificate like another one, with identifiers of its own. */
function addLike(world: World, random: Random, like: Certificate): Certificate {
  const { vendor, clock } = world;
  const { certificates } = vendor.account;
  const chainId = random.hex(32);
  const key = vendor.nextKey++;
  const added: Certificate = {
    ...like,
    key,
    chainId,
    changedAt: clock.monotonic(),
    poison: undefined,
    stale: undefined,
    filedAsExpired: undefined,
    goneAt: undefined,
    fields: {
      ...like.fields,
      ChainID: chainId,
      ChainIDVolc: "",
      CertID: "",
      CertName: `late-${String(key)}`,
    },
  };
  certificates.set(key, added);
  return added;
}

/** What the switches of change bring about, at just the moments that matter. */
function arrange(world: World, random: Random): void {
  const { clock, vendor, secret } = world;
  const { unkind } = vendor.settings;
  const { certificates } = vendor.account;
  const midway = ["key-rotated-midway", "closed-midway"] as const;
  const which = midway.filter((name) => unkind.has(name));
  if (which.length > 0) {
    const rotates = random.pick(which) === "key-rotated-midway";
    vendor.midway = {
      isHarmless: rotates,
      after: rotates ? random.int(1, 4) : random.int(3, 12),
      unanswered: rotates ? random.int(1, 2) : random.int(3, 8),
      happen: rotates
        ? () => {
            vendor.keys.delete(secret.accessKeyId);
            rotate(world, random);
          }
        : () => {
            vendor.closed = "RequestForbidden.BillingStatus";
          },
    };
  }
  vendor.shifts = unkind.has("lists-shift") ? 12 : 0;
  vendor.renewals = unkind.has("renewed-while-read") ? 4 : 0;
  vendor.onPage = (shown, rest) => {
    if (vendor.renewals > 0 && random.chance(0.3)) {
      vendor.renewals -= 1;
      // After the page, before the next.
      clock.at(clock.monotonic(), () => {
        const expired = living(world).filter(
          ({ notAfter }) => notAfter < vendor.now,
        );
        if (expired.length > 0) renewNow(world, random, random.pick(expired));
      });
    }
    if (vendor.shifts === 0 || rest.length === 0) return;
    // So many have to go for one to be passed over of which there is something to tell.
    const passed =
      rest
        .slice(0, 6)
        .findIndex(({ chainId, stale, notAfter }) =>
          vendor.wanted === undefined
            ? (stale !== undefined && notAfter > vendor.now) ||
              clock.monotonic() - (vendor.refused.get(chainId) ?? -Infinity) <
                JUST_MS
            : vendor.wanted === chainId,
        ) + 1;
    if (!random.chance(passed > 0 ? 0.9 : 0.05)) return;
    vendor.shifts -= 1;
    clock.at(clock.monotonic(), () => {
      // 0: one comes; 1: some go; 2: both.
      const what = passed > 0 && random.chance(0.7) ? 1 : random.int(0, 2);
      const before = shown.filter(({ goneAt }) => goneAt === undefined);
      for (let n = Math.max(1, passed); what !== 0 && n > 0; n--) {
        const [going] = before.splice(random.int(0, before.length - 1), 1);
        if (going !== undefined)
          vendor.remove(vendor.living(going.chainId), true);
      }
      if (what !== 1 && certificates.size > 0) {
        const like = random.pick([...certificates.values()]);
        renew(addLike(world, random, like), clock.now());
      }
    });
  };
}

function living({ vendor }: World): Certificate[] {
  return [...vendor.account.certificates.values()].filter(
    ({ goneAt }) => goneAt === undefined,
  );
}

function renewNow(
  { clock, vendor }: World,
  random: Random,
  certificate: Certificate,
): void {
  const isStale = vendor.settings.unkind.has("stale-beside-renewed");
  renew(certificate, clock.now(), {
    staleUntil: isStale
      ? clock.monotonic() + random.int(1000, 60_000)
      : undefined,
  });
  certificate.changedAt = clock.monotonic();
}

/** The secret gets another key, which the vendor knows. */
export function rotate({ vendor, secret, trace }: World, random: Random): void {
  secret.accessKeyId = `AKLTrotated${String(secret.version)}`;
  secret.secretAccessKey = `SECRET-second-${random.hex(16)}`;
  secret.version += 1;
  trace("rotate");
  vendor.keys.add(secret.accessKeyId);
}

/** Whether a binding leaves something to tell it by: a domain out of sight needs a certificate that covers it. */
function mayBind(domain: Domain, certificate: Certificate): boolean {
  return (
    domain.hidden !== true || serving([certificate], domain.name).length > 0
  );
}

interface Touch {
  readonly world: World;
  readonly random: Random;
  /** Living. */
  readonly certificate: Certificate;
  readonly domain: Domain | undefined;
}

function bind({ domain, certificate }: Touch): void {
  if (domain === undefined || !mayBind(domain, certificate)) return;
  domain.boundTo = certificate.chainId;
  domain.bound = certificate.key;
}

/** What other hands do to the account. */
export const HANDS = {
  renew({ world, random, certificate }: Touch): void {
    renewNow(world, random, certificate);
  },
  bind,
  unbind({ domain }: Touch): void {
    if (domain === undefined) return;
    domain.boundTo = "";
    domain.bound = undefined;
  },
  remove({ world: { vendor }, certificate }: Touch): void {
    vendor.remove(vendor.living(certificate.chainId));
  },
  setClock({ world, random }: Touch): void {
    const { vendor, clock } = world;
    const skew = vendor.settings.skew + random.int(-3e5, 3e5);
    vendor.settings = { ...vendor.settings, skew };
    for (const other of living(world)) other.changedAt = clock.monotonic();
  },
  copy({ world, random, certificate }: Touch): void {
    for (let more = random.int(1, 20); more > 0; more--)
      addLike(world, random, certificate);
  },
  /** A new one, most often one that lives as briefly as the last ones will, takes a domain over. */
  replace(touch: Touch): void {
    const { world, random } = touch;
    const certificate = addLike(world, random, touch.certificate);
    const days = random.pick([1, 2, 4, 6, 6, 47]);
    renew(certificate, world.clock.now(), { days });
    bind({ ...touch, certificate });
  },
};
export type Hand = keyof typeof HANDS;

/** One of these hands does something after `delay` milliseconds. */
export function touchAfter(
  world: World,
  random: Random,
  delay: number,
  hands: readonly Hand[],
): void {
  const { clock, vendor } = world;
  const { domains } = vendor.account;
  clock.at(clock.monotonic() + delay, () => {
    const all = living(world);
    if (all.length === 0) return;
    const certificate = random.pick(all);
    const domain = domains.length === 0 ? undefined : random.pick(domains);
    const hand = random.pick(hands);
    world.trace(`${hand} ${certificate.chainId}`);
    // A binding speaks of every certificate that goes by the same identifier.
    const named = [certificate.chainId, domain?.boundTo.toLowerCase() ?? ""];
    for (const other of all) {
      const ids = identifiers(other);
      if (named.some((id) => ids.has(id))) other.changedAt = clock.monotonic();
    }
    HANDS[hand]({ world, random, certificate, domain });
  });
}

/** Schedules what other hands do in the meantime, to certificates, keys, clocks and the account. */
function disturb(world: World, random: Random): void {
  const { clock, vendor, secret } = world;
  for (let n = random.int(1, 6); n > 0; n--) {
    touchAfter(
      world,
      random,
      random.int(0, random.chance(0.7) ? 8000 : 60_000),
      ["renew", "bind", "unbind", "remove", "setClock", "copy"],
    );
  }
  if (random.chance(0.4)) {
    const old = secret.accessKeyId;
    clock.at(random.int(0, 6000), () => {
      rotate(world, random);
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

/** What a run warns of, and whether it is held to a plan: of some that are listed, and some that are not. */
function drawForesight(
  { vendor }: World,
  drawn: Configuration,
  random: Random,
  isPlanned: boolean,
): Pick<RunOptions, "only" | "configuration"> {
  const warnDays = random.pick(["auto", "auto", 0, 3, 365] as const);
  const configuration = { ...drawn, warnDays };
  if (!isPlanned && !random.chance(0.3)) return { configuration };
  const listed = [...vendor.account.certificates.values()].flatMap(
    ({ chainId }) => (random.chance(0.5) ? [chainId.toLowerCase()] : []),
  );
  return { configuration, only: new Set([...listed, random.hex(32)]) };
}

/** The same vendor when nothing is wrong any more: what its documents leave open it still is. */
export function calm(settings: VendorSettings): VendorSettings {
  return {
    ...settings,
    faults: KIND.faults,
    lies: KIND.lies,
    skew: settings.unkind.has("clock-drifts")
      ? Math.max(-DRIFT_MS, Math.min(DRIFT_MS, settings.skew))
      : 0,
    latency: 50,
    jitter: 20,
  };
}

/** What a world is made to be, beyond what its seed says: so that it is about something. */
export interface Lean {
  /** A row of sweeps, or else a storm. */
  readonly isRow?: boolean;
  readonly unkind?: readonly Unkind[];
  /** Of these none. */
  readonly kind?: readonly Unkind[];
  readonly size?: number;
  readonly trouble?: number;
  readonly settings?: Partial<Configuration>;
  readonly policy?: Partial<Configuration["policy"]>;
  readonly vendor?: Partial<VendorSettings>;
  readonly run?: Partial<RunOptions>;
  readonly overlapAfter?: number;
  /** Each run is held to a plan. */
  readonly isPlanned?: true;
}

export function drawPlan(
  seed: number,
  trace: (line: string) => void,
  lean: Lean = {},
): Plan {
  const random = createRandom(seed);
  const epoch = Date.UTC(2026, 2, 1) + random.int(0, 700 * 86_400) * 1000;
  const unkind = new Set([
    ...drawUnkind(random.fork("unkind")),
    ...(lean.unkind ?? []),
  ]);
  for (const name of lean.kind ?? []) unkind.delete(name);
  const drawn = drawConfiguration(random.fork("settings"), epoch, unkind);
  const configuration = {
    ...drawn,
    ...lean.settings,
    policy: { ...drawn.policy, ...lean.policy },
  };
  const clock = new VirtualClock(epoch);
  const isRow = lean.isRow ?? random.fork("plan").chance(ROWS);
  const drawnSize = isRow
    ? random.int(5, 25)
    : random.chance(0.9)
      ? random.int(5, 80)
      : random.int(100, 330);
  const account = createAccount(random.fork("account"), {
    unkind,
    size: lean.size ?? drawnSize,
    now: epoch,
    graceDays: configuration.policy.graceDays,
    projects: random.chance(0.5) ? ["default"] : PROJECTS,
    trouble: lean.trouble ?? random.pick([0, 0.2, 0.5, 1]),
  });
  const vendor = new VendorModel(
    clock,
    account,
    { ...drawVendor(random.fork("vendor"), unkind), ...lean.vendor },
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
  const refusals = random.fork("refusals");
  poison(
    world,
    configuration,
    refusals,
    unkind.has("certificates-refused")
      ? refusals.int(10, 16)
      : unkind.has("lists-shift") || refusals.chance(0.3)
        ? refusals.int(1, 5)
        : 0,
  );
  arrange(world, random.fork("arranged"));
  if (random.chance(0.5)) disturb(world, random.fork("disturbance"));
  const runs = Array.from({ length: random.int(1, 3) }, (_, index) => ({
    name: `run-${String(index + 1)}`,
    lifetime: random.chance(0.7)
      ? 900_000
      : random.pick([0, 30_000, 48_000, 60_000, 75_000, 100_000]),
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
    ...drawForesight(
      world,
      configuration,
      random.fork(`foresight-${String(index)}`),
      lean.isPlanned === true,
    ),
    ...lean.run,
  }));
  return {
    world,
    configuration,
    runs,
    overlapAfter:
      lean.overlapAfter ??
      (random.chance(0.25) ? random.int(0, 15_000) : undefined),
    isRow,
    busyMs: unkind.has("busy-at-first") ? random.int(10_000, BUSY_MS) : 0,
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
    wallOffset,
    timerLateness: false,
    tampering,
  };
}
