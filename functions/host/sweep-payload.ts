/** The payload of a sweep, from the schedule, an invocation or `POST /sweeps`: it may only make the sweep more careful. */
import { isChainId, isObject, isWhole } from "../contract/parsers.ts";
import type { SweepSettings } from "../janitor/sweep.ts";
import type { Configuration } from "./configuration.ts";

/** The payload is refused; the message names every problem. Nothing was called. */
export class BadPayload extends Error {
  override readonly name = "BadPayload";
}

const KEYS = ["dryRun", "maxDeletions", "graceDays", "only", "report"];
/** Lambda takes 256 KB for a run that nobody waits for. */
const MOST_IDS = 5000;

export interface SweepOrder extends SweepSettings {
  /** Mail the report whatever it says. */
  readonly report: boolean;
}

/**
 * What a run is to do: the settings of the deployment, tightened by `{dryRun?: true, graceDays?, maxDeletions?, only?}`,
 * and `{report?: boolean}`. Throws {@link BadPayload}.
 */
export function readSweepPayload(
  payload: unknown,
  { policy, maxDeletions, dryRun }: Configuration,
): SweepOrder {
  if (!isObject(payload)) {
    throw new BadPayload(
      `No sweep was started: the payload must be a JSON object, {} or one with some of ${KEYS.join(", ")}.`,
    );
  }
  const problems: string[] = [];
  const whole = (name: string, min: number, max: number, now: number) => {
    if (!Object.hasOwn(payload, name)) return now;
    const value = payload[name];
    if (isWhole(value, min, max)) return value;
    problems.push(
      `${name} must be a whole number from ${String(min)} to ${String(max)}, since a payload may only be stricter than the settings.`,
    );
    return now;
  };
  const ids = (value: unknown): ReadonlySet<string> => {
    // Stryker disable next-line ArrayDeclaration: a list of what is no id is refused as an empty one is
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    const chainIds = list.flatMap((id) =>
      typeof id === "string" && isChainId(id) ? [id.toLowerCase()] : [],
    );
    if (
      list.length === 0 ||
      list.length > MOST_IDS ||
      chainIds.length < list.length
    ) {
      problems.push(
        `only must be a list of 1 to ${String(MOST_IDS)} chain ids, each of 32 hexadecimal digits.`,
      );
    }
    return new Set(chainIds);
  };
  const report = Object.hasOwn(payload, "report") ? payload["report"] : false;
  const order: SweepOrder = {
    policy: {
      ...policy,
      graceDays: whole("graceDays", policy.graceDays, 3650, policy.graceDays),
    },
    maxDeletions: whole("maxDeletions", 1, maxDeletions, maxDeletions),
    dryRun: dryRun || Object.hasOwn(payload, "dryRun"),
    report: report === true,
    ...(Object.hasOwn(payload, "only") && { only: ids(payload["only"]) }),
  };
  if (Object.hasOwn(payload, "dryRun") && payload["dryRun"] !== true) {
    problems.push(
      "dryRun must be true or left out, since a payload may only be stricter than the settings.",
    );
  }
  if (typeof report !== "boolean") {
    problems.push("report must be true or false.");
  }
  const unknown = Object.keys(payload).filter((key) => !KEYS.includes(key));
  if (unknown.length > 0) {
    problems.push(
      `It may hold ${KEYS.join(", ")} only, not ${unknown
        .slice(0, 3)
        .map((key) => JSON.stringify(key.slice(0, 40)))
        .join(", ")}.`,
    );
  }
  if (problems.length > 0)
    throw new BadPayload(`No sweep was started: ${problems.join(" ")}`);
  return order;
}
