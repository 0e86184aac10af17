/**
 * `npm run preview`: what a sweep would do with the certificates of the real account. It deletes nothing on any path:
 * no code that deletes is among what it imports, and a test of its bundle holds it to that.
 */
import {
  BadConfiguration,
  readConfiguration,
} from "../../functions/aws/configuration.ts";
import { lambdaHost } from "../../functions/host.ts";
import { VendorFailure } from "../../functions/janitor/vendor.ts";
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

async function preview(): Promise<string> {
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
  } else if (error instanceof Cannot || error instanceof BadConfiguration) {
    console.error(error.message);
  } else {
    throw error;
  }
  process.exitCode = 1;
}
