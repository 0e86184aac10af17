/** The inventory as the API shows it: each certificate with the verdict that the next sweep would reach. */
import { instant } from "./certificate.ts";
import { foresee, type WarnDays } from "./foresight.ts";
import type { Domain } from "./in-use.ts";
import type { Judgement } from "./verdict.ts";

export interface InventoryEntry {
  readonly chainId: string;
  readonly name: string;
  readonly domains: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  readonly status: string;
  readonly projectName: string;
  readonly state: Judgement["state"];
  /** In use and about to expire. */
  readonly expiring: boolean;
  readonly verdict: Judgement["verdict"];
  readonly reasons: Judgement["reasons"];
  readonly details: Judgement["details"];
}

export interface InventoryQuery {
  readonly verdict?: string | undefined;
  /** The state, or `expiring`. */
  readonly state?: string | undefined;
  readonly limit: number;
  /** Only entries behind this one, from {@link readCursor}. */
  readonly after?: SortKey | undefined;
}

export interface Inventory {
  readonly certificates: readonly InventoryEntry[];
  /** Of the whole account, but `shown`. */
  readonly counts: Readonly<
    Record<
      "listed" | "shown" | "delete" | "keep" | "expired" | "valid" | "expiring",
      number
    >
  >;
  /** The cursor of the next page, or null. */
  readonly next: string | null;
}

/** Of a chain id in a sort key; real ones have 32 bytes. */
const LONGEST_ID = 64;
/** Bytes of JSON after which a page ends early: an answer must stay far below Lambda's 6 MB. */
const PAGE_BYTES = 2_000_000;
export type SortKey = readonly [at: number, chainId: string, tie: number];

/**
 * The certificates of an account; where the records of one differ, the first is shown and `details` tell of the others.
 * @param domains those of the observation that was judged
 * @param now milliseconds since the epoch
 */
export function inventoryEntries(
  judgements: readonly Judgement[],
  domains: readonly Domain[],
  warnDays: WarnDays,
  now: number,
): InventoryEntry[] {
  const ending = foresee(domains, warnDays, now);
  return judgements.map((judged) => {
    const { certificate, state, ...verdict } = judged;
    const [record] = certificate.records;
    return {
      chainId: certificate.chainId,
      name: record.name,
      domains: record.domains,
      notBefore: record.notBefore,
      notAfter: record.notAfter,
      status: record.status,
      projectName: record.projectName,
      state,
      expiring: ending(judged) !== undefined,
      ...verdict,
    };
  });
}

function compare(a: SortKey, b: SortKey): number {
  if (a[0] !== b[0]) return a[0] - b[0];
  // Stryker disable next-line EqualityOperator: equal ones have been dealt with before
  return a[1] === b[1] ? a[2] - b[2] : a[1] < b[1] ? -1 : 1;
}

/**
 * Entries by expiry, then chain id, each with the key that a cursor to it holds. Only malformed records can tie;
 * they are numbered, so that a cursor neither skips nor repeats one.
 */
function sorted(
  entries: readonly InventoryEntry[],
): { readonly entry: InventoryEntry; readonly key: SortKey }[] {
  const keyed = entries
    .map((entry) => ({
      entry,
      at: instant(entry.notAfter) ?? Number.MAX_SAFE_INTEGER,
      id: entry.chainId.toLowerCase().slice(0, LONGEST_ID),
    }))
    .sort((a, b) => compare([a.at, a.id, 0], [b.at, b.id, 0]));
  let tie = 0;
  return keyed.map(({ entry, at, id }, index) => {
    const before = keyed[index - 1];
    tie = before?.at === at && before.id === id ? tie + 1 : 0;
    return { entry, key: [at, id, tie] };
  });
}

/** The order of certificates wherever they are shown. */
export function byExpiry(entries: readonly InventoryEntry[]): InventoryEntry[] {
  return sorted(entries).map(({ entry }) => entry);
}

/** The sort key that a cursor stands for, or undefined if it was not made by {@link inventory}. */
export function readCursor(cursor: string): SortKey | undefined {
  try {
    const key: unknown = JSON.parse(
      Buffer.from(cursor, "base64url").toString(),
    );
    if (!Array.isArray(key) || key.length !== 3) return undefined;
    const parts: readonly unknown[] = key;
    const [at, chainId, tie] = parts;
    return typeof at === "number" &&
      typeof chainId === "string" &&
      typeof tie === "number"
      ? [at, chainId, tie]
      : undefined;
  } catch {
    return undefined;
  }
}

/** One page of the certificates that this deployment is responsible for. */
export function inventory(
  entries: readonly InventoryEntry[],
  query: InventoryQuery,
): Inventory {
  const all = entries.filter(
    ({ reasons }) => !reasons.includes("out-of-scope"),
  );
  const { after } = query;
  const rest = sorted(all).filter(
    ({ entry, key }) =>
      (query.verdict === undefined || entry.verdict === query.verdict) &&
      (query.state === undefined ||
        (query.state === "expiring"
          ? entry.expiring
          : entry.state === query.state)) &&
      (after === undefined || compare(key, after) > 0),
  );
  const shown: typeof rest = [];
  let bytes = 0;
  for (const item of rest) {
    if (shown.length === query.limit || bytes > PAGE_BYTES) break;
    bytes += Buffer.byteLength(JSON.stringify(item.entry));
    shown.push(item);
  }
  const last = shown.length < rest.length ? shown.at(-1) : undefined;
  const count = (matches: (entry: InventoryEntry) => boolean): number =>
    all.filter(matches).length;
  return {
    certificates: shown.map(({ entry }) => entry),
    counts: {
      listed: all.length,
      shown: shown.length,
      delete: count(({ verdict }) => verdict === "delete"),
      keep: count(({ verdict }) => verdict === "keep"),
      expired: count(({ state }) => state === "expired"),
      valid: count(({ state }) => state === "valid"),
      expiring: count(({ expiring }) => expiring),
    },
    next:
      last === undefined
        ? null
        : Buffer.from(JSON.stringify(last.key)).toString("base64url"),
  };
}
