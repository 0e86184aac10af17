/** The account as one page that needs nothing else: warnings, a horizon, and a table of all certificates. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { InventoryEntry } from "../../../functions/janitor/inventory.ts";
import type { Reading } from "../reading.ts";
import { certificateSection } from "./certificates.ts";
import { horizon } from "./horizon.ts";
import { isExpiredInUse, isInUse, sign } from "./kind.ts";
import { foreign, Markup, markup } from "./markup.ts";
import { warningSection } from "./warnings.ts";

/** A part of every page, with line ends as a browser reads them, whatever a checkout made of them. */
function part(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8").replaceAll(
    "\r\n",
    "\n",
  );
}

const STYLE = part("page.css");
const SCRIPT = part("page.js");

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/**
 * By hash rather than 'unsafe-inline': should a vendor's text ever get past the escaping, it still could not run, style
 * or load anything. So nothing here has a `style` or an `on...` attribute.
 */
const POLICY = [
  "default-src 'none'",
  `style-src ${hashOf(STYLE)}`,
  `script-src ${hashOf(SCRIPT)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

function figures(entries: readonly InventoryEntry[]): Markup {
  const figure = (
    name: string,
    holds: (entry: InventoryEntry) => boolean,
    before: Markup | false = false,
  ): Markup =>
    markup`<div><dt>${before}${name}</dt><dd>${entries.filter(holds).length}</dd></div>`;
  return markup`<dl class="figures">${[
    figure("certificates", () => true),
    figure("in use", isInUse, sign("used")),
    figure("expired in use", isExpiredInUse, sign("expired")),
    figure("expiring in use", ({ expiring }) => expiring, sign("expiring")),
    figure(
      "would be deleted",
      ({ verdict }) => verdict === "delete",
      sign("eligible"),
    ),
    figure("kept", ({ verdict }) => verdict === "keep"),
  ]}</dl>`;
}

/**
 * One self-contained page. The same input gives the same page, byte for byte.
 * @returns a whole HTML document, to be written as UTF-8
 */
export function picture(
  title: string,
  { now, entries, expiring, graceDays }: Reading,
): string {
  const seen = new Date(now).toISOString().slice(0, 16).replace("T", " ");
  return markup`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <style>${new Markup(STYLE)}</style>
  </head>
  <body>
    <header>
      <h1>${foreign(title)}</h1>
      <p class="note">As seen ${seen} UTC; all dates are in UTC. This page shows what a sweep would do, and does nothing.</p>
      ${figures(entries)}
    </header>
    <main>
    ${warningSection({ now, entries, expiring, graceDays })}
    ${horizon(entries, now)}
    ${certificateSection(entries, now)}
    </main>
    <script>${new Markup(SCRIPT)}</script>
  </body>
</html>
`.text;
}
