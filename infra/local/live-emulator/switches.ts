import { PLAYED } from "./unkind.ts";

/** What the vendor's pages leave open, as choices. All may be changed while the emulator runs. */
export interface Switches {
  /** The answer to an unknown chain id: 404 or 403. @default "ResourceNotFound" */
  missing: "ResourceNotFound" | "RequestForbidden";
  /** DeleteCert of a bound certificate. No page documents a refusal, so none is to be relied on. @default "delete" */
  bound: "delete" | "refuse";
  /** What ListCertV2 shows when `Available` is not sent. @default "enabled-unexpired" */
  emptyFilter: "enabled-unexpired" | "enabled" | "all";
  /** @default "RequestId" */
  requestIdCasing: "RequestId" | "RequestID";
  /** How far X-Date may be from the emulator's clock, in seconds. @default 900 */
  skewSeconds: number;
  /** The status of `InvalidTimestamp`, on which the pages differ. @default 403 */
  timestampStatus: 403 | 400;
  /** `CertList` with nothing in it. @default "array" */
  certListWhenEmpty: "array" | "null" | "absent";
  /** Listings answer with everything, whatever page was asked for. @default false */
  ignorePaging: boolean;
  /** ListCertV2 shows expired and unexpired ones, whatever `Expiring` says. @default false */
  ignoreExpiringFilter: boolean;
  /** What `Total` counts: the whole query, or the page alone; or it is left out. @default "query" */
  total: "query" | "page" | "absent";
  /** Pages are cut to this, whatever `PageSize` was asked for; null is no limit. @default null */
  maxPageSize: number | null;
  /** Requests that an action takes in any second, or a map from action to that, 10 for the others; null is no limit. @default 10 */
  perSecond: number | null | Readonly<Record<string, number | null>>;
  /** How long an answer waits after the action took place, in milliseconds. @default 0 */
  latencyMs: number;
}

/** What the pages of the actions say. */
const PER_SECOND = 10;

export const DEFAULT_SWITCHES: Readonly<Switches> = {
  missing: "ResourceNotFound",
  bound: "delete",
  emptyFilter: "enabled-unexpired",
  requestIdCasing: "RequestId",
  skewSeconds: 900,
  timestampStatus: 403,
  certListWhenEmpty: "array",
  ignorePaging: false,
  ignoreExpiringFilter: false,
  total: "query",
  maxPageSize: null,
  perSecond: PER_SECOND,
  latencyMs: 0,
};

const isCount = (value: unknown): boolean =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;

interface Permitted {
  readonly words: string;
  readonly has: (value: unknown) => boolean;
}

function oneOf(...values: readonly unknown[]): Permitted {
  return {
    words: `one of ${values.join(", ")}`,
    has: (value) => values.includes(value),
  };
}

const COUNT: Permitted = { words: "a number from 0", has: isCount };
const FLAG = oneOf(true, false);

const PERMITTED: Readonly<Record<keyof Switches, Permitted>> = {
  missing: oneOf("ResourceNotFound", "RequestForbidden"),
  bound: oneOf("delete", "refuse"),
  emptyFilter: oneOf("enabled-unexpired", "enabled", "all"),
  requestIdCasing: oneOf("RequestId", "RequestID"),
  skewSeconds: COUNT,
  timestampStatus: oneOf(403, 400),
  certListWhenEmpty: oneOf("array", "null", "absent"),
  ignorePaging: FLAG,
  ignoreExpiringFilter: FLAG,
  total: oneOf("query", "page", "absent"),
  maxPageSize: {
    words: "a whole number from 1, or null",
    has: (value) =>
      value === null || (Number.isSafeInteger(value) && Number(value) >= 1),
  },
  perSecond: {
    words: "a number from 0, null, or a map from action to such",
    has: (value) =>
      (typeof value === "object" && value !== null
        ? Object.values(value)
        : [value]
      ).every((one) => one === null || isCount(one)),
  },
  latencyMs: COUNT,
};

function assertSwitches(value: unknown): asserts value is Partial<Switches> {
  if (typeof value !== "object" || value === null)
    throw new TypeError("switches are an object");
  const permitted = new Map<string, Permitted>(Object.entries(PERMITTED));
  for (const [name, given] of Object.entries(value)) {
    const accepts = permitted.get(name);
    if (accepts === undefined)
      throw new TypeError(
        `there is no switch ${name}; permitted: ${[...permitted.keys()].join(", ")}`,
      );
    if (!accepts.has(given))
      throw new TypeError(`${name} must be ${accepts.words}`);
  }
}

/** The switches that stand for names of the list of what the vendor leaves open. */
function played(unkind: unknown): Partial<Switches> {
  const known = new Map<unknown, Partial<Switches>>(Object.entries(PLAYED));
  const names: readonly unknown[] = Array.isArray(unkind) ? unkind : [unkind];
  if (!names.every((name) => known.has(name)))
    throw new TypeError(
      `unkind must be a list of some of ${[...known.keys()].join(", ")}`,
    );
  return names.reduce<Partial<Switches>>(
    (all, name) => ({ ...all, ...known.get(name) }),
    {},
  );
}

/**
 * Reads some of the switches, by themselves or as `unkind`.
 * @throws TypeError that names what is permitted
 */
export function readSwitches(value: unknown): Partial<Switches> {
  if (typeof value !== "object" || value === null || !("unkind" in value)) {
    assertSwitches(value);
    return value;
  }
  const { unkind, ...given } = value;
  assertSwitches(given);
  return { ...played(unkind), ...given };
}

/** The requests of the last second by action; only those that were let through count. */
export function createRateLimit(): (
  action: string,
  perSecond: Switches["perSecond"],
) => boolean {
  const arrivals = new Map<string, number[]>();
  return (action, perSecond) => {
    const named =
      typeof perSecond === "object" ? perSecond?.[action] : perSecond;
    const limit =
      perSecond === null ? null : named === undefined ? PER_SECOND : named;
    if (limit === null) return true;
    // Not the emulator's clock: that one may stand still or leap, arrivals do not.
    const now = performance.now();
    const recent = (arrivals.get(action) ?? []).filter((at) => now - at < 1000);
    const allowed = recent.length < limit;
    if (allowed) recent.push(now);
    arrivals.set(action, recent);
    return allowed;
  };
}
