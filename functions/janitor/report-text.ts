/** The report of a sweep as people read it in their mailbox. */
import { noticeOf, renewalOf, timeLeft } from "./foresight.ts";
import { PROVIDERS, type Provider } from "../contract/providers.ts";
import { CONTRADICTIONS } from "../contract/reasons.ts";
import type { ReportItem, SweepReport } from "./report.ts";
import { STOPS } from "../contract/stops.ts";

export interface Mail {
  /** ASCII, below 100 characters as SNS wants it: how it ended, the counts, then whose it is. */
  readonly subject: string;
  /** Plain and well-formed text, far below 256 KB. */
  readonly text: string;
}

/** Whose report it is: several stacks, of two vendors, may write to one mailbox. */
export interface Origin {
  readonly stackName: string;
  readonly provider: Provider;
}

const MAX_SUBJECT = 99;
/** A stack's name that is cut to fewer characters than this tells nothing. */
const LEAST_NAME = 12;
/** Of each of the ten tables; SNS carries 256 KB. */
const MAX_ROWS = 200;
const MAX_TABLE_BYTES = 24_000;

/** Expired certificates that are kept because what is known of them does not fit together; protected ones are settled. */
export function contradictory(report: SweepReport): readonly ReportItem[] {
  return report.items.filter(
    ({ outcome, state, reasons }) =>
      outcome === undefined &&
      state === "expired" &&
      !reasons.includes("protected") &&
      !reasons.includes("within-grace") &&
      reasons.some((reason) => CONTRADICTIONS.has(reason)),
  );
}

/**
 * A text from outside as part of a line, at most `max` characters of it. It comes from anybody who can upload a
 * certificate: it may neither forge a line nor turn the rest of it around, and is well-formed, which SNS insists on.
 */
function shown(text: string, max: number): string {
  // Two units hold a character at the most, so the cut may split only what is cut off anyway.
  // Stryker disable next-line MethodExpression: it only spares the work on what is cut off anyway
  const beginning = text.slice(0, 2 * max);
  return Array.from(beginning.toWellFormed())
    .slice(0, max)
    .join("")
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, " ")
    .replace(/\p{Noncharacter_Code_Point}/gu, "\ufffd");
}

function domainsOf({ domains }: ReportItem): string {
  const first = shown(domains.slice(0, 3).join(" "), 160);
  return domains.length > 3
    ? `${first} and ${String(domains.length - 3)} more`
    : first;
}

/** A titled table, its columns in the order of the header; empty without items. */
function section<T>(
  title: string,
  header: readonly string[],
  items: readonly T[],
  cells: (item: T) => readonly string[],
): string[] {
  if (items.length === 0) return [];
  const table = [header, ...items.slice(0, MAX_ROWS).map(cells)];
  const widths = header.map((_, column) =>
    // Stryker disable next-line OptionalChaining: every row has every column; only the compiler needs the question mark
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
    // Stryker disable next-line EqualityOperator: a round bound far below what a mail may have: one byte does not matter
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

/** Certificates, with what is to be said of each. */
function certificates(
  title: string,
  items: readonly ReportItem[],
  what: (item: ReportItem) => string,
): string[] {
  return section(
    title,
    ["Name", "Expires", "Chain id", "What", "Domains"],
    items,
    (item) => [
      shown(item.name, 40) || "(no name)",
      shown(item.notAfter, 20) || "(no date)",
      shown(item.chainId, 32) || "(no chain id)",
      shown(what(item), 160),
      domainsOf(item),
    ],
  );
}

/** A line for each domain whose certificate is about to expire. */
function expiringDomains({ expiring }: SweepReport): string[] {
  return section(
    "Expiring in use: bind a renewal to these domains in time, or viewers will see errors",
    ["Domain", "Time", "Expires", "Certificate", "Renewal"],
    expiring.flatMap((one) =>
      one.domains.map((domain) => ({ ...one, ...domain })),
    ),
    (one) => [
      shown(one.domain, 80),
      timeLeft(one),
      shown(one.notAfter, 20),
      shown(one.name, 40) || shown(one.chainId, 32),
      renewalOf({
        domain: shown(one.domain, 80),
        ...(one.renewedAs !== undefined && {
          renewedAs: shown(one.renewedAs, 40),
        }),
      }),
    ],
  );
}

/** What is counted in one line: first what happened, then what is about to. */
function tally({ counts, mode }: SweepReport): string[] {
  const some = (n: number, what: string): string | false =>
    n > 0 && `${String(n)} ${what}`;
  return [
    mode === "dry-run"
      ? `${String(counts.remaining)} would be deleted`
      : `${String(counts.deleted)} deleted`,
    some(counts.failed, "failed"),
    some(counts.unconfirmed, "unconfirmed"),
    some(counts.alreadyGone, "already gone"),
    some(counts.expiredInUse, "expired in use"),
    some(counts.expiringInUse, "expiring in use"),
    mode === "delete" && some(counts.remaining, "remaining"),
  ].filter((part) => part !== false);
}

/** The names in what room is left, the stack's cut at its beginning: stacks of one kind differ at the end. */
function named({ stackName, provider }: Origin, room: number): string {
  const { product } = PROVIDERS[provider];
  const cut = (length: number): string =>
    stackName.length <= length
      ? stackName
      : `...${stackName.slice(3 - length)}`;
  const beside = room - product.length - 2;
  if (beside >= Math.min(LEAST_NAME, stackName.length)) {
    return `${cut(beside)}, ${product}`;
  }
  return room >= LEAST_NAME ? cut(room) : "";
}

function subjectOf(report: SweepReport, origin: Origin): string {
  const ended = [
    report.mode === "dry-run" && "dry run",
    report.stoppedBecause !== "done" && report.stoppedBecause,
  ].filter((part) => part !== false);
  let subject = "";
  for (const part of tally(report)) {
    const start = subject === "" ? [...ended, ""].join(": ") : `${subject}, `;
    // Whole counts only: a number that lost digits is a lie.
    if (start.length + part.length <= MAX_SUBJECT) subject = start + part;
  }
  const names = named(origin, MAX_SUBJECT - subject.length - 3);
  return (names === "" ? subject : `${subject} [${names}]`).replace(
    /[^\x20-\x7e]/g,
    "?",
  );
}

/**
 * The report in words, tables and next steps.
 * @param graceDays the deployment's, for the deletions to come
 */
export function reportMail(
  report: SweepReport,
  origin: Origin,
  graceDays: number,
): Mail {
  const { counts, items, mode, stoppedBecause } = report;
  const { name: vendor, product } = PROVIDERS[origin.provider];
  /** Our own words, written with the one vendor in mind. */
  const said = (words: string): string =>
    words.replaceAll("Volcengine", vendor);
  const { advice } = STOPS[stoppedBecause];
  const by = (outcome: ReportItem["outcome"]): ReportItem[] =>
    items.filter((item) => item.outcome === outcome);
  const kept = Object.entries(counts.kept)
    .map(([reason, n]) => `${reason} ${String(n)}`)
    .join(", ");
  const text = [
    `Stack ${origin.stackName}: sweep of ${product}, ${report.startedAt} to ${report.finishedAt}.`,
    ...(mode === "dry-run" ? ["It was a dry run: nothing was deleted."] : []),
    ...(report.only === undefined
      ? []
      : [
          `It was restricted to the certificates that were asked for, ${String(report.only)} in number.`,
        ]),
    `Listed ${String(counts.listed)}, expired ${String(counts.expired)}, eligible ${String(counts.eligible)}: ${tally(report).join(", ")}.`,
    ...(kept === "" ? [] : [`Kept, by reason: ${kept}.`]),
    ...(report.idleRules.length === 0
      ? []
      : [
          `Protect rules that match no certificate; look for a slip, or remove them: ${report.idleRules.map((rule) => shown(rule, 120)).join("; ")}.`,
        ]),
    ...(advice === undefined
      ? []
      : ["", `It stopped early (${stoppedBecause}). ${said(advice)}`]),
    ...(report.error === undefined ? [] : [said(report.error)]),
    ...certificates(
      "Failed; the next sweep tries again",
      by("failed"),
      (item) => said(item.error ?? ""),
    ),
    ...certificates(
      `Unconfirmed: each may have been deleted, or may still be there; look for them in the ${vendor} console, or wait for the next sweep`,
      by("unconfirmed"),
      (item) =>
        said(item.error ?? "Volcengine said deleted, but still lists it"),
    ),
    ...certificates(
      "Asked for, but kept: these may not, or no longer, be deleted",
      items.filter(
        ({ isAskedFor, outcome }) =>
          isAskedFor === true && outcome === undefined,
      ),
      (item) => item.reasons.join(" "),
    ),
    ...certificates(
      "Expired but in use: bind a new certificate to these domains, viewers may see errors now",
      items.filter(
        ({ outcome, state, reasons }) =>
          outcome === undefined &&
          state === "expired" &&
          reasons.includes("in-use"),
      ),
      (item) => item.reasons.join(" "),
    ),
    ...expiringDomains(report),
    ...certificates(
      `Contradictory data: check them in the ${vendor} console, then delete by hand or protect them`,
      contradictory(report),
      (item) => item.reasons.join(" "),
    ),
    ...certificates(
      "Coming: still within the grace period; whoever needs one binds or protects it before",
      items.filter((item) => noticeOf(item, graceDays) !== undefined),
      // Stryker disable next-line StringLiteral: each of these has a notice; only the compiler asks
      (item) => noticeOf(item, graceDays) ?? "",
    ),
    ...certificates(
      "Deleted",
      by("deleted"),
      (item) => `request ${item.requestId ?? ""}`,
    ),
    ...certificates(
      "Already gone",
      by("alreadyGone"),
      () => "deleted by another hand or by an attempt without an answer",
    ),
    ...certificates(
      mode === "dry-run" ? "Would be deleted" : "Remaining for the next sweep",
      by("remaining"),
      () => "eligible",
    ),
    "",
    `Run ${report.runId}; the log of the sweep function has every line under this id.`,
  ].join("\n");
  return { subject: subjectOf(report, origin), text };
}
