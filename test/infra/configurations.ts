/** The settings that the tests of this folder use, and how they read JSON. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");

export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The property that must be an object; fails the test otherwise. */
export function object(value: unknown, name: string): Json {
  const inner = isJson(value) ? value[name] : undefined;
  if (!isJson(inner)) throw new Error(`${name} is no object`);
  return inner;
}

/** The property as a list: one value is a list of one, none an empty one. */
export function list(value: unknown, name: string): readonly unknown[] {
  const inner = isJson(value) ? value[name] : undefined;
  if (inner === undefined) return [];
  return Array.isArray(inner) ? inner : [inner];
}

const cdkJson: unknown = JSON.parse(
  readFileSync(join(ROOT, "cdk.json"), "utf8"),
);
export const CONTEXT = object(cdkJson, "context");

/** The settings that shape the stack: what ships, everything on, and the other provider. */
export const CONFIGURATIONS = {
  default: object(CONTEXT, "janitor"),
  "everything on": {
    secretArn:
      "arn:aws:secretsmanager:eu-central-1:111122223333:secret:live-janitor-AbCdEf",
    secretKeyArn:
      "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    graceDays: 14,
    maxDeletions: 500,
    unseenDomains: "ignore",
    projectNames: ["default", "video"],
    protect: [
      {
        match: "name",
        value: "*-root",
        owner: "video-team",
        until: "2027-01-31",
      },
    ],
    schedule: "rate(6 hours)",
    timeZone: "Asia/Shanghai",
    alarmEmail: "video-team@example.com",
    authorizer: {
      issuer: "https://login.example.com",
      audience: "janitor",
      readScope: "certificates.read",
      deleteScope: "certificates.delete",
    },
    reservedConcurrency: 5,
    dashboard: true,
    dryRun: false,
    warnDays: 21,
  },
  BytePlus: { provider: "byteplus", dryRun: "schedule" },
} as const satisfies Record<string, Json>;
