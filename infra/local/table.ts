import stringWidth from "string-width";
import { clean, cut, wrap } from "./text-width.ts";

/** Tables for people. Nothing here looks at the terminal: the width and whether to colour are the caller's to know. */

export interface Cell {
  readonly text: string;
  /** Taken only with colour. */
  readonly colour?: "red" | "green";
}

export interface Column {
  readonly header: string;
  /** How narrow the column may become on a narrow terminal. @default it keeps its width */
  readonly least?: number;
  /** Too long a text takes more lines instead of being cut. Such columns give way first. */
  readonly wraps?: boolean;
}

export interface TableOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number;
  readonly colour: boolean;
}

const GAP = "  ";

const ESCAPES = { red: 31, green: 32, bold: 1 } as const;

function paint(text: string, escape: keyof typeof ESCAPES): string {
  return `\u001b[${String(ESCAPES[escape])}m${text}\u001b[0m`;
}

function widthsOf(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): number[] {
  const widths = columns.map(({ header }, index) =>
    Math.max(
      stringWidth(header),
      ...rows.map((row) => stringWidth(row[index]?.text ?? "")),
    ),
  );
  let excess =
    widths.reduce((sum, w) => sum + w, GAP.length * (widths.length - 1)) -
    width;
  for (const wraps of [true, false])
    for (const [index, { least = Infinity, ...column }] of columns.entries()) {
      if ((column.wraps === true) !== wraps) continue;
      const wanted = widths[index] ?? 0;
      const given = Math.min(
        wanted,
        Math.max(least, wanted - Math.max(0, excess)),
      );
      excess -= wanted - given;
      widths[index] = given;
    }
  return widths;
}

/** One line from its cells, cut at the edge of the terminal, without spaces at the end. */
function joinLine(
  cells: readonly Cell[],
  widths: readonly number[],
  { width, colour }: TableOptions,
): string {
  let line = "";
  let left = width;
  let pad = "";
  for (const [index, { text, colour: wanted }] of cells.entries()) {
    const room = left - pad.length;
    const shown = cut(text, Math.min(room, widths[index] ?? 0));
    if (shown !== "") {
      line +=
        pad + (colour && wanted !== undefined ? paint(shown, wanted) : shown);
      left -= pad.length + stringWidth(shown);
      pad = "";
    }
    pad +=
      " ".repeat(Math.max(0, (widths[index] ?? 0) - stringWidth(shown))) + GAP;
  }
  return line;
}

/**
 * Aligned text: a header, then every row, in which only columns that wrap may take more than one line.
 * @param rows their cells in the order of the columns; control characters are shown as U+FFFD
 * @returns lines joined by `\n`, none wider than `options.width`, escapes not counted
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string {
  const cleaned = rows.map((row) =>
    row.map((cell) => ({ ...cell, text: clean(cell.text) })),
  );
  const widths = widthsOf(columns, cleaned, options.width);
  const header = joinLine(
    columns.map((column) => ({ text: column.header })),
    widths,
    options,
  );
  const lines = [options.colour ? paint(header, "bold") : header];
  for (const row of cleaned) {
    const wrapped = row.map(({ text, ...rest }, index) => {
      const texts =
        columns[index]?.wraps === true
          ? wrap(text, widths[index] ?? 1)
          : [text];
      return texts.map((line) => ({ ...rest, text: line }));
    });
    const height = Math.max(1, ...wrapped.map((cell) => cell.length));
    for (let index = 0; index < height; index += 1) {
      const cells = wrapped.map((cell) => cell[index] ?? { text: "" });
      const line = joinLine(cells, widths, options);
      // Further lines of a column that lies beyond the edge of the terminal would be empty.
      if (index === 0 || line !== "") lines.push(line);
    }
  }
  return lines.join("\n");
}

/** Why a sweep would delete a certificate. */
export const ELIGIBLE = "expired, not in use, all evidence agrees";

export interface CertificateRow {
  readonly name: string;
  readonly domains: readonly string[];
  /** RFC 3339, or whatever the vendor sent. */
  readonly notAfter: string;
  readonly state: "expired" | "valid" | "unreadable";
  readonly verdict: "delete" | "keep";
  readonly reasons: readonly string[];
  /** One sentence for each reason, or for the deletion. */
  readonly because: readonly string[];
}

const CERTIFICATE_COLUMNS: readonly Column[] = [
  { header: "verdict" },
  { header: "name", least: 12 },
  { header: "expires", least: 11 },
  { header: "reasons", least: 24, wraps: true },
];

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

const relative = new Intl.RelativeTimeFormat("en");

/** `2026-11-12, 12 days ago`, in UTC; what cannot be read is shown as it came. */
export function expiry(
  { notAfter, state }: Pick<CertificateRow, "notAfter" | "state">,
  now: Date,
): string {
  const date = new Date(notAfter);
  if (state === "unreadable" || Number.isNaN(date.getTime()))
    return `unreadable: ${notAfter}`;
  const distance = date.getTime() - now.getTime();
  const [unit, length] =
    UNITS.find(([, ms]) => Math.abs(distance) >= ms) ?? UNITS[2];
  const amount = relative.format(Math.trunc(distance / length), unit);
  return `${date.toISOString().slice(0, 10)}, ${amount}`;
}

/**
 * The inventory with the verdict that each certificate would get: verdict, name, expiry, reasons.
 * @param rows in the order in which they are shown; one without a name goes by its first domain
 * @param options.now what the expiry is compared with
 * @param options.colour the verdict in red or green, the header in bold
 */
export function certificateTable(
  rows: readonly CertificateRow[],
  { now, ...options }: TableOptions & { readonly now: Date },
): string {
  return table(
    CERTIFICATE_COLUMNS,
    rows.map((row): Cell[] => [
      { text: row.verdict, colour: row.verdict === "delete" ? "red" : "green" },
      { text: row.name || row.domains[0] || "(no name)" },
      { text: expiry(row, now) },
      {
        text: [row.reasons.join(", "), ...row.because.slice(0, 1)]
          .filter((part) => part !== "")
          .join(": "),
      },
    ]),
    options,
  );
}
