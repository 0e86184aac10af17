/** The whole account as a table: what the next sweep would do with each certificate, and why. Reads only. */
import type {
  Configuration,
  Foresight,
} from "../../functions/aws/configuration.ts";
import type { Host } from "../../functions/host.ts";
import {
  expiringInUse,
  noticeOf,
  renewalOf,
  timeLeft,
} from "../../functions/janitor/foresight.ts";
import {
  byExpiry,
  inventoryEntries,
} from "../../functions/janitor/inventory.ts";
import { judge } from "../../functions/janitor/verdict.ts";
import { withDeadline } from "../../functions/janitor/vendor.ts";
import { createAccountObserver, createApi } from "../../functions/observing.ts";
import type { CredentialsSource } from "../../functions/volcengine/live-api.ts";
import { certificateTable, table } from "./table.ts";

const ATTEMPT_MS = 10_000;
/** Enough for the largest account that a sweep can handle, twice over. */
const READING_MS = 180_000;

/** How the terminal shows things. */
export interface Look {
  readonly width: number;
  readonly colour: boolean;
}

/** What the terminal at hand can show: colour on a terminal only, and whole lines anywhere else. */
export function lookOf(
  stream: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
): Look {
  return {
    width: stream.isTTY ? stream.columns : 200,
    colour: stream.isTTY && (env["NO_COLOR"] ?? "") === "",
  };
}

/** A titled table with an empty line after it; nothing without rows. */
function titled(
  title: string,
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  look: Look,
): string[] {
  if (rows.length === 0) return [];
  const columns = headers.map((header, index) => ({
    header,
    least: 12,
    wraps: index === headers.length - 1,
  }));
  const cells = rows.map((row) => row.map((text) => ({ text })));
  return [`${title}:`, table(columns, cells, look), ""];
}

/**
 * Observes the account and prints what is about to happen, then the table. Rejects with a `VendorFailure` if the account could not be read in full.
 * The code below this function holds no call that changes anything.
 */
export async function inventoryTable(
  host: Host,
  configuration: Configuration & Foresight,
  credentials: CredentialsSource,
  look: Look,
): Promise<string> {
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
    const entries = byExpiry(
      inventoryEntries(judgements, domains, warnDays, now),
    );
    const expiring = expiringInUse(judgements, domains, warnDays, now);
    const eligible = entries.filter(({ verdict }) => verdict === "delete");
    const expired = entries.filter(({ state }) => state === "expired");
    const rows = entries.map(({ details, ...entry }) => ({
      ...entry,
      because:
        details.length === 0
          ? ["expired, not in use, all evidence agrees"]
          : details.map(({ because }) => because),
    }));
    return [
      ...titled(
        "Expiring in use",
        ["domain", "time", "certificate", "renewal"],
        expiring.flatMap((one) =>
          one.domains.map((domain) => [
            domain.domain,
            timeLeft(one),
            one.name || one.chainId,
            renewalOf(domain),
          ]),
        ),
        look,
      ),
      ...titled(
        "Deletions to come",
        ["certificate", "domains", "when"],
        entries.flatMap((entry) => {
          const notice = noticeOf(entry, policy.graceDays);
          return notice === undefined
            ? []
            : [[entry.name || entry.chainId, entry.domains.join(" "), notice]];
        }),
        look,
      ),
      certificateTable(rows, { ...look, now: new Date(now) }),
      "",
      `${String(entries.length)} certificates, ${String(expired.length)} expired; a sweep would delete ${String(eligible.length)} and keep ${String(entries.length - eligible.length)}.`,
    ].join("\n");
  } finally {
    await transport.close();
  }
}
