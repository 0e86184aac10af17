/** Reads the context key `janitor` of cdk.json: all problems at once, before anything is deployed. */
import { distance } from "fastest-levenshtein";
import { PROVIDERS } from "../../functions/contract/providers.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import {
  complaintText,
  readAll,
  SETTINGS,
  toVariable,
  type Definition,
} from "../../functions/contract/settings.ts";
import { intervals } from "./schedule.ts";
import { DEFINITIONS, type SettingKey, type Settings } from "./settings.ts";

/** An alarm looks back seven days at most, in periods of an hour. */
const LONGEST_LOOK_BACK_HOURS = 168;
const SMALLEST_INTERVAL_MINUTES = 20;
/** Lambda permits 4,096 bytes; the rest is kept for what Lambda's own accounting adds. */
const MAX_ENVIRONMENT_BYTES = 4000;
/** What a reference stands for is known at deployment only: an ARN of usual length. */
const REFERENCE = "r".repeat(140);

/** The environment variables of a function. */
export type FunctionEnvironment = Readonly<Record<string, string>>;

export interface StackConfiguration {
  readonly settings: Settings;
  /** What the settings permit and somebody may not have meant; a sentence each. */
  readonly warnings: readonly string[];
  /** The longest time between two scheduled sweeps. */
  readonly intervalMinutes: number;
  /** Hourly periods without a successful sweep that make the dead-man alarm. */
  readonly deadManHours: number;
  /** Environment of both functions that follows from the settings; the secret's id is added by the stack if it creates one. */
  readonly environment: FunctionEnvironment;
  /** As people write it. */
  readonly providerName: string;
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

function problem(key: SettingKey, value: unknown, why: string): string {
  return complaintText(key, DEFINITIONS[key], { at: "", value, why });
}

function isKey(name: string): name is SettingKey {
  return Object.hasOwn(DEFINITIONS, name);
}

// Stryker disable next-line MethodExpression: all of them are, for the compiler
const KEYS = Object.keys(DEFINITIONS).filter(isKey);

function unknownKey(name: string): string {
  if (name === "janitor") {
    return "janitor is nested twice: its settings stand directly below the context key janitor, without another janitor around them";
  }
  const far = (key: SettingKey) =>
    distance(name.toLowerCase(), key.toLowerCase());
  const key = KEYS.reduce((best, next) =>
    // Stryker disable next-line EqualityOperator: of two that are as near either may be named
    far(next) < far(best) ? next : best,
  );
  const { range, example } = DEFINITIONS[key];
  return `${name} is not a setting; the nearest is ${key}: ${range}; example: ${example}`;
}

/** The context value itself, which `-c janitor='{...}'` gives as JSON. */
function parsed(context: unknown): unknown {
  if (typeof context !== "string") return context ?? {};
  try {
    return JSON.parse(context);
  } catch {
    // Refused by whoever looks for an object.
    return context;
  }
}

function readObject(context: unknown): Readonly<Record<string, unknown>> {
  const value = parsed(context);
  if (!isObject(value)) {
    throw new BadSettings([
      `janitor is ${shown(context)}; permitted: an object of settings, or a list of them, each with a name; example: {"dryRun":true}`,
    ]);
  }
  return value;
}

function readSchedule(
  { schedule, timeZone }: Settings,
  problems: string[],
): Pick<StackConfiguration, "intervalMinutes" | "deadManHours"> {
  const bad = (why: string) => {
    problems.push(problem("schedule", schedule, why));
    // Stryker disable next-line ObjectLiteral: nobody sees it, since a problem is thrown
    return { intervalMinutes: 0, deadManHours: 0 };
  };
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
  return { intervalMinutes: Math.ceil(largestMinutes), deadManHours: hours };
}

/** The variables of the functions that follow from the settings. */
function environmentOf(settings: Settings): FunctionEnvironment {
  const values: Readonly<Record<string, unknown>> = {
    ...settings,
    // Under "schedule" the functions may delete; it is the schedule that asks for less (infra/constructs/sweep.ts).
    dryRun: settings.dryRun === true,
  };
  const entries = Object.entries<Definition<unknown>>({
    secretArn: DEFINITIONS.secretArn,
    ...SETTINGS,
  });
  return Object.fromEntries(
    entries.flatMap(([key, { variable }]) =>
      // Stryker disable next-line ConditionalExpression: each of these has a variable
      variable === undefined || values[key] === undefined
        ? []
        : [[variable, toVariable(values[key])]],
    ),
  );
}

function checkEnvironment(
  environment: FunctionEnvironment,
  problems: string[],
): void {
  const whole = {
    VOLCENGINE_SECRET_ID: REFERENCE,
    SENDS_PER_SECOND: "0.0",
    REPORT_TOPIC_ARN: REFERENCE,
    STACK_NAME: REFERENCE,
    PROVIDER: "volcengine",
    SWEEP_INTERVAL_MINUTES: "0000",
    ...environment,
  };
  const bytes = Buffer.byteLength(JSON.stringify(whole));
  if (bytes <= MAX_ENVIRONMENT_BYTES) return;
  const [largest, size] = Object.entries(environment)
    .map(([name, text]) => [name, Buffer.byteLength(text)] as const)
    .reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  const key = KEYS.find((name) => DEFINITIONS[name].variable === largest);
  problems.push(
    `the environment of the functions has ${String(bytes)} bytes; permitted: at most ${String(MAX_ENVIRONMENT_BYTES)}; the largest setting is ${key ?? largest} with ${String(size)} bytes; example: globs such as "*.example.com" instead of many rules`,
  );
}

/** What a glob cannot mean and a regular expression does. */
const REGULAR_EXPRESSION = /^\^|\$$|^\.\*|\\|\.\+|\[.+\]|\(.*\|.*\)/;

function warningsOf(settings: Settings, today: string): readonly string[] {
  const rules = settings.protect.flatMap(({ value, until }, index) => [
    // Stryker disable next-line ConditionalExpression: undefined is before no day
    ...(until !== undefined && until < today
      ? [
          `protect[${String(index)}] protects nothing any more: its last day was ${until}. Remove it, or give it another day.`,
        ]
      : []),
    ...(REGULAR_EXPRESSION.test(value)
      ? [
          `protect[${String(index)}] looks like a regular expression, ${shown(value)}, and is taken as a glob: * is any run, ? one character, and every other character itself.`,
        ]
      : []),
  ]);
  const early =
    settings.schedule.startsWith("rate(") && settings.secretArn === undefined;
  return early
    ? [
        ...rules,
        `schedule is ${settings.schedule}, which starts the first sweep with the deployment, when the new secret has no key yet: it ends as not-set-up and deletes nothing. To see the first sweep do something, make the first deployment with a cron schedule, or bring a secret of your own by secretArn.`,
      ]
    : rules;
}

/** AWS's partition of a region. */
function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** What is known beside the settings. */
interface Surroundings {
  /** Where the stack goes, if that is known. */
  readonly region?: string | undefined;
  /** @default the clock's */
  readonly today?: string;
}

/**
 * Validates the settings and derives from them what the stack needs.
 *
 * @param context the value of the context key `janitor`: an object, or its JSON
 * @throws BadSettings with every problem, each with key, value, permitted range and an example
 */
export function readConfig(
  context: unknown,
  { region, today = new Date().toISOString().slice(0, 10) }: Surroundings = {},
): StackConfiguration {
  const given = readObject(context);
  const problems = Object.keys(given)
    .filter((name) => !isKey(name))
    .map(unknownKey);
  const wrong = new Set<string>();
  const settings = readAll(
    DEFINITIONS,
    (key) => given[key],
    (key, definition, complaint) => {
      wrong.add(key);
      problems.push(complaintText(key, definition, complaint));
    },
  );
  const provider = PROVIDERS[settings.provider];
  const endpoint = settings.volcengineEndpoint ?? provider.endpoint;
  if (!wrong.has("provider") && !endpoint.endsWith(provider.domain)) {
    problems.push(
      problem(
        "volcengineEndpoint",
        endpoint,
        `provider is ${settings.provider}, whose pace does not fit that host`,
      ),
    );
  }
  if (settings.secretKeyArn !== undefined && given["secretArn"] === undefined) {
    problems.push(
      problem("secretKeyArn", settings.secretKeyArn, "secretArn is absent"),
    );
  }
  for (const key of ["secretArn", "secretKeyArn"] as const) {
    // Stryker disable next-line ArrayDeclaration: one element more or less, there is no partition
    const [, partition, , place] = settings[key]?.split(":") ?? [];
    if (region === undefined || partition === undefined) continue;
    if (place === region && partition === partitionOf(region)) continue;
    problems.push(
      problem(
        key,
        settings[key],
        `it is of ${String(place)} in partition ${partition}, and the stack goes to ${region}`,
      ),
    );
  }
  const { intervalMinutes, deadManHours } = readSchedule(settings, problems);
  const effective: Settings = {
    ...settings,
    volcengineEndpoint: endpoint,
    volcengineRegion: settings.volcengineRegion ?? provider.region,
  };
  const environment = environmentOf(effective);
  checkEnvironment(environment, problems);
  if (problems.length > 0) throw new BadSettings(problems);
  return {
    settings: effective,
    warnings: warningsOf(settings, today),
    intervalMinutes,
    deadManHours,
    environment,
    providerName: provider.name,
    pace: { api: String(provider.apiPace), sweep: String(provider.sweepPace) },
  };
}

/** One stack to deploy. */
interface Deployment {
  /** Its id in the app, and its name. */
  readonly stackId: string;
  /** As the list of settings calls it; undefined where there is one stack only. */
  readonly name: string | undefined;
  readonly config: StackConfiguration;
}

const STACK_ID = "LiveCertJanitor";
const NAME = /^[A-Za-z0-9-]{1,100}$/;

/** Says which of these texts have been there before, letter case aside. */
function repeated(what: string, texts: readonly unknown[]): readonly string[] {
  const lower = texts.map((text) =>
    // Stryker disable next-line MethodExpression: the other case would do as well
    typeof text === "string" ? text.toLowerCase() : undefined,
  );
  return lower.flatMap((text, index) =>
    text !== undefined && lower.indexOf(text) < index
      ? [
          `janitor[${String(index)}] has the ${what} of janitor[${String(lower.indexOf(text))}]; permitted: another one for each stack`,
        ]
      : [],
  );
}

/**
 * Reads the context key `janitor`: the settings of the one stack, or a list of them, each with a `name`, for a stack
 * each.
 *
 * @throws BadSettings with the problems of all of them
 */
export function readDeployments(
  context: unknown,
  surroundings: Surroundings = {},
): readonly Deployment[] {
  const value = parsed(context);
  if (!Array.isArray(value)) {
    return [
      {
        stackId: STACK_ID,
        name: undefined,
        config: readConfig(value, surroundings),
      },
    ];
  }
  const items = value.map((item: unknown) => (isObject(item) ? item : {}));
  const problems = [
    ...(items.length === 0
      ? ["janitor is an empty list; permitted: at least one stack's settings"]
      : []),
    ...repeated(
      "name",
      items.map(({ name }) => name),
    ),
    ...repeated(
      "secretArn",
      items.map(({ secretArn }) => secretArn),
    ),
  ];
  const deployments = items.flatMap(({ name, ...settings }, index) => {
    const good = typeof name === "string" && NAME.test(name);
    if (!good) {
      problems.push(
        `janitor[${String(index)}].name is ${shown(name)}; permitted: 1 to 100 letters, digits and hyphens; example: "sports"`,
      );
    }
    const label = good ? name : `janitor[${String(index)}]`;
    try {
      const config = readConfig(settings, surroundings);
      return [{ stackId: `${STACK_ID}-${label}`, name: label, config }];
    } catch (error) {
      if (!(error instanceof BadSettings)) throw error;
      problems.push(...error.problems.map((one) => `${label}: ${one}`));
      // Stryker disable next-line ArrayDeclaration: nobody sees it, since a problem is thrown
      return [];
    }
  });
  if (problems.length > 0) throw new BadSettings(problems);
  return deployments;
}
