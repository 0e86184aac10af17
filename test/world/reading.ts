/** Readings of an account for what shows them. */
import type { InventoryEntry } from "../../functions/janitor/inventory.ts";
import type { Detail } from "../../functions/contract/reasons.ts";
import type { Reading } from "../../infra/local/reading.ts";

export const NOW = Date.parse("2026-11-24T12:00:00Z");
export const DAY = 86_400_000;

/**
 * A certificate that a sweep would delete, or whatever `over` makes of it.
 * @param days from now to its end
 */
export function entry(
  days: number,
  over: Partial<InventoryEntry> = {},
): InventoryEntry {
  const at = NOW + days * DAY;
  return {
    chainId: "4060e26538a149e2a87b420000000001",
    name: "certificate",
    domains: ["a.example"],
    notBefore: new Date(at - 90 * DAY).toISOString(),
    notAfter: new Date(at).toISOString(),
    status: "Expire",
    projectName: "default",
    state: "expired",
    expiring: false,
    verdict: "delete",
    reasons: [],
    details: [],
    ...over,
  };
}

export function inUse(domain: string): Detail {
  return {
    reason: "in-use",
    domain,
    because: `domain ${domain} is bound to it`,
  };
}

/** A certificate in use. */
export function used(
  days: number,
  over: Partial<InventoryEntry> = {},
): InventoryEntry {
  return entry(days, {
    state: days > 0 ? "valid" : "expired",
    verdict: "keep",
    reasons: days > 0 ? ["not-expired", "in-use"] : ["in-use"],
    details: [inUse("a.example")],
    ...over,
  });
}

export function reading(over: Partial<Reading> = {}): Reading {
  return { now: NOW, entries: [], expiring: [], graceDays: 7, ...over };
}
