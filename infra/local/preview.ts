/**
 * `npm run preview`: what the deployed sweep would do with the certificates of the real account, under the settings of
 * cdk.json. It deletes nothing on any path: no code that deletes is among what it imports, and a test of its bundle
 * holds it to that.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import {
  BadConfiguration,
  readConfiguration,
} from "../../functions/host/configuration.ts";
import { lambdaHost } from "../../functions/host/host.ts";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import {
  BadSettings,
  readDeployments,
  type FunctionEnvironment,
} from "../settings/config.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import { inventoryTable, lookOf } from "./inventory-table.ts";
import { picture } from "./picture/picture.ts";
import { readAccount } from "./reading.ts";

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
  const context = isObject(file) ? file["context"] : undefined;
  return isObject(context) ? context : {};
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

function readArguments() {
  try {
    return parseArgs({
      options: { stack: { type: "string" }, html: { type: "string" } },
    }).values;
  } catch {
    throw new Cannot(
      "preview takes --stack NAME and --html FILE, and nothing else.",
    );
  }
}

/** Gives the address under which a browser finds the file. */
function writePage(file: string, page: string): string {
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new Cannot(
      `The picture could not be written to ${JSON.stringify(file)}: ${error instanceof Error ? error.message : "unknown"}. Nothing was deleted. Name a file in a folder that is there and that you may write to.`,
    );
  }
  return pathToFileURL(resolve(file)).href;
}

async function preview(): Promise<void> {
  const { stack, html } = readArguments();
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
  const reading = await readAccount(lambdaHost(), configuration, credentials);
  console.log(inventoryTable(reading, lookOf(process.stdout, process.env)));
  if (html === undefined) return;
  const title = `Certificates at ${configuration.endpoint.host}${stack === undefined ? "" : `, stack ${stack}`}`;
  console.log(`Picture: ${writePage(html, picture(title, reading))}`);
}

try {
  await preview();
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
