/** The whole account at one moment, judged as the next sweep would. Reads only. */
import type { Configuration } from "../../functions/host/configuration.ts";
import type { Host } from "../../functions/host/host.ts";
import {
  expiringInUse,
  type Expiring,
} from "../../functions/janitor/foresight.ts";
import {
  byExpiry,
  inventoryEntries,
  type InventoryEntry,
} from "../../functions/janitor/inventory.ts";
import { withDeadline } from "../../functions/janitor/deadline.ts";
import { judge } from "../../functions/janitor/verdict.ts";
import {
  createAccountObserver,
  createApi,
} from "../../functions/host/observing.ts";
import type { AccessKeySource } from "../../functions/volcengine/live-api.ts";

const ATTEMPT_MS = 10_000;
/** Enough for the largest account that a sweep can handle, twice over. */
const READING_MS = 180_000;

export interface Reading {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** By expiry. */
  readonly entries: readonly InventoryEntry[];
  /** In use and about to expire, the next one first. */
  readonly expiring: readonly Expiring[];
  /** The deployment's, for the deletions to come. */
  readonly graceDays: number;
}

/**
 * Observes the account. Rejects with a `VendorFailure` if it could not be read in full.
 * The code below this function holds no call that changes anything.
 */
export async function readAccount(
  host: Host,
  configuration: Configuration,
  credentials: AccessKeySource,
): Promise<Reading> {
  const { clock } = host;
  const { api, transport } = createApi(
    host,
    configuration,
    credentials,
    ATTEMPT_MS,
  );
  try {
    const observation = await withDeadline(
      clock,
      READING_MS,
      undefined,
      (deadline) =>
        createAccountObserver(api, host, configuration).observe(deadline),
    );
    const now = clock.now();
    const { policy, warnDays } = configuration;
    const { domains } = observation;
    const judgements = judge(observation, policy, now);
    return {
      now,
      entries: byExpiry(inventoryEntries(judgements, domains, warnDays, now)),
      expiring: expiringInUse(judgements, domains, warnDays, now),
      graceDays: policy.graceDays,
    };
  } finally {
    await transport.close();
  }
}
