/** Reads the context key `janitor` of cdk.json: all problems at once, before anything is deployed. */
import { BadSchedule } from "./cron.ts";
import { nearest } from "./nearest.ts";
import { intervals } from "./schedule.ts";
import { Invalid } from "./setting-parsers.ts";
import { DEFINITIONS, type SettingKey, type Settings } from "./settings.ts";

/** What follows from the provider. Paces are DeleteCert calls a second. */
const PROVIDERS = {
  volcengine: {
    endpoint: "https://live.volcengineapi.com",
    domain: ".volcengineapi.com",
    region: "cn-north-1",
    sweepPace: 7.8,
    apiPace: 2,
  },
  // BytePlus documents a limit of one call a second for the whole account.
  byteplus: {
    endpoint: "https://open.byteplusapi.com",
    domain: ".byteplusapi.com",
    region: "ap-singapore-1",
    sweepPace: 0.6,
    apiPace: 0.3,
  },
} as const;

/** An alarm looks back seven days at most, in periods of an hour. */
const LONGEST_LOOK_BACK_HOURS = 168;
const SMALLEST_INTERVAL_MINUTES = 20;
/** Lambda permits 4,096 bytes; the rest is kept for what Lambda's own accounting adds. */
const MAX_ENVIRONMENT_BYTES = 4000;
/** What a reference stands for is known at deployment only: an ARN of usual length. */
const REFERENCE = "r".repeat(140);

/** The environment variables of a function. */
export type FunctionEnvironment = Readonly<Record<string, string>>;

export interface JanitorConfig {
  readonly settings: Settings;
  /** Hourly periods without a successful sweep that make the dead-man alarm. */
  readonly deadManHours: number;
  /** Environment of both functions that follows from the settings; the secret's id is added by the stack if it creates one. */
  readonly environment: FunctionEnvironment;
  /** DeleteCert calls a second, as text, by function. */
  readonly pace: { readonly api: string; readonly sweep: string };
}

/** The settings cannot be used; the message lists every problem. */
export class BadSettings extends Error {
  override readonly name = "BadSettings";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `The context key janitor of cdk.json has ${String(problems.length)} problem${problems.length === 1 ? "" : "s"}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

function shown(value: unknown): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function problem(
  key: SettingKey,
  at: string,
  value: unknown,
  why?: string,
): string {
  const { range, example } = DEFINITIONS[key];
  return `${key}${at} is ${shown(value)}${why === undefined ? "" : `: ${why}`}; permitted: ${range}; example: ${example}`;
}

function isKey(name: string): name is SettingKey {
  return Object.hasOwn(DEFINITIONS, name);
}

const KEYS = Object.keys(DEFINITIONS).filter(isKey);

function unknownKey(name: string): string {
  const key = nearest(name, KEYS);
  const { range, example } = DEFINITIONS[key];
  return `${name} is no setting; the nearest is ${key}: ${range}; example: ${example}`;
}

/** The whole context value: an object, or its JSON as `-c janitor='{...}'` gives it. */
function readObject(context: unknown): Readonly<Record<string, unknown>> {
  let value: unknown = context ?? {};
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      // Left as it is, and refused below.
    }
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BadSettings([
      `janitor is ${shown(context)}; permitted: an object of settings; example: {"dryRun":true}`,
    ]);
  }
  return Object.fromEntries(Object.entries(value));
}

function readSchedule(
  { schedule, timeZone }: Settings,
  problems: string[],
): number {
  const bad = (why: string): number => {
    problems.push(problem("schedule", "", schedule, why));
    return 0;
  };
  try {
    const { smallestMinutes, largestMinutes } = intervals(schedule, timeZone);
    if (smallestMinutes < SMALLEST_INTERVAL_MINUTES) {
      return bad(
        `two sweeps would start ${String(smallestMinutes)} minutes apart in ${timeZone}, and one may take 15`,
      );
    }
    const hours = Math.ceil((2 * largestMinutes) / 60) + 1;
    if (hours > LONGEST_LOOK_BACK_HOURS) {
      return bad(
        `sweeps would be up to ${String(Math.ceil(largestMinutes / 60))} hours apart in ${timeZone}, and no alarm could watch them: it looks back ${String(LONGEST_LOOK_BACK_HOURS)} hours at most and must see two of them`,
      );
    }
    return hours;
  } catch (error) {
    if (!(error instanceof BadSchedule)) throw error;
    return bad(error.message);
  }
}

/** How the functions read a setting: texts as they are, the rest as JSON. */
function variableText(value: Settings[SettingKey]): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function checkEnvironment(
  environment: FunctionEnvironment,
  problems: string[],
): void {
  const whole = {
    VOLCENGINE_SECRET_ID: REFERENCE,
    SENDS_PER_SECOND: "0.0",
    REPORT_TOPIC_ARN: REFERENCE,
    ...environment,
  };
  const bytes = Buffer.byteLength(JSON.stringify(whole));
  if (bytes <= MAX_ENVIRONMENT_BYTES) return;
  const [largest, size] = Object.entries(environment)
    .map(([name, text]) => [name, Buffer.byteLength(text)] as const)
    .reduce((best, entry) => (entry[1] > best[1] ? entry : best), ["", 0]);
  const key = KEYS.find((name) => DEFINITIONS[name].variable === largest);
  problems.push(
    `the environment of the functions has ${String(bytes)} bytes; permitted: at most ${String(MAX_ENVIRONMENT_BYTES)}; the largest setting is ${key ?? largest} with ${String(size)} bytes; example: globs such as "*.example.com" instead of many rules`,
  );
}

/**
 * Validates the settings and derives from them what the stack needs.
 *
 * @param context the value of the context key `janitor`: an object, or its JSON
 * @throws BadSettings with every problem, each with key, value, permitted range and an example
 */
export function readConfig(context: unknown): JanitorConfig {
  const given = readObject(context);
  const problems = Object.keys(given)
    .filter((name) => !isKey(name))
    .map(unknownKey);
  const wrong = new Set<SettingKey>();
  const read = <Key extends SettingKey>(key: Key): Settings[Key] => {
    const definition = DEFINITIONS[key];
    const value = given[key];
    if (value === undefined) return definition.fallback;
    try {
      return definition.parse(value);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      wrong.add(key);
      for (const { at, value: part, why } of error.complaints) {
        problems.push(problem(key, at, part, why));
      }
      return definition.fallback;
    }
  };
  const settings: Settings = {
    provider: read("provider"),
    secretArn: read("secretArn"),
    secretKeyArn: read("secretKeyArn"),
    volcengineEndpoint: read("volcengineEndpoint"),
    volcengineRegion: read("volcengineRegion"),
    graceDays: read("graceDays"),
    maxDeletions: read("maxDeletions"),
    dryRun: read("dryRun"),
    unseenDomains: read("unseenDomains"),
    projectNames: read("projectNames"),
    protect: read("protect"),
    schedule: read("schedule"),
    timeZone: read("timeZone"),
    alarmEmail: read("alarmEmail"),
    authorizer: read("authorizer"),
    reservedConcurrency: read("reservedConcurrency"),
    dashboard: read("dashboard"),
  };
  const provider = PROVIDERS[settings.provider];
  const endpoint = settings.volcengineEndpoint ?? provider.endpoint;
  if (!wrong.has("provider") && !endpoint.endsWith(provider.domain)) {
    problems.push(
      problem(
        "volcengineEndpoint",
        "",
        endpoint,
        `provider is ${settings.provider}, whose pace does not fit that host`,
      ),
    );
  }
  if (settings.secretKeyArn !== undefined && given["secretArn"] === undefined) {
    problems.push(
      problem("secretKeyArn", "", settings.secretKeyArn, "secretArn is absent"),
    );
  }
  const deadManHours = wrong.has("schedule")
    ? 0
    : readSchedule(settings, problems);
  const effective: Settings = {
    ...settings,
    volcengineEndpoint: endpoint,
    volcengineRegion: settings.volcengineRegion ?? provider.region,
  };
  const environment: Record<string, string> = {};
  for (const key of KEYS) {
    const { variable } = DEFINITIONS[key];
    const value = effective[key];
    if (variable !== undefined && value !== undefined) {
      environment[variable] = variableText(value);
    }
  }
  checkEnvironment(environment, problems);
  if (problems.length > 0) throw new BadSettings(problems);
  return {
    settings: effective,
    deadManHours,
    environment,
    pace: { api: String(provider.apiPace), sweep: String(provider.sweepPace) },
  };
}
