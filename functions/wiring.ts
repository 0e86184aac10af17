/** Puts the parts together, the same for both functions; nothing here runs at import. */
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { systemClock } from "./aws/clock.ts";
import type { Configuration, Environment } from "./aws/configuration.ts";
import { createSecretSource } from "./aws/secret.ts";
import type { Log } from "./janitor/deletion-log.ts";
import type { Clock, Observer, Remover } from "./janitor/vendor.ts";
import {
  createLiveApi,
  type CredentialsSource,
  type LiveApi,
} from "./volcengine/live-api.ts";
import { createObserver } from "./volcengine/observer.ts";
import { createPacer } from "./volcengine/pacer.ts";
import { createRemover } from "./volcengine/remover.ts";
import { createTransport, type Transport } from "./volcengine/transport.ts";

/** What a function takes from the machine that it runs on. */
export interface Host {
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** The host that Lambda is. `console.info` of an object is one JSON line there. */
export function lambdaHost(): Host {
  return {
    env: process.env,
    clock: systemClock,
    random: Math.random,
    log: (line) => {
      console.info(line);
    },
  };
}

/** Listing calls a second: the documented limit is 10. */
const LISTS_PER_SECOND = 7.8;
/** Where DeleteCert is paced below one a second, as for BytePlus, ListDomainDetail is limited to one a second too. */
const SLOW_LISTS_PER_SECOND = 0.7;
const IN_FLIGHT = 8;

export interface Vendor {
  readonly observer: Observer;
  readonly remover: Remover;
  close(): Promise<void>;
}

/** The signed API and its transport; `attemptMs` bounds one attempt. */
export function createApi(
  { env: _, clock, random }: Host,
  { endpoint, region }: Configuration,
  credentials: CredentialsSource,
  attemptMs: number,
): { api: LiveApi; transport: Transport } {
  // A connection gets the larger part of an attempt, so that what could not connect is told from what was sent.
  const transport = createTransport(endpoint, attemptMs * 0.6);
  const api = createLiveApi({
    endpoint,
    region,
    credentials,
    transport,
    clock,
    random,
    attemptMs,
  });
  return { api, transport };
}

/** Reads of the account, each action at its own pace. */
export function createAccountObserver(
  api: LiveApi,
  { clock }: Host,
  { sendsPerSecond, policy }: Configuration,
): Observer {
  return createObserver({
    api,
    clock,
    certificatePacer: createPacer(clock, LISTS_PER_SECOND, IN_FLIGHT),
    domainPacer: createPacer(
      clock,
      sendsPerSecond < 1 ? SLOW_LISTS_PER_SECOND : LISTS_PER_SECOND,
      IN_FLIGHT,
    ),
    projectNames: policy.projectNames,
  });
}

/** Everything that reaches the vendor, with the key from Secrets Manager. */
export function createVendor(
  host: Host,
  configuration: Configuration,
  attemptMs: number,
): Vendor {
  const store = new SecretsManagerClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 2000, requestTimeout: 4000 },
  });
  const { api, transport } = createApi(
    host,
    configuration,
    createSecretSource(store, configuration.secretId, host.clock),
    attemptMs,
  );
  return {
    observer: createAccountObserver(api, host, configuration),
    remover: createRemover(
      api,
      createPacer(host.clock, configuration.sendsPerSecond, IN_FLIGHT),
    ),
    async close() {
      store.destroy();
      await transport.close();
    },
  };
}

/** Builds on first use and keeps it; what failed is tried again at the next use. */
export function lazily<T>(build: () => T): () => T {
  let built: { value: T } | undefined;
  return () => (built ??= { value: build() }).value;
}
