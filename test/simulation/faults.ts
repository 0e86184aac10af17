/** What can happen to one request on its way, there and back. */
import type { Random } from "./random.ts";

export const FAULTS = [
  "refused",
  "request-lost",
  "answer-lost",
  "reset-before",
  "reset-after",
  "error",
  "unreadable",
  "throttled",
  "slow",
  "no-date",
  "duplicated",
] as const;
export type FaultKind = (typeof FAULTS)[number];

export interface Faults {
  readonly kinds: readonly FaultKind[];
  /** Probability of one for a request. */
  readonly rate: number;
  /** In virtual time: everything fails from the first to the second. */
  readonly outage?: readonly [number, number];
}

export interface Fate {
  readonly kind: FaultKind | "none";
  /** The request reaches the vendor. */
  readonly arrives: boolean;
  /** Milliseconds on top of the latency, there and back. */
  readonly delay?: number;
  readonly code?: string;
  /** The vendor did what was asked before it said that it failed. */
  readonly done?: boolean;
  readonly status?: number;
  readonly throttle?: {
    readonly status?: number;
    readonly retryAfter?: string;
  };
}

const CODES = [
  "CommonErr",
  "InternalError",
  "InternalError.DB",
  "InternalServiceTimeout",
] as const;

/** Draws the fate of one request. */
export function fateOf(faults: Faults, random: Random, time: number): Fate {
  const { kinds, rate, outage } = faults;
  const isOut = outage !== undefined && time >= outage[0] && time < outage[1];
  if (kinds.length === 0 || !(isOut || random.chance(rate)))
    return { kind: "none", arrives: true };
  const kind = random.pick(kinds);
  const fate = {
    kind,
    arrives: !["refused", "request-lost", "reset-before"].includes(kind),
  };
  if (kind === "error")
    return { ...fate, code: random.pick(CODES), done: random.chance(0.5) };
  if (kind === "unreadable")
    return { ...fate, status: random.pick([200, 404, 502, 504]) };
  // Beyond ten seconds the attempt has been given up: a trickle looks like that.
  if (kind === "slow") return { ...fate, delay: random.int(500, 20_000) };
  if (kind !== "throttled") return fate;
  const status = random.pick([429, 400, 200]);
  const waits = random.chance(0.3) && {
    retryAfter: String(random.int(0, 8)),
  };
  return { ...fate, throttle: { status, ...waits } };
}

/** The error that the client's connection ends with, if it does. */
export function transportError({ kind }: Fate): Error | undefined {
  if (kind === "refused")
    return Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  if (kind === "reset-before" || kind === "reset-after")
    return Object.assign(new Error("other side closed"), {
      code: "UND_ERR_SOCKET",
    });
  return undefined;
}
