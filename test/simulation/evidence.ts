/** What a round was served, and whether that is evidence at all. */
import type { Evidence } from "./statement.ts";
import type { Reading, Round, Run, World } from "./sweep-process.ts";
import type { Page } from "./vendor-records.ts";

/** The pages that a reading was served. */
export function pagesOf(world: World, reading: Reading): Page[] {
  return reading.requestIds.flatMap((id) => world.vendor.pages.get(id) ?? []);
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

/** The listings of a reading, by all that was asked but the page. */
function listingsOf(pages: readonly Page[]): Map<string, Page[]> {
  const listings = new Map<string, Page[]>();
  for (const page of pages) {
    const name = `${page.action} ${page.filter}`;
    const own = listings.get(name);
    if (own === undefined) listings.set(name, [page]);
    else own.push(page);
  }
  return listings;
}

interface Listing {
  /** The pages before the one that ended it. */
  readonly pages: readonly Page[];
  readonly first: Page | undefined;
  /** An empty or repeating page came. */
  readonly isEnded: boolean;
}

function listingOf(served: readonly Page[]): Listing {
  const inOrder = [...served].sort((a, b) => a.pageNum - b.pageNum);
  const [first] = inOrder;
  const seen = new Set<string>();
  const pages: Page[] = [];
  for (const page of inOrder) {
    const content = page.items
      .map((item) => nameOf(page.action, item))
      .join(" ");
    if (page.items.length === 0 || seen.has(content))
      return { pages, first, isEnded: true };
    seen.add(content);
    pages.push(page);
  }
  return { pages, first, isEnded: false };
}

/** What tells one row from another, in small letters. */
function nameOf(action: string, item: unknown): string {
  const field = action === "ListCertV2" ? "ChainID" : "Domain";
  const name: unknown =
    typeof item === "object" && item !== null ? Reflect.get(item, field) : "";
  return typeof name === "string" && name !== ""
    ? name.toLowerCase()
    : JSON.stringify(item);
}

/** The rows that stand on more than one page. */
function twinsOf({ pages }: Listing): Set<string> {
  const seen = new Set<string>();
  const twins = new Set<string>();
  for (const { action, items } of pages) {
    const here = new Set(items.map((item) => nameOf(action, item)));
    for (const name of here) (seen.has(name) ? twins : seen).add(name);
  }
  return twins;
}

const totalsOf = ({ pages, first }: Listing): number[] =>
  (pages.length === 0 && first !== undefined ? [first] : pages)
    .map(({ total }) => total)
    .filter((total) => typeof total === "number");

const countOf = ({ pages }: Listing): number =>
  pages.reduce((sum, { items }) => sum + items.length, 0);

/** How a listing shows that it moved while it was read; undefined if it does not. */
function shiftOf(listing: Listing, before: Listing): string | undefined {
  if (new Set(totalsOf(listing)).size > 1) return "its Totals differ";
  const known = twinsOf(before);
  const fresh = [...twinsOf(listing)].filter((name) => !known.has(name));
  return fresh.length === 0
    ? undefined
    : `${fresh.join(", ")} on two pages, and not so before`;
}

/**
 * What makes a round no evidence at all; undefined if it is one. A reading that repeats another may have seen the
 * expired certificates move, but nothing that speaks against a deletion.
 */
export function defectOf(
  world: World,
  run: Run,
  round: Round,
): string | undefined {
  const pages = pagesOf(world, round);
  const listings = listingsOf(pages);
  const before =
    round.before === undefined
      ? undefined
      : listingsOf(pagesOf(world, round.before));
  const names = [...listings.keys()];
  const projects = Math.max(
    1,
    run.options.configuration.policy.projectNames.length,
  );
  if (names.length !== 1 + 4 * projects) return "a listing is missing";
  if (new Set(pages.map(({ key }) => key)).size > 1) return "two keys";
  if (pages.some(({ date }) => date === undefined)) return "no date";
  for (const [name, served] of listings) {
    const listing = listingOf(served);
    if (!listing.isEnded) return `${name} did not end`;
    const isLenient = before !== undefined && served[0]?.expiring === true;
    const shift = shiftOf(listing, listingOf(before?.get(name) ?? []));
    if (shift !== undefined && !isLenient) return `${name}: ${shift}`;
    const came = countOf(listing);
    const totals = totalsOf(listing);
    if (totals.length > 0 && totals.every((total) => total > came))
      return `${name}: ${String(came)} came, and every Total says more`;
    if (name.startsWith("ListDomainDetail") && !totals.includes(came))
      return `${name}: ${String(came)} came, and no Total said so`;
  }
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

/**
 * Whether a reading missed a record of a certificate without showing it: a page was a lie, or something came and something
 * went so that neither a Total nor a twin tells. By the rules no reading can know.
 */
export function isMisleading(
  world: World,
  { readings }: Run,
  reading: Reading,
  chainId: string,
): boolean {
  const pages = pagesOf(world, reading);
  if (pages.some(({ lie }) => lie !== undefined)) return true;
  const previous = readings.findLast(
    ({ startedAt }) => startedAt < reading.startedAt,
  );
  const before = listingsOf(
    previous === undefined ? [] : pagesOf(world, previous),
  );
  const isThere = (row: unknown): boolean =>
    Reflect.get(Object(row), "chainId") === chainId;
  return [...listingsOf(pages)].some(
    ([name, served]) =>
      served.every(({ all }) => all.some(isThere)) &&
      !served.some((page) => hasCertificate(page, chainId)) &&
      shiftOf(listingOf(served), listingOf(before.get(name) ?? [])) ===
        undefined,
  );
}

/** Whether a page of certificates has one with this chain id, in lower case. */
export function hasCertificate(
  { action, items }: Page,
  chainId: string,
): boolean {
  return (
    action === "ListCertV2" &&
    items.some((item) => nameOf(action, item) === chainId)
  );
}
