/**
 * The one definition of every setting: the validation, the environment of the functions and the README table all
 * follow from this table.
 */
import {
  authorizer,
  autoOrWhole,
  dryRun,
  endpoint,
  matching,
  oneOf,
  projectNames,
  protectRules,
  scheduleExpression,
  timeZone,
  trueOrFalse,
  whole,
  type JwtSettings,
  type Parser,
  type ProtectRule,
} from "./parsers.ts";

interface Definition<T> {
  /** What an absent key means. */
  readonly fallback: T;
  /** How the README calls the fallback, where its JSON says too little. */
  readonly fallbackText?: string;
  /** What is permitted, in words. */
  readonly range: string;
  /** JSON. */
  readonly example: string;
  /** The environment variable of the functions that carries it. */
  readonly variable?: string;
  /** How the variable spells it. @default texts as they are, the rest as JSON */
  readonly spelt?: (value: T) => string;
  /** A wrong value is not repeated in messages: a key may have been put there by mistake. */
  readonly hidden?: true;
  readonly meaning: string;
  readonly parse: Parser<T>;
}

/** Every setting, after validation. */
export interface Settings {
  readonly provider: "volcengine" | "byteplus";
  readonly secretArn: string | undefined;
  readonly secretKeyArn: string | undefined;
  readonly volcengineEndpoint: string | undefined;
  readonly volcengineRegion: string | undefined;
  readonly graceDays: number;
  readonly maxDeletions: number;
  readonly dryRun: true | "schedule" | false;
  readonly warnDays: "auto" | number;
  readonly unseenDomains: "keep" | "ignore";
  readonly projectNames: readonly string[];
  readonly protect: readonly ProtectRule[];
  readonly schedule: string;
  readonly timeZone: string;
  readonly alarmEmail: string | undefined;
  readonly authorizer: "iam" | JwtSettings;
  readonly reservedConcurrency: number | undefined;
  readonly dashboard: boolean;
}

export type SettingKey = keyof Settings;

/** Order is the order of the README. */
export const DEFINITIONS: {
  readonly [Key in SettingKey]: Definition<Settings[Key]>;
} = {
  provider: {
    fallback: "volcengine",
    range: "volcengine or byteplus",
    example: '"byteplus"',
    meaning: "whose Live service; endpoint, region and pace follow from it",
    parse: oneOf("volcengine", "byteplus"),
  },
  secretArn: {
    fallback: undefined,
    fallbackText: "a new secret",
    range:
      "complete ARN of a Secrets Manager secret, its last six characters included",
    example:
      '"arn:aws:secretsmanager:eu-central-1:111122223333:secret:live-janitor-AbCdEf"',
    variable: "VOLCENGINE_SECRET_ID",
    hidden: true,
    meaning: "an existing secret with the access key, instead of a new one",
    parse: matching(
      /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,512}-[A-Za-z0-9]{6}$/,
    ),
  },
  secretKeyArn: {
    fallback: undefined,
    fallbackText: "none",
    range: "ARN of a KMS key (no alias), and only together with secretArn",
    example:
      '"arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"',
    meaning: "the customer key that encrypts the secret of `secretArn`",
    parse: matching(
      /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,100}$/,
    ),
  },
  volcengineEndpoint: {
    fallback: undefined,
    fallbackText: "by `provider`",
    range:
      "https on *.volcengineapi.com for volcengine, on *.byteplusapi.com for byteplus, without a path",
    example: '"https://live.volcengineapi.com"',
    variable: "VOLCENGINE_ENDPOINT",
    hidden: true,
    meaning: "where the vendor's API answers",
    parse: endpoint,
  },
  volcengineRegion: {
    fallback: undefined,
    fallbackText: "by `provider`",
    range: "at most 40 lower-case letters, digits and hyphens",
    example: '"cn-north-1"',
    variable: "VOLCENGINE_REGION",
    meaning: "the region that requests are signed for",
    parse: matching(/^[a-z0-9-]{1,40}$/),
  },
  graceDays: {
    fallback: 7,
    range: "whole number from 0 to 3650",
    example: "14",
    variable: "GRACE_DAYS",
    meaning: "days that a certificate is still kept after its expiry",
    parse: whole(0, 3650),
  },
  maxDeletions: {
    fallback: 100,
    range: "whole number from 1 to 100000",
    example: "500",
    variable: "MAX_DELETIONS",
    meaning: "a sweep that finds more eligible certificates deletes none",
    parse: whole(1, 100_000),
  },
  dryRun: {
    fallback: true,
    range: "true, schedule or false",
    example: '"schedule"',
    variable: "DRY_RUN",
    // Under "schedule" the functions may delete; it is the schedule that asks for less (infra/constructs/sweep.ts).
    spelt: (value) => String(value === true),
    meaning:
      "sweeps report and delete nothing: all of them, those of the schedule (people delete with `POST /sweeps`), or none",
    parse: dryRun,
  },
  warnDays: {
    fallback: "auto",
    range: "auto, or a whole number from 0 to 365",
    example: "21",
    variable: "WARN_DAYS",
    meaning:
      "days before the expiry of a certificate in use from which reports and an alarm warn, 0 never; auto: 30 days or a fifth of its lifetime, whichever is less",
    parse: autoOrWhole(0, 365),
  },
  unseenDomains: {
    fallback: "keep",
    range: "keep or ignore",
    example: '"ignore"',
    variable: "UNSEEN_DOMAINS",
    meaning:
      "what becomes of a certificate whose name covers no domain of the account",
    parse: oneOf("keep", "ignore"),
  },
  projectNames: {
    fallback: [],
    fallbackText: "`[]`: all",
    range: "list of project names, none empty",
    example: '["default","video"]',
    variable: "PROJECT_NAMES",
    meaning: "certificates of other projects do not exist for this deployment",
    parse: projectNames,
  },
  protect: {
    fallback: [],
    range:
      "list of {match, value, owner, until?}: match is chainId, name or domain; value a glob, not empty, of chainId else 32 hexadecimal digits; owner not empty; until a day, YYYY-MM-DD",
    example:
      '[{"match":"name","value":"*-root","owner":"video-team","until":"2027-01-31"}]',
    variable: "PROTECT",
    meaning: "certificates that no sweep deletes",
    parse: protectRules,
  },
  schedule: {
    fallback: "cron(17 3 * * ? *)",
    range:
      "rate(...) or cron(...) of EventBridge Scheduler, at least 20 minutes and at most 83 hours between two sweeps",
    example: '"rate(6 hours)"',
    meaning: "when sweeps run; the alarm about missing sweeps follows it",
    parse: scheduleExpression,
  },
  timeZone: {
    fallback: "UTC",
    range: "IANA time zone",
    example: '"Asia/Shanghai"',
    meaning: "the zone of `schedule`",
    parse: timeZone,
  },
  alarmEmail: {
    fallback: undefined,
    fallbackText: "none",
    range: "one e-mail address",
    example: '"video-team@example.com"',
    meaning:
      "who gets reports and alarms, after confirming the subscription once",
    parse: matching(/^[^\s@,;<>"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/),
  },
  authorizer: {
    fallback: "iam",
    range:
      "iam, or {issuer, audience, readScope, deleteScope}: issuer an https URL, the others without spaces, two different scopes",
    example:
      '{"issuer":"https://login.example.com","audience":"janitor","readScope":"certificates.read","deleteScope":"certificates.delete"}',
    meaning: "who may call the API",
    parse: authorizer,
  },
  reservedConcurrency: {
    fallback: undefined,
    fallbackText: "none",
    range: "whole number from 1 to 100",
    example: "5",
    meaning:
      "executions reserved for the API function; the sweep function then gets exactly one",
    parse: whole(1, 100),
  },
  dashboard: {
    fallback: false,
    range: "true or false",
    example: "true",
    meaning: "a CloudWatch dashboard",
    parse: trueOrFalse,
  },
};

/** @returns the README's table of settings, as Markdown. */
export function settingsTable(): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    row(["Key", "Default", "Permitted", "Example", "Variable", "Meaning"]),
    row(["---", "---", "---", "---", "---", "---"]),
    ...Object.entries<Omit<Definition<unknown>, "spelt">>(DEFINITIONS).map(
      ([key, { fallback, fallbackText, range, example, variable, meaning }]) =>
        row([
          `\`${key}\``,
          fallbackText ?? `\`${JSON.stringify(fallback)}\``,
          range,
          `\`${example}\``,
          variable === undefined ? "" : `\`${variable}\``,
          meaning,
        ]),
    ),
    "",
  ].join("\n");
}
