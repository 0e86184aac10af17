/** The payload of a sweep, from the schedule, an invocation or `POST /sweeps`: it may only make the sweep more careful. */
import { isObject } from "../janitor/certificate.ts";
import type { SweepSettings } from "../janitor/sweep.ts";
import type { Configuration } from "./configuration.ts";

/** The payload is refused; the message names every problem. Nothing was called. */
export class BadPayload extends Error {
  override readonly name = "BadPayload";
}

/**
 * The settings of a sweep: those of the deployment, tightened by `{dryRun?: true, graceDays?, maxDeletions?}`.
 * Throws {@link BadPayload}.
 */
export function readSweepPayload(
  payload: unknown,
  { policy, maxDeletions, dryRun }: Configuration,
): SweepSettings {
  if (!isObject(payload)) {
    throw new BadPayload(
      "No sweep was started: the payload must be a JSON object, {} or one with dryRun, maxDeletions or graceDays.",
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
  const settings: SweepSettings = {
    policy: {
      ...policy,
      graceDays: whole("graceDays", policy.graceDays, 3650, policy.graceDays),
    },
    maxDeletions: whole("maxDeletions", 1, maxDeletions, maxDeletions),
    dryRun: dryRun || Object.hasOwn(payload, "dryRun"),
  };
  if (Object.hasOwn(payload, "dryRun") && payload["dryRun"] !== true) {
    problems.push(
      "dryRun must be true or left out, since a payload may only be stricter than the settings.",
    );
  }
  const unknown = Object.keys(payload).filter(
    (key) => !["dryRun", "maxDeletions", "graceDays"].includes(key),
  );
  if (unknown.length > 0) {
    problems.push(
      `It may hold dryRun, maxDeletions and graceDays only, not ${unknown
        .slice(0, 3)
        .map((key) => JSON.stringify(key.slice(0, 40)))
        .join(", ")}.`,
    );
  }
  if (problems.length > 0)
    throw new BadPayload(`No sweep was started: ${problems.join(" ")}`);
  return settings;
}
