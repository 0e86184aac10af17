/** The payload of a sweep, from the schedule, an invocation or `POST /sweeps`: it may only make the sweep more careful. */
import { isObject } from "../janitor/certificate.ts";
import type { SweepSettings } from "../janitor/sweep.ts";
import type { Configuration } from "./configuration.ts";

/** The payload is refused; the message names every problem. Nothing was called. */
export class BadPayload extends Error {
  override readonly name = "BadPayload";
}

const KEYS = ["dryRun", "maxDeletions", "graceDays", "report"];

export interface SweepOrder extends SweepSettings {
  /** Mail the report whatever it says. */
  readonly report: boolean;
}

/**
 * What a run is to do: the settings of the deployment, tightened by `{dryRun?: true, graceDays?, maxDeletions?}`, and
 * `{report?: boolean}`. Throws {@link BadPayload}.
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
    if (
      typeof value === "number" &&
      Number.isInteger(value) &&
      value >= min &&
      value <= max
    ) {
      return value;
    }
    problems.push(
      `${name} must be a whole number from ${String(min)} to ${String(max)}, since a payload may only be stricter than the settings.`,
    );
    return now;
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
