/** What somebody has to act on, before anything else. */
import {
  noticeOf,
  renewalOf,
  timeLeft,
} from "../../../functions/janitor/foresight.ts";
import type { Reading } from "../reading.ts";
import { expiry } from "../table.ts";
import { becauseOf, isExpiredInUse, sign, titleOf, type Kind } from "./kind.ts";
import { foreign, list, markup, type Markup } from "./markup.ts";

/** Of one kind; the table has all. */
const MAX_WARNINGS = 25;

interface Warning {
  readonly subject: string;
  readonly when: string;
  readonly what: Markup;
}

interface Warnings<T> {
  readonly id: string;
  readonly kind: Kind;
  readonly title: string;
  readonly advice: string;
  readonly items: readonly T[];
  readonly warning: (item: T) => Warning;
}

/** A titled list; nothing without items. */
function group<T>({
  id,
  kind,
  title,
  advice,
  items,
  warning,
}: Warnings<T>): Markup | false {
  const more = items.length - MAX_WARNINGS;
  return (
    items.length > 0 &&
    markup`<h3 id="${id}">${sign(kind)}${title} <span class="count">${items.length}</span></h3>
    <p class="note">${advice}</p>
    <ul class="warnings" aria-labelledby="${id}">
      ${items.slice(0, MAX_WARNINGS).map((item) => {
        const { subject, when, what } = warning(item);
        return markup`<li><b>${foreign(subject)}</b> <span>${when}</span> <div>${what}</div></li>`;
      })}
    </ul>
    ${more > 0 && markup`<p class="note">and ${more} more: the table has all certificates</p>`}`
  );
}

export function warningSection({
  now,
  entries,
  expiring,
  graceDays,
}: Reading): Markup {
  const date = new Date(now);
  const groups = [
    group({
      id: "expired",
      kind: "expired",
      title: "Expired in use",
      advice:
        "Viewers may see errors now: bind a valid certificate to these domains.",
      items: entries.filter(isExpiredInUse),
      warning: (entry) => ({
        subject: titleOf(entry),
        when: expiry(entry, date),
        what: list(becauseOf(entry, "in-use")),
      }),
    }),
    group({
      id: "expiring",
      kind: "expiring",
      title: "Expiring in use",
      advice:
        "Bind a renewal to these domains in time, or viewers will see errors.",
      items: expiring.flatMap((one) =>
        one.domains.map((domain) => ({ one, domain })),
      ),
      warning: ({ one, domain }) => ({
        subject: domain.domain,
        when: timeLeft(one),
        what: markup`${foreign(renewalOf(domain))}
          <small>${foreign(one.name || one.chainId)}, ${expiry({ ...one, state: "valid" }, date)}</small>`,
      }),
    }),
    group({
      id: "coming",
      kind: "eligible",
      title: "Deletions to come",
      advice:
        "Still within the grace period: whoever needs one binds or protects it before.",
      items: entries.flatMap((entry) => {
        const notice = noticeOf(entry, graceDays);
        return notice === undefined ? [] : [{ entry, notice }];
      }),
      warning: ({ entry, notice }) => ({
        subject: titleOf(entry),
        when: expiry(entry, date),
        what: markup`${notice}
          <small>${foreign(entry.domains.join(", ") || "names no domain")}</small>`,
      }),
    }),
  ].filter((part) => part !== false);
  return markup`<section aria-labelledby="warnings">
    <h2 id="warnings">Warnings</h2>
    ${groups}
    ${groups.length === 0 && markup`<p>No certificate in use has expired or is about to, and no deletion is to come.</p>`}
  </section>`;
}
