/** Synthesizes the stack for the tests of this folder: without bundling and without the CLI. */
import { App, AssetStaging, type Environment } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { rmSync } from "node:fs";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../infra/settings/config.ts";
import { LiveCertJanitorStack } from "../../infra/live-cert-janitor-stack.ts";
import {
  CONFIGURATIONS,
  CONTEXT,
  isJson,
  object,
  type Json,
} from "./configurations.ts";

export * from "./configurations.ts";

process.env["CDK_VALIDATION"] = "false";

export const EUROPE = { account: "111122223333", region: "eu-central-1" };
export const CHINA = { account: "111122223333", region: "cn-north-1" };

/** Settings, place and name of a stack. */
interface Variant {
  readonly settings: Json;
  readonly env?: Environment;
  readonly stackName?: string;
}

/** Whatever shapes the template: what is promised of the stack is looked at in each of these. */
export const VARIANTS = {
  default: { settings: CONFIGURATIONS.default },
  "everything on": { settings: CONFIGURATIONS["everything on"] },
  BytePlus: { settings: CONFIGURATIONS.BytePlus },
  China: { settings: CONFIGURATIONS.default, env: CHINA },
  "any region": { settings: CONFIGURATIONS.default, env: {} },
  "another name": { settings: CONFIGURATIONS.default, stackName: "News" },
  JWT: {
    settings: { authorizer: CONFIGURATIONS["everything on"].authorizer },
  },
  "imported secret": {
    settings: { secretArn: CONFIGURATIONS["everything on"].secretArn },
  },
  "weekdays, with mail": {
    settings: {
      alarmEmail: "video-team@example.com",
      dryRun: false,
      schedule: "cron(0 8 ? * MON-FRI *)",
      timeZone: "Europe/Berlin",
      volcengineRegion: "cn-north-2",
    },
  },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof VARIANTS;
export const VARIANT_NAMES = Object.keys(VARIANTS).filter(
  (name): name is VariantName => name in VARIANTS,
);

export interface Resource {
  /** Without the eight hexadecimal digits that CDK appends. */
  readonly id: string;
  readonly type: string;
  /** In the form of {@link plain}. */
  readonly properties: Json;
  readonly deletionPolicy: unknown;
  readonly updateReplacePolicy: unknown;
}

export interface Synthesized {
  readonly stack: LiveCertJanitorStack;
  /** As CloudFormation gets it. */
  readonly json: Json;
  readonly resources: readonly Resource[];
  /** Values by name. */
  readonly outputs: Json;
}

const idOf = (logicalId: string): string =>
  logicalId.replace(/[0-9A-F]{8}$/, "");

/** References and joins as the text that they stand for, `${SweepFunction.Arn}`; the rest as it is. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isJson(value)) return value;
  const { Ref, "Fn::GetAtt": attribute, "Fn::Join": join } = value;
  if (typeof Ref === "string") return `\${${idOf(Ref)}}`;
  if (Array.isArray(attribute)) {
    const [id, name] = attribute.map(String);
    return `\${${idOf(id ?? "")}.${name ?? ""}}`;
  }
  if (Array.isArray(join) && join[0] === "" && Array.isArray(join[1])) {
    return join[1].map(plain).join("");
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, plain(inner)]),
  );
}

/** One stack under these settings, in its own app. */
export function synthesize(
  settings: Json,
  env: Environment = EUROPE,
  stackName?: string,
): Synthesized {
  const app = new App({
    context: { ...CONTEXT, "aws:cdk:bundling-stacks": [] },
  });
  const stack = new LiveCertJanitorStack(app, "Janitor", {
    config: readConfig(settings),
    env,
    ...(stackName === undefined ? {} : { stackName }),
  });
  const json: Json = Template.fromStack(stack).toJSON();
  rmSync(app.outdir, { recursive: true });
  const resources = Object.entries(object(json, "Resources")).map(
    ([logicalId, resource]) => {
      const all = isJson(resource) ? resource : {};
      const properties = plain(all["Properties"]);
      return {
        id: idOf(logicalId),
        type: String(all["Type"]),
        properties: isJson(properties) ? properties : {},
        deletionPolicy: all["DeletionPolicy"],
        updateReplacePolicy: all["UpdateReplacePolicy"],
      };
    },
  );
  if (new Set(resources.map(({ id }) => id)).size < resources.length) {
    throw new Error("two resources differ in CDK's digits alone");
  }
  return {
    stack,
    json,
    resources,
    outputs: Object.fromEntries(
      Object.entries(object(json, "Outputs")).map(([name, output]) => [
        name,
        plain(isJson(output) ? output["Value"] : undefined),
      ]),
    ),
  };
}

const made = new Map<VariantName, Synthesized>();

/**
 * The stack of a variant, made once. One that cannot be made fails the tests that look at it, not the loading of their
 * file, which would run none of them.
 */
export function variant(name: VariantName): Synthesized {
  const known = made.get(name);
  if (known !== undefined) return known;
  const { settings, env, stackName }: Variant = VARIANTS[name];
  try {
    const stack = synthesize(settings, env, stackName);
    made.set(name, stack);
    return stack;
  } catch (error) {
    const fail = (): never => {
      throw error;
    };
    return {
      get stack() {
        return fail();
      },
      get json() {
        return fail();
      },
      get resources() {
        return fail();
      },
      get outputs() {
        return fail();
      },
    };
  }
}

/** The files that are deployed, each with its text; the caller removes the folder. */
export async function deployedBundles() {
  // CDK keeps what it staged for the process, and the other tests bundle nothing.
  AssetStaging.clearAssetHashCache();
  const folder = await mkdtemp(join(tmpdir(), "janitor-bundles-"));
  const app = new App({ outdir: folder, context: { ...CONTEXT } });
  new LiveCertJanitorStack(app, "Janitor", {
    config: readConfig({}),
    env: EUROPE,
  });
  app.synth();
  AssetStaging.clearAssetHashCache();
  const files = await readdir(folder, { recursive: true });
  const bundles = files
    .filter((file) => /^asset\.[0-9a-f]+\/index\.mjs$/.test(file))
    .map(async (file) => {
      const path = join(folder, file);
      return { path, text: await readFile(path, "utf8") };
    });
  return { folder, bundles: await Promise.all(bundles) };
}

export function ofType(
  { resources }: Synthesized,
  type: string,
): readonly Resource[] {
  return resources.filter((resource) => resource.type === type);
}

/** Their properties, by id. */
export function propertiesOf(
  stack: Synthesized,
  type: string,
): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    ofType(stack, type).map(({ id, properties }) => [id, properties]),
  );
}

/** The properties of the one resource with that id; fails the test otherwise. */
export function resource({ resources }: Synthesized, id: string): Json {
  const found = resources.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found.properties;
}
