/** Puts all parts together, the same for both functions; nothing here runs at import. */
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { within } from "./aws-limits.ts";
import type { Configuration } from "./configuration.ts";
import { createSecretSource } from "./secret.ts";
import type { Host } from "./host.ts";
import type { Observer, Deleter } from "../janitor/ports.ts";
import { createAccountObserver, createApi, IN_FLIGHT } from "./observing.ts";
import { createPacer } from "../volcengine/pacer.ts";
import { createDeleter } from "../volcengine/deleter.ts";

export interface Vendor {
  readonly observer: Observer;
  readonly deleter: Deleter;
  close(): Promise<void>;
}

/** Everything that reaches the vendor, with the key from Secrets Manager. */
export function createVendor(
  host: Host,
  configuration: Configuration,
  attemptMs: number,
): Vendor {
  const store = new SecretsManagerClient(within(2, 4000, 2000));
  const { api, transport } = createApi(
    host,
    configuration,
    createSecretSource(store, configuration.secretId, host.clock),
    attemptMs,
  );
  return {
    observer: createAccountObserver(api, host, configuration),
    deleter: createDeleter(
      api,
      createPacer(host.clock, configuration.sendsPerSecond, IN_FLIGHT),
    ),
    async close() {
      store.destroy();
      await transport.close();
    },
  };
}
