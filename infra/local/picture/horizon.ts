/** The horizon: 90 days back, 180 days ahead, a lane for each certificate in use. */
import { instant } from "../../../functions/janitor/certificate.ts";
import type { InventoryEntry } from "../../../functions/janitor/inventory.ts";
import { expiry } from "../table.ts";
import {
  amount,
  isExpiredInUse,
  isInUse,
  KINDS,
  kindOf,
  SHAPES,
  sign,
  titleOf,
  WORDS,
  type Kind,
} from "./kind.ts";
import { foreign, markup, type Markup } from "./markup.ts";

const DAY_MS = 86_400_000;
const BACK = 90;
const AHEAD = 180;
/** Twenty columns of 15 days each; the first holds all that is older, the last all that is later. */
const COLUMN = 15;
const COLUMNS = (BACK + AHEAD) / COLUMN + 2;
const COLUMN_WIDTH = 100 / COLUMNS;
/** Beyond these, certificates in use share one lane. */
const MAX_LANES = 40;
/** In the hint of a column. */
const MAX_NAMES = 10;
/** Of the highest bar, in hundredths of its lane; the number stands above it. */
const BAR_HEIGHT = 72;

function percent(share: number): string {
  return `${share.toFixed(2)}%`;
}

/** Where a number of days from now lies, in columns; what is older or later in the middle of its own. */
function columnAt(days: number): number {
  if (days < -BACK) return 0.5;
  return days < AHEAD ? 1 + (days + BACK) / COLUMN : COLUMNS - 0.5;
}

/** The same in hundredths of the width. */
function place(days: number): number {
  return columnAt(days) * COLUMN_WIDTH;
}

const TODAY = percent(place(0));

/** An entry whose expiry can be read, in days from now. */
interface Placed {
  readonly entry: InventoryEntry;
  readonly days: number;
}

function placed(entries: readonly InventoryEntry[], now: number): Placed[] {
  return entries.flatMap((entry) => {
    const at = instant(entry.notAfter);
    return at === undefined ? [] : [{ entry, days: (at - now) / DAY_MS }];
  });
}

/** The first of each month in sight, in UTC. */
function months(
  now: number,
): { readonly at: number; readonly label: string }[] {
  const name = new Intl.DateTimeFormat("en", {
    month: "short",
    timeZone: "UTC",
  });
  const first = new Date(now - BACK * DAY_MS);
  const found = [];
  for (let ahead = 1; ahead <= 9; ahead += 1) {
    const month = new Date(
      Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + ahead),
    );
    const days = (month.getTime() - now) / DAY_MS;
    // A label further on would run into the edge.
    if (days > AHEAD - 5) break;
    const label =
      month.getUTCMonth() === 0
        ? String(month.getUTCFullYear())
        : name.format(month);
    found.push({ at: place(days), label });
  }
  return found;
}

function line(at: string, kind: string): Markup {
  return markup`<line class="${kind}" x1="${at}" x2="${at}" y2="100%" />`;
}

/** Drawn once, and used by every lane. */
function grid(now: number): Markup {
  return markup`<svg class="defs" aria-hidden="true">
    <defs>
      <g id="grid">
        ${months(now).map(({ at }) => line(percent(at), "month"))}
        ${line(percent(COLUMN_WIDTH), "edge")}
        ${line(percent(100 - COLUMN_WIDTH), "edge")} ${line(TODAY, "today")}
      </g>
    </defs>
  </svg>`;
}

function axis(now: number): Markup {
  return markup`<svg class="track axis" aria-hidden="true">
    <text x="0" y="12">older</text>
    <text x="${TODAY}" y="12" class="today" text-anchor="middle">today</text>
    <text x="100%" y="12" text-anchor="end">later</text>
    ${months(now).map(
      ({ at, label }) =>
        markup`<text x="${percent(at)}" y="30" text-anchor="middle">
          ${label}
        </text>`,
    )}
  </svg>`;
}

function lane({ entry, days }: Placed, now: number): Markup {
  const kind = kindOf(entry);
  const at = percent(place(days));
  return markup`<li>
    <span class="name">${sign(kind)}${foreign(titleOf(entry))}<span class="unseen">, ${WORDS[kind]}</span></span>
    <span class="when">${expiry(entry, new Date(now))}</span>
    <svg class="track ${kind}" aria-hidden="true">
      <use href="#grid" />
      <line class="span" x1="${TODAY}" x2="${at}" y1="50%" y2="50%" />
      <svg x="${at}" y="50%" overflow="visible">${SHAPES[kind]}</svg>
    </svg>
  </li>`;
}

/** `15 to 30 days ago`, or `in 15 to 30 days`. */
function columnName(column: number): string {
  if (column === 0) return `more than ${String(BACK)} days ago`;
  if (column === COLUMNS - 1) return `in more than ${String(AHEAD)} days`;
  const from = (column - 1) * COLUMN - BACK;
  return from < 0
    ? `${String(-from - COLUMN)} to ${String(-from)} days ago`
    : `in ${String(from)} to ${String(from + COLUMN)} days`;
}

/** Certificates by the column that their expiry falls into, as bars with their number. */
function chart(label: string, kind: Kind, all: readonly Placed[]): Markup {
  const columns = Array.from({ length: COLUMNS }, (): Placed[] => []);
  for (const one of all) columns[Math.floor(columnAt(one.days))]?.push(one);
  const highest = Math.max(...columns.map(({ length }) => length));
  const filled = columns
    .map((members, column) => ({ members, column }))
    .filter(({ members }) => members.length > 0);
  const said = filled
    .map(
      ({ members, column }) =>
        `${columnName(column)}: ${String(members.length)}`,
    )
    .join(", ");
  return markup`<li class="chart">
    <span class="name">${sign(kind)}${label}</span>
    <span class="when">${amount(all.length, "certificate")}</span>
    <svg class="track" role="img" aria-label="${said}">
      <use href="#grid" />
      ${filled.map(({ members, column }) => {
        const height = Math.max(3, (members.length / highest) * BAR_HEIGHT);
        const names = members
          .slice(0, MAX_NAMES)
          .map(({ entry }) => titleOf(entry));
        const more = members.length - names.length;
        const late = members.every(({ entry }) => isExpiredInUse(entry));
        return markup`<g class="${late ? "expired" : kind}">
          <title>${columnName(column)}: ${names.join(", ")}${more > 0 ? ` and ${String(more)} more` : ""}</title>
          <rect
            x="${percent((column + 0.1) * COLUMN_WIDTH)}"
            width="${percent(0.8 * COLUMN_WIDTH)}"
            y="${percent(100 - height)}"
            height="${percent(height)}"
          />
          <text
            x="${percent((column + 0.5) * COLUMN_WIDTH)}"
            y="${percent(100 - height)}"
            dy="-5"
            text-anchor="middle"
          >${members.length}</text>
        </g>`;
      })}
    </svg>
  </li>`;
}

/**
 * The section that draws the certificates in use, and to the left of today those that a sweep would delete.
 * @param entries by expiry
 * @param now milliseconds since the epoch
 */
export function horizon(
  entries: readonly InventoryEntry[],
  now: number,
): Markup {
  const used = entries.filter(isInUse);
  const drawn = placed(used, now);
  // What ends next, or ended last, is what a person can do something about.
  const nearest = new Set(
    drawn
      .toSorted((a, b) => Math.abs(a.days) - Math.abs(b.days))
      .slice(0, MAX_LANES),
  );
  const lanes = drawn.filter((one) => nearest.has(one));
  const more = drawn.filter((one) => !nearest.has(one));
  const eligible = placed(
    entries.filter(({ verdict }) => verdict === "delete"),
    now,
  );
  const undated = used.length - drawn.length;
  const notes = [
    `When each certificate in use expires and, to the left of today, what a sweep would delete, in columns of ${String(COLUMN)} days by when it expired.`,
    more.length > 0 &&
      `Only the ${String(MAX_LANES)} in use that end nearest to today have a line each; ${String(more.length)} more share the last one, and the table has all.`,
    undated > 0 &&
      `Not drawn: ${amount(undated, "certificate")} in use without a readable expiry; see the table.`,
  ];
  return markup`<section aria-labelledby="horizon">
    <h2 id="horizon">The next ${AHEAD} days</h2>
    ${
      used.length + eligible.length === 0
        ? markup`<p>No certificate is in use, and none would be deleted.</p>`
        : markup`<p class="note">${notes.filter((note) => note !== false).join(" ")}</p>
    <p class="note legend">
      ${KINDS.map((kind) => markup`<span>${sign(kind)}${WORDS[kind]}</span>`)}
    </p>
    ${grid(now)}
    <ol class="lanes">
      <li aria-hidden="true">${axis(now)}</li>
      ${eligible.length > 0 && chart("Expired, would be deleted", "eligible", eligible)}
      ${lanes.map((one) => lane(one, now))}
      ${more.length > 0 && chart("More in use", "used", more)}
    </ol>`
    }
  </section>`;
}
