/** What a round was served, and whether that is evidence at all. */
import type { Evidence } from "./statement.ts";
import type { Round, Run, World } from "./sweep-process.ts";
import type { Page } from "./vendor-records.ts";

/** The pages that a round was served. */
export function pagesOf(world: World, round: Round): Page[] {
  return round.requestIds.flatMap((id) => world.vendor.pages.get(id) ?? []);
}

export function evidenceOf(pages: readonly Page[]): Evidence {
  return {
    listings: pages
      .filter(({ action }) => action === "ListCertV2")
      .map(({ expiring, items }) => ({ expiring, records: items })),
    domains: pages
      .filter(({ action }) => action === "ListDomainDetail")
      .flatMap(({ items }) => items),
  };
}

/** What makes a round no evidence at all; undefined if it is one. */
export function defectOf(
  pages: readonly Page[],
  run: Run,
  round: Round,
): string | undefined {
  const domains = pages.filter(({ action }) => action === "ListDomainDetail");
  const certificates = pages.filter(({ action }) => action === "ListCertV2");
  if (domains.length === 0 || certificates.length < 4)
    return "a listing is missing";
  if (new Set(pages.map(({ key }) => key)).size > 1) return "two keys";
  if (pages.some(({ date }) => date === undefined)) return "no date";
  for (const filter of new Set(certificates.map((page) => page.filter))) {
    const own = certificates.filter((page) => page.filter === filter);
    const came = own.reduce((sum, { items }) => sum + items.length, 0);
    const totals = own
      .map(({ total }) => total)
      .filter((total) => typeof total === "number");
    if (totals.length > 0 && totals.every((total) => total > came))
      return `${String(came)} certificates came, and every Total says more`;
  }
  const distinct = new Set(
    domains.flatMap(({ items }) => items.map((item) => JSON.stringify(item))),
  ).size;
  if (!domains.some(({ total }) => total === distinct))
    return `${String(distinct)} domains came, and no Total said so`;
  // Where the clock was set in between, each page had been compared with what it said then.
  if (run.options.wallJump !== undefined) return undefined;
  // The header has whole seconds, and the answer its way to come.
  const reading = round.endedAt - round.startedAt;
  return pages.some(
    ({ date = 0 }) => Math.abs(date - round.judgedAt) > 302_000 + reading,
  )
    ? "the clocks differ by more than 5 minutes"
    : undefined;
}
