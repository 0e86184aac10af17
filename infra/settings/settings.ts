/** Every setting of cdk.json: those of the functions, and those that the stack alone has. */
import type { Provider } from "../../functions/contract/providers.ts";
import {
  matching,
  oneOf,
  trueOrFalse,
  whole,
} from "../../functions/contract/parsers.ts";
import {
  setting,
  SETTINGS,
  type Definition,
  type ValuesOf,
} from "../../functions/contract/settings.ts";
import {
  authorizer,
  dryRun,
  scheduleExpression,
  timeZone,
  type JwtSettings,
} from "./parsers.ts";

/** In the order of the documents. */
export const DEFINITIONS = {
  provider: setting<Provider>({
    fallback: "volcengine",
    range: "volcengine or byteplus",
    example: '"byteplus"',
    meaning: "whose Live service; endpoint, region and pace follow from it",
    parse: oneOf("volcengine", "byteplus"),
  }),
  secretArn: setting<string | undefined>({
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
  }),
  secretKeyArn: setting<string | undefined>({
    fallback: undefined,
    fallbackText: "none",
    range: "ARN of a KMS key (no alias), and only together with secretArn",
    example:
      '"arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"',
    meaning: "the customer key that encrypts the secret of `secretArn`",
    parse: matching(
      /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,100}$/,
    ),
  }),
  ...SETTINGS,
  dryRun: setting<true | "schedule" | false>({
    ...SETTINGS.dryRun,
    range: "true, schedule or false",
    example: '"schedule"',
    meaning:
      "sweeps report and delete nothing: all of them, those of the schedule (people delete with `POST /sweeps`), or none",
    parse: dryRun,
  }),
  schedule: setting<string>({
    fallback: "cron(17 3 * * ? *)",
    range:
      "rate(...) or cron(...) of EventBridge Scheduler, at least 20 minutes and at most 83 hours between two sweeps",
    example: '"rate(6 hours)"',
    meaning: "when sweeps run; the alarm about missing sweeps follows it",
    parse: scheduleExpression,
  }),
  timeZone: setting<string>({
    fallback: "UTC",
    range: "IANA time zone",
    example: '"Asia/Shanghai"',
    meaning: "the zone of `schedule`",
    parse: timeZone,
  }),
  alarmEmail: setting<string | undefined>({
    fallback: undefined,
    fallbackText: "none",
    range: "one e-mail address",
    example: '"video-team@example.com"',
    meaning:
      "who gets reports and alarms, after confirming the subscription once",
    parse: matching(/^[^\s@,;<>"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/),
  }),
  authorizer: setting<"iam" | JwtSettings>({
    fallback: "iam",
    range:
      "iam, or {issuer, audience, readScope, deleteScope}: issuer an https URL, the others without spaces, two different scopes",
    example:
      '{"issuer":"https://login.example.com","audience":"janitor","readScope":"certificates.read","deleteScope":"certificates.delete"}',
    meaning: "who may call the API",
    parse: authorizer,
  }),
  reservedConcurrency: setting<number | undefined>({
    fallback: undefined,
    fallbackText: "none",
    range: "whole number from 1 to 100",
    example: "5",
    meaning:
      "executions reserved for the API function; the sweep function then gets exactly one",
    parse: whole(1, 100),
  }),
  dashboard: setting<boolean>({
    fallback: false,
    range: "true or false",
    example: "true",
    meaning: "a CloudWatch dashboard",
    parse: trueOrFalse,
  }),
};

export type SettingKey = keyof typeof DEFINITIONS;

/** Every setting, after validation. */
export type Settings = ValuesOf<typeof DEFINITIONS>;

/** @returns the table of settings, as Markdown. */
export function settingsTable(): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    row(["Key", "Default", "Permitted", "Example", "Variable", "Meaning"]),
    row(["---", "---", "---", "---", "---", "---"]),
    ...Object.entries<Definition<unknown>>(DEFINITIONS).map(
      ([
        key,
        // Stryker disable next-line StringLiteral: each of these has a meaning; only the compiler asks
        { fallback, fallbackText, range, example, variable, meaning = "" },
      ]) =>
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
