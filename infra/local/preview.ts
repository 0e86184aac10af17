/**
 * `npm run preview`: what the deployed sweep would do with the certificates of the real account, under the settings of
 * cdk.json. It deletes nothing on any path: no code that deletes is among what it imports, and a test of its bundle
 * holds it to that.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  BadConfiguration,
  readConfiguration,
} from "../../functions/aws/configuration.ts";
import { lambdaHost } from "../../functions/host.ts";
import { VendorFailure } from "../../functions/janitor/vendor.ts";
import {
  BadSettings,
  readDeployments,
  type FunctionEnvironment,
} from "../config.ts";
import { isRecord } from "../setting-parsers.ts";
import { inventoryTable, lookOf } from "./inventory-table.ts";

/** Ends the preview with one line for the operator. */
class Cannot extends Error {}

function required(name: string): string {
  const value = process.env[name] ?? "";
  if (value === "") {
    throw new Cannot(
      `${name} is not set: preview needs VOLC_ACCESSKEY and VOLC_SECRETKEY, and VOLC_SESSION_TOKEN for a temporary key.`,
    );
  }
  return value;
}

/** The context of cdk.json in this folder, where the CLI looks for it too. */
function readContext(): Readonly<Record<string, unknown>> {
  let file: unknown;
  try {
    file = JSON.parse(readFileSync("cdk.json", "utf8"));
  } catch {
    throw new Cannot(
      "cdk.json is not in this folder, or is no JSON: run preview where you run cdk.",
    );
  }
  const context = isRecord(file) ? file["context"] : undefined;
  return isRecord(context) ? context : {};
}

/** What the stack would give its functions; of several stacks the one that `--stack` names. */
function deployedEnvironment(stack: string | undefined): FunctionEnvironment {
  const deployments = readDeployments(readContext()["janitor"]);
  const found = deployments.find(({ name }) => name === stack);
  if (found !== undefined) return found.config.environment;
  const names = deployments.flatMap(({ name }) => name ?? []);
  throw new Cannot(
    names.length === 0
      ? "cdk.json has one stack without a name: leave --stack out."
      : `cdk.json has the stacks ${names.join(", ")}: say which one, as in npm run preview -- --stack ${names[0] ?? ""}`,
  );
}

function readArguments(): string | undefined {
  try {
    return parseArgs({ options: { stack: { type: "string" } } }).values.stack;
  } catch {
    throw new Cannot("preview takes --stack NAME, and nothing else.");
  }
}

async function preview(): Promise<string> {
  const stack = readArguments();
  const accessKeyId = required("VOLC_ACCESSKEY");
  const secretAccessKey = required("VOLC_SECRETKEY");
  const sessionToken = process.env["VOLC_SESSION_TOKEN"] ?? "";
  const key = {
    accessKeyId,
    secretAccessKey,
    sessionToken: sessionToken === "" ? undefined : sessionToken,
    version: "environment",
  };
  const configuration = readConfiguration({
    ...deployedEnvironment(stack),
    // For trying something out.
    ...process.env,
    VOLCENGINE_SECRET_ID: "not-read-by-preview",
  });
  const credentials = {
    current: () => Promise.resolve(key),
    refreshed: () => Promise.resolve(key),
  };
  return inventoryTable(
    lambdaHost(),
    configuration,
    credentials,
    lookOf(process.stdout, process.env),
  );
}

try {
  console.log(await preview());
} catch (error) {
  if (error instanceof VendorFailure) {
    const codes = [error.code, error.requestId && `request ${error.requestId}`]
      .filter((part) => part)
      .join(", ");
    console.error(
      `Preview failed, nothing was deleted: ${error.message}${codes === "" ? "" : ` (${codes})`}`,
    );
  } else if (
    error instanceof Cannot ||
    error instanceof BadSettings ||
    error instanceof BadConfiguration
  ) {
    console.error(error.message);
  } else {
    throw error;
  }
  process.exitCode = 1;
}
