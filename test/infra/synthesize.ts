/** Synthesizes the stack for the tests of this folder: without bundling and without the CLI. */
import { App, type Environment } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { readConfig } from "../../infra/settings/config.ts";
import { LiveCertJanitorStack } from "../../infra/live-cert-janitor-stack.ts";

// Loading aws-cdk-lib alone takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
process.env["CDK_VALIDATION"] = "false";

export const ROOT = join(import.meta.dirname, "..", "..");
export const EUROPE = { account: "111122223333", region: "eu-central-1" };
export const CHINA = { account: "111122223333", region: "cn-north-1" };

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

/** The settings that the tests use: what ships, everything on, and the other provider. */
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

export interface Resource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Json;
  readonly deletionPolicy: unknown;
  readonly updateReplacePolicy: unknown;
}

export interface Synthesized {
  readonly stack: LiveCertJanitorStack;
  readonly template: Template;
  readonly json: Json;
  readonly resources: readonly Resource[];
}

/** One stack under these settings, in its own app. */
export function synthesize(
  settings: Json,
  env: Environment = EUROPE,
): Synthesized {
  const app = new App({
    context: { ...CONTEXT, "aws:cdk:bundling-stacks": [] },
  });
  const stack = new LiveCertJanitorStack(app, "Janitor", {
    config: readConfig(settings),
    env,
  });
  const template = Template.fromStack(stack);
  const json: Json = template.toJSON();
  return {
    stack,
    template,
    json,
    resources: Object.entries(object(json, "Resources")).map(
      ([logicalId, resource]) => ({
        logicalId,
        type: isJson(resource) ? String(resource["Type"]) : "",
        properties:
          isJson(resource) && isJson(resource["Properties"])
            ? resource["Properties"]
            : {},
        deletionPolicy: isJson(resource)
          ? resource["DeletionPolicy"]
          : undefined,
        updateReplacePolicy: isJson(resource)
          ? resource["UpdateReplacePolicy"]
          : undefined,
      }),
    ),
  };
}

export function ofType(
  { resources }: Synthesized,
  type: string,
): readonly Resource[] {
  return resources.filter((resource) => resource.type === type);
}

/** The one resource with that logical id; fails the test otherwise. */
export function resource({ resources }: Synthesized, logicalId: string): Json {
  const found = resources.find((one) => one.logicalId === logicalId);
  if (found === undefined) throw new Error(`there is no ${logicalId}`);
  return found.properties;
}
