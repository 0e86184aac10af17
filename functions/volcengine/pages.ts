/** Reads all pages of one listing: where it ends, and whether what came can be the whole of it. */
import { isObject } from "../contract/parsers.ts";
import { VendorFailure } from "../janitor/failure.ts";

/** Beyond this a listing cannot end within the life of its evidence, or never ends. */
const MAX_PAGES = 1000;
const PAGES_AHEAD = 8;

/** One listing of the vendor's, and how it is paged. */
export interface Paging {
  readonly action: string;
  /** The field of `Result` that holds the items, and the field of an item that tells it from others. */
  readonly list: string;
  readonly key: string;
  readonly pageSize: number;
}

export interface Page {
  readonly items: readonly unknown[];
  readonly total: number | undefined;
}

export interface Pages extends Page {
  /** `Total` of the page that ended the listing: where no other page has one, it may be the only one that says that there is more. */
  readonly totalAtEnd: number | undefined;
  /** All pages that hold items and a `Total` have the same one. */
  readonly isSteady: boolean;
  /** Keys of the items that stand on more than one page: either listed twice, or shifted there while others were passed over. */
  readonly twins: readonly string[];
  /** Where several pages have no `Total` among them, which nothing but another reading can prove whole: a text of all keys. */
  readonly unproven: string | undefined;
}

/** Why there is no evidence. */
export function incomplete(what: string): VendorFailure {
  return new VendorFailure(`${what}, so there is no complete evidence.`, {
    kind: "incomplete-listing",
    outcome: "answered",
  });
}

/** An item as text, to tell it from others; one that is nested too deeply for that is no item. */
function textOf(item: unknown): string {
  try {
    return JSON.stringify(item);
  } catch {
    throw incomplete("Volcengine gave something nested too deeply to be read");
  }
}

function keyOf(item: unknown, key: string): string {
  const id = isObject(item) ? item[key] : undefined;
  return typeof id === "string" && id !== "" ? id.toLowerCase() : textOf(item);
}

/** One page out of `Result`. A later page without items says nothing, whatever its `Total` is. */
export function readPage(
  result: unknown,
  pageNum: number,
  { action, list }: Paging,
): Page {
  const items = isObject(result) ? (result[list] ?? []) : undefined;
  if (!isObject(result) || !Array.isArray(items)) {
    throw incomplete(`${action} answered without a readable ${list}`);
  }
  const total = result["Total"] ?? undefined;
  // Stryker disable next-line ConditionalExpression: isSafeInteger looks at the type too; only the compiler needs this
  if (typeof total === "number" && Number.isSafeInteger(total) && total >= 0) {
    return { items, total };
  }
  if (total !== undefined && (items.length > 0 || pageNum === 1)) {
    throw incomplete(`${action} answered with a Total that is not a count`);
  }
  return { items, total: undefined };
}

/**
 * Reads all pages, several at a time as far as `Total` says that there are more, and one by one beyond, since it may lie.
 * Nothing ends a listing but an empty page or one that repeats an earlier one: a short page with a `Total` that agrees
 * may have been cut, and its `Total` be its own.
 */
export async function readPages(
  paging: Paging,
  fetchPage: (pageNum: number) => Promise<Page>,
): Promise<Pages> {
  const { action } = paging;
  const keysOf = (items: readonly unknown[]): string[] =>
    items.map((item) => keyOf(item, paging.key));
  const pages: Page[] = [];
  const contents = new Set<string>();
  let inOrder = 0;
  let end: number | undefined;
  const contentOf = ({ items }: Page): string => keysOf(items).join(" ");

  const take = (pageNum: number, page: Page): void => {
    pages[pageNum - 1] = page;
    for (let next; end === undefined; inOrder++) {
      next = pages[inOrder];
      if (next === undefined) return;
      const content = contentOf(next);
      if (next.items.length === 0 || contents.has(content)) end = inOrder;
      contents.add(content);
    }
  };
  const first = await fetchPage(1);
  take(1, first);
  // The pages that there should be, and the empty one behind them.
  const promised =
    1 + Math.ceil((first.total ?? 0) / Math.max(first.items.length, 1));
  let next = 2;
  let inFlight = 0;
  const worker = async (): Promise<void> => {
    while (end === undefined && (next <= promised || inFlight === 0)) {
      if (next > MAX_PAGES) {
        throw incomplete(`${action} has more than ${String(MAX_PAGES)} pages`);
      }
      const pageNum = next++;
      inFlight += 1;
      const page = await fetchPage(pageNum);
      inFlight -= 1;
      take(pageNum, page);
    }
  };
  await Promise.all(Array.from({ length: PAGES_AHEAD }, worker));

  // An empty first page is the whole of an empty listing, its Total included.
  const size = Math.max(end ?? 0, 1);
  const kept = pages.slice(0, size);
  const behind = pages.slice(size);
  if (behind.some((page) => !contents.has(contentOf(page)))) {
    throw incomplete(`${action} has items behind the page that ended it`);
  }
  const totals = kept.flatMap(({ total }) => total ?? []);
  return {
    items: kept.flatMap(({ items }) => items),
    total: totals.at(-1),
    totalAtEnd: behind[0]?.total,
    isSteady: totals.every((total) => total === totals[0]),
    twins: twinsOf(kept, paging.key),
    unproven:
      kept.length > 1 && totals.length === 0
        ? kept.map(contentOf).join(" ")
        : undefined,
  };
}

function twinsOf(pages: readonly Page[], key: string): string[] {
  const before = new Set<string>();
  return pages.flatMap(({ items }) => {
    const here = new Set(items.map((item) => keyOf(item, key)));
    const twins = [...here].filter((one) => before.has(one));
    for (const one of here) before.add(one);
    return twins;
  });
}
