/** The access keys of the tests: none of them opens anything. */
import type { AccessKey } from "../../functions/volcengine/signer.ts";

/** The key that the emulators know. */
export const KEY = {
  accessKeyId: "AKLTTESTEXAMPLE000000000000000001",
  secretAccessKey: "TEST-EXAMPLE-SECRET-NOT-REAL-0001",
};

/** The key as one version of the secret has it; its id tells which. */
export function keyOf(version: string): AccessKey {
  return { ...KEY, accessKeyId: `AK-${version}`, version };
}
