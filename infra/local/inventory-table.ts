/** The whole account as a table: what the next sweep would do with each certificate, and why. */
import {
  noticeOf,
  renewalOf,
  timeLeft,
} from "../../functions/janitor/foresight.ts";
import type { Reading } from "./reading.ts";
import { certificateTable, ELIGIBLE, table } from "./table.ts";

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

/** What is about to happen, then every certificate with its verdict. */
export function inventoryTable(
  { now, entries, expiring, graceDays }: Reading,
  look: Look,
): string {
  const eligible = entries.filter(({ verdict }) => verdict === "delete");
  const expired = entries.filter(({ state }) => state === "expired");
  const rows = entries.map(({ details, ...entry }) => ({
    ...entry,
    because:
      details.length === 0 ? [ELIGIBLE] : details.map(({ because }) => because),
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
        const notice = noticeOf(entry, graceDays);
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
}
