/** What a certificate counts as in the picture. Each kind has a shape, a colour (by its class) and words of its own. */
import type { InventoryEntry } from "../../../functions/janitor/inventory.ts";
import type { Reason } from "../../../functions/contract/reasons.ts";
import { foreign, markup, type Markup } from "./markup.ts";

export const KINDS = ["expired", "expiring", "used", "eligible"] as const;
export type Kind = (typeof KINDS)[number];

export const WORDS: Readonly<Record<Kind, string>> = {
  expired: "expired, still in use",
  expiring: "in use, about to expire",
  used: "in use",
  eligible: "expired, would be deleted",
};

/** Around the origin, within 8 pixels. */
export const SHAPES: Readonly<Record<Kind, Markup>> = {
  expired: markup`<path d="M0-7 7 0 0 7-7 0z" />`,
  expiring: markup`<path d="M0-7 7 6H-7z" />`,
  used: markup`<circle r="5" />`,
  eligible: markup`<path d="M-5-6H5V6H-5z" />`,
};

/** The shape in running text, beside the words. */
export function sign(kind: Kind): Markup {
  return markup`<svg class="sign ${kind}" viewBox="-8 -8 16 16" aria-hidden="true">${SHAPES[kind]}</svg>`;
}

export function isInUse({ reasons }: InventoryEntry): boolean {
  return reasons.includes("in-use");
}

export function isExpiredInUse(entry: InventoryEntry): boolean {
  return entry.state === "expired" && isInUse(entry);
}

/** Of a certificate in use. */
export function kindOf(entry: InventoryEntry): Kind {
  if (isExpiredInUse(entry)) return "expired";
  return entry.expiring ? "expiring" : "used";
}

/** What a certificate is called: its name, else a domain, else its id. */
export function titleOf({ name, domains, chainId }: InventoryEntry): string {
  return name || domains[0] || chainId || "(no name)";
}

/** How many, and of what: `1 certificate`, `2 certificates`. */
export function amount(n: number, noun: string): string {
  return `${String(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** The sentences for one reason. */
export function becauseOf(
  { details }: InventoryEntry,
  reason: Reason,
): Markup[] {
  return details
    .filter((detail) => detail.reason === reason)
    .map(({ because }) => foreign(because));
}
