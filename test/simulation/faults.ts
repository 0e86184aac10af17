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
  switch (kind) {
    case "refused":
    case "request-lost":
    case "reset-before":
      return { kind, arrives: false };
    case "error":
      return {
        kind,
        arrives: true,
        code: random.pick(CODES),
        done: random.chance(0.5),
      };
    case "unreadable":
      return { kind, arrives: true, status: random.pick([200, 404, 502, 504]) };
    case "throttled":
      return {
        kind,
        arrives: true,
        throttle: {
          status: random.pick([429, 400, 200]),
          ...(random.chance(0.3) && {
            retryAfter: String(random.int(0, 8)),
          }),
        },
      };
    case "slow":
      // Beyond ten seconds the attempt has been given up: a trickle looks like that.
      return { kind, arrives: true, delay: random.int(500, 20_000) };
    case "answer-lost":
    case "reset-after":
    case "no-date":
    case "duplicated":
      return { kind, arrives: true };
  }
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
