/** The table of all certificates. It is whole without the script, which sorts and filters what stands here. */
import { instant } from "../../../functions/janitor/certificate.ts";
import type { InventoryEntry } from "../../../functions/janitor/inventory.ts";
import { REASONS } from "../../../functions/contract/reasons.ts";
import { ELIGIBLE, expiry } from "../table.ts";
import { amount, becauseOf, isInUse, kindOf, sign, WORDS } from "./kind.ts";
import { foreign, list, markup, type Markup } from "./markup.ts";

/** Rows from which on a browser needs several seconds for all of them. */
const LONG = 1000;

/** What the choices look for: `data-tags` of a row, separated by spaces. */
function tagsOf(entry: InventoryEntry): string[] {
  return [
    entry.verdict,
    entry.state,
    ...(isInUse(entry) ? [`${kindOf(entry)}-in-use`] : []),
    ...entry.reasons,
  ];
}

function reasonsOf(entry: InventoryEntry): Markup {
  if (entry.reasons.length === 0) return markup`${ELIGIBLE}`;
  return markup`<dl>${entry.reasons.map(
    (reason) =>
      markup`<dt>${reason}</dt><dd>${list(becauseOf(entry, reason))}</dd>`,
  )}</dl>`;
}

/** The roles are those that the elements have by themselves, until a style gives them another display. */
function row(entry: InventoryEntry, date: Date): Markup {
  const { chainId, name, domains, projectName, verdict, notAfter } = entry;
  const kind = isInUse(entry) ? kindOf(entry) : "used";
  return markup`<tr role="row" data-tags="${tagsOf(entry).join(" ")}">
<td role="cell" class="${verdict}">${verdict}</td>
<th role="rowheader" scope="row">${foreign(name || "(no name)")}<small>${foreign(chainId || "(no chain id)")}</small><small>${foreign(projectName)}</small></th>
<td role="cell">${domains.length === 0 ? "(none)" : list(domains.map(foreign))}</td>
<td role="cell" data-key="${instant(notAfter) ?? ""}">${foreign(expiry(entry, date))}${kind !== "used" && markup`<small>${sign(kind)}${WORDS[kind]}</small>`}</td>
<td role="cell">${reasonsOf(entry)}</td>
</tr>`;
}

/** A choice between tags, or between tags with other words for them. */
function choice(
  label: string,
  options: readonly (readonly [tag: string, words?: string])[],
): Markup {
  return markup`<label>${label}
      <select>
        <option value="">any</option>
        ${options.map(([tag, words = tag]) => markup`<option value="${tag}">${words}</option>`)}
      </select>
    </label>`;
}

/**
 * @param entries in the order in which they are shown: by expiry
 * @param now milliseconds since the epoch
 */
export function certificateSection(
  entries: readonly InventoryEntry[],
  now: number,
): Markup {
  const date = new Date(now);
  const held = new Set(entries.flatMap(({ reasons }) => reasons));
  return markup`<section aria-labelledby="all">
    <h2 id="all">All certificates</h2>
    ${
      entries.length === 0
        ? markup`<p>The account lists no certificate.</p>`
        : markup`<form hidden>
    <label class="search">Search
      <input type="search" placeholder="name, domain, chain id, reason" />
    </label>
    ${choice("Verdict", [["delete"], ["keep"]])}
    ${choice("State", [
      ["valid"],
      ["expired"],
      ["unreadable"],
      ["expired-in-use", WORDS.expired],
      ["expiring-in-use", WORDS.expiring],
    ])}
    ${choice(
      "Reason",
      REASONS.filter((reason) => held.has(reason)).map((reason) => [reason]),
    )}
    <button type="reset">Show all</button>
    </form>
    <noscript><p class="note">Without JavaScript the table can be neither sorted nor filtered.</p></noscript>
    <p role="status">${amount(entries.length, "certificate")}</p>
    <table role="table" class="${entries.length > LONG ? "long" : ""}">
      <caption class="unseen">Every certificate, its verdict and every reason to keep it</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Verdict</th>
          <th role="columnheader" scope="col">Certificate</th>
          <th role="columnheader" scope="col">Domains</th>
          <th role="columnheader" scope="col" aria-sort="ascending">Expires</th>
          <th role="columnheader" scope="col">Reasons</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
${entries.map((entry) => row(entry, date))}
      </tbody>
    </table>`
    }
  </section>`;
}
