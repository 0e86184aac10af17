/** The settings of a function, all checked at start and every problem reported together (docs/settings.md). */
import { PROVIDERS } from "../contract/providers.ts";
import { matching, refuse, whole } from "../contract/parsers.ts";
import {
  complaintText,
  fromVariable,
  readAll,
  setting,
  SETTINGS,
} from "../contract/settings.ts";
import type { Policy } from "../janitor/verdict.ts";

export interface Configuration {
  /** Name or ARN. */
  readonly secretId: string;
  readonly endpoint: URL;
  readonly region: string;
  readonly policy: Policy;
  readonly maxDeletions: number;
  readonly dryRun: boolean;
  /** DeleteCert calls a second, at the most. */
  readonly sendsPerSecond: number;
  /** What the reports look ahead by; it has no part in any verdict. */
  readonly warnDays: "auto" | number;
  /** The longest time between two scheduled sweeps. */
  readonly sweepIntervalMinutes: number;
}

export type Environment = Readonly<Partial<Record<string, string>>>;

/** One or more settings are wrong; the message names each with what is permitted. Nothing was called. */
export class BadConfiguration extends Error {
  override readonly name = "BadConfiguration";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `Nothing was deleted: ${problems.length === 1 ? "a setting is" : `${String(problems.length)} settings are`} wrong. ${problems.join(" ")}`,
    );
    this.problems = problems;
  }
}

/** What the stack adds to the settings, for its functions alone. */
const FROM_STACK = {
  secretId: setting<string>({
    // Stryker disable next-line StringLiteral: where it is absent or wrong, that is refused in the end
    fallback: "",
    range: "name or ARN of the secret with the access key",
    example: '"live-janitor"',
    variable: "VOLCENGINE_SECRET_ID",
    isText: true,
    hidden: true,
    parse: matching(/^[\w/+=.@:-]{1,2048}$/),
  }),
  sendsPerSecond: setting<number>({
    fallback: PROVIDERS.volcengine.sweepPace,
    range: "number from 0.1 to 7.8",
    example: "2",
    variable: "SENDS_PER_SECOND",
    parse: (value) =>
      typeof value === "number" && value >= 0.1 && value <= 7.8
        ? value
        : refuse(value),
  }),
  sweepIntervalMinutes: setting<number>({
    fallback: 1440,
    range: "whole number from 1 to 10080",
    example: "1440",
    variable: "SWEEP_INTERVAL_MINUTES",
    parse: whole(1, 10_080),
  }),
};

/**
 * Reads the settings from the environment. An empty value is a problem, but for PROJECT_NAMES, where it means all.
 * Throws {@link BadConfiguration} with every problem.
 */
export function readConfiguration(env: Environment): Configuration {
  const problems: string[] = [];
  if (env["VOLCENGINE_SECRET_ID"] === undefined) {
    problems.push(
      "VOLCENGINE_SECRET_ID is not set; it must be the name or ARN of the secret with the access key.",
    );
  }
  const values = readAll(
    { ...SETTINGS, ...FROM_STACK },
    // Stryker disable next-line StringLiteral: each of these has a variable; only the compiler asks
    (_, { variable = "", isText }) => {
      const text = env[variable];
      if (variable === "PROJECT_NAMES" && text === "") return undefined;
      // Stryker disable next-line ConditionalExpression: of no text nothing is made; only the compiler asks
      return isText || text === undefined ? text : fromVariable(text);
    },
    (_, definition, complaint) => {
      // Stryker disable next-line StringLiteral: as above
      const name = definition.variable ?? "";
      problems.push(`${complaintText(name, definition, complaint)}.`);
    },
  );
  if (problems.length > 0) throw new BadConfiguration(problems);
  const { volcengine } = PROVIDERS;
  const { graceDays, unseenDomains, projectNames, protect } = values;
  return {
    secretId: values.secretId,
    endpoint: new URL(values.volcengineEndpoint ?? volcengine.endpoint),
    region: values.volcengineRegion ?? volcengine.region,
    policy: { graceDays, unseenDomains, projectNames, protect },
    maxDeletions: values.maxDeletions,
    dryRun: values.dryRun,
    sendsPerSecond: values.sendsPerSecond,
    warnDays: values.warnDays,
    sweepIntervalMinutes: values.sweepIntervalMinutes,
  };
}
