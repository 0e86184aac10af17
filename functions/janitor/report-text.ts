/** The report of a sweep as people read it in their mailbox. */
import type { Reason } from "./verdict.ts";
import type { ReportItem, StoppedBecause, SweepReport } from "./report.ts";

export interface Mail {
  /** ASCII, at most 100 characters. */
  readonly subject: string;
  /** Plain text, far below 256 KB. */
  readonly text: string;
}

/** Of each of the seven tables; SNS carries 256 KB. */
const MAX_ROWS = 200;
const MAX_TABLE_BYTES = 32_000;

/** What the end of a run means and what to do about it; undefined where it ended as it should. */
const ENDINGS: Readonly<Record<StoppedBecause, string | undefined>> = {
  done: undefined,
  "max-deletions":
    "It reached MAX_DELETIONS; the next sweep goes on with the rest.",
  "out-of-time": "Its time ran out; the next sweep goes on with the rest.",
  "too-many":
    "More certificates were eligible than MAX_DELETIONS allows, so none was deleted. Read the list below; if it is right, raise maxDeletions and deploy.",
  "evidence-too-old":
    "What was read could no longer be acted on when the first deletion was due: reading took too long, since the account is very large or Volcengine slow, or the secret changed meanwhile.",
  "vendor-unhealthy":
    "Ten deletions in a row failed, so it stopped. The next sweep tries again; see the errors below.",
  "vendor-billing":
    "Volcengine Live is not activated for the account, or the account is in arrears. Settle it in the Volcengine console.",
  "credentials-rejected":
    "Volcengine rejected the access key. Put a valid one into the secret.",
  "vendor-access-denied":
    "The access key lacks a permission. Allow live:ListCertV2, live:ListDomainDetail and live:DeleteCert.",
  "no-evidence":
    "The account could not be read completely, and without complete evidence nothing is deleted.",
};

/** Reasons that tell of contradictory or unreadable data, which only a person can settle. */
const CONTRADICTIONS: ReadonlySet<Reason> = new Set<Reason>([
  "malformed-record",
  "expiry-unreadable",
  "validity-inverted",
  "status-conflict",
]);

/** Expired certificates that are kept because what is known of them does not fit together; protected ones are settled. */
export function contradictory(report: SweepReport): readonly ReportItem[] {
  return report.items.filter(
    ({ outcome, reasons }) =>
      outcome === undefined &&
      !reasons.includes("protected") &&
      !reasons.includes("within-grace") &&
      reasons.some((reason) => CONTRADICTIONS.has(reason)),
  );
}

function section(
  title: string,
  items: readonly ReportItem[],
  last: (item: ReportItem) => string,
): string[] {
  if (items.length === 0) return [];
  const rows = items
    .slice(0, MAX_ROWS)
    .map((item) => [
      item.name.slice(0, 40) || "(no name)",
      item.notAfter.slice(0, 20) || "(no date)",
      item.chainId.slice(0, 32) || "(no chain id)",
      last(item).slice(0, 160),
      `${item.domains.slice(0, 3).join(" ").slice(0, 160)}${item.domains.length > 3 ? ` and ${String(item.domains.length - 3)} more` : ""}`,
    ])
    // The vendor's texts come from anybody who can upload a certificate: none of them may forge a line.
    .map((row) =>
      row.map((cell) => cell.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ")),
    );
  const table = [["Name", "Expires", "Chain id", "What", "Domains"], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  let bytes = 0;
  const fitting = lines.filter(
    (line) => (bytes += Buffer.byteLength(line)) < MAX_TABLE_BYTES,
  );
  const omitted = items.length - (fitting.length - 1);
  return [
    "",
    `${title} (${String(items.length)})`,
    ...fitting,
    ...(omitted > 0
      ? [`... and ${String(omitted)} more; the log has all.`]
      : []),
  ];
}

/** The report in words, tables and next steps. */
export function reportMail(report: SweepReport): Mail {
  const { counts, items, mode, stoppedBecause } = report;
  const parts = [
    mode === "delete" && `${String(counts.deleted)} deleted`,
    counts.failed > 0 && `${String(counts.failed)} failed`,
    counts.unconfirmed > 0 && `${String(counts.unconfirmed)} unconfirmed`,
    mode === "dry-run"
      ? `${String(counts.remaining)} would be deleted`
      : counts.remaining > 0 && `${String(counts.remaining)} remaining`,
    counts.expiredInUse > 0 &&
      `${String(counts.expiredInUse)} expired but in use`,
  ].filter((part) => part !== false);
  const ending = ENDINGS[stoppedBecause];
  const by = (outcome: ReportItem["outcome"]): ReportItem[] =>
    items.filter((item) => item.outcome === outcome);
  const kept = Object.entries(counts.kept)
    .map(([reason, n]) => `${reason} ${String(n)}`)
    .join(", ");
  const text = [
    mode === "dry-run"
      ? "This was a dry run: nothing was deleted."
      : `Sweep of the certificates of Volcengine Live, ${report.startedAt} to ${report.finishedAt}.`,
    `Listed ${String(counts.listed)}, expired ${String(counts.expired)}, eligible ${String(counts.eligible)}: ${parts.join(", ")}.`,
    ...(kept === "" ? [] : [`Kept, by reason: ${kept}.`]),
    ...(ending === undefined
      ? []
      : ["", `It stopped early (${stoppedBecause}). ${ending}`]),
    ...(report.error === undefined ? [] : [report.error]),
    ...section(
      "Failed; the next sweep tries again",
      by("failed"),
      (item) => item.error ?? "",
    ),
    ...section(
      "Unconfirmed: Volcengine said deleted, but still lists them",
      by("unconfirmed"),
      (item) => item.error ?? "still listed",
    ),
    ...section(
      "Expired but in use: bind a new certificate to these domains, viewers may see errors now",
      items.filter(
        (item) => item.outcome === undefined && item.reasons.includes("in-use"),
      ),
      (item) => item.reasons.join(" "),
    ),
    ...section(
      "Contradictory data: check them in the Volcengine console, then delete by hand or protect them",
      contradictory(report),
      (item) => item.reasons.join(" "),
    ),
    ...section(
      "Deleted",
      by("deleted"),
      (item) => `request ${item.requestId ?? ""}`,
    ),
    ...section(
      "Already gone",
      by("alreadyGone"),
      () => "deleted by another hand or by an attempt without an answer",
    ),
    ...section(
      mode === "dry-run" ? "Would be deleted" : "Remaining for the next sweep",
      by("remaining"),
      () => "eligible",
    ),
    "",
    `Run ${report.runId}; the log of the sweep function has every line under this id.`,
  ].join("\n");
  return {
    subject:
      `live-cert-janitor${mode === "dry-run" ? " dry run" : ""}: ${parts.join(", ")}${ending === undefined ? "" : ` (${stoppedBecause})`}`.slice(
        0,
        100,
      ),
    text,
  };
}
