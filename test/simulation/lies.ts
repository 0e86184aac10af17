/** Pages that are not what was asked for. */
import type { Random } from "./random.ts";

export const LIES = [
  "paging-ignored",
  "page-repeated",
  "page-shifted",
  "page-skips",
  "list-null",
  "list-absent",
  "list-no-array",
  "total-low",
  "total-high",
  "total-absent",
  "total-text",
  "endless",
  "endless-repeating",
  "duplicates",
  "filter-ignored",
  "item-hidden",
  "no-result",
  "junk-items",
] as const;
export type Lie = (typeof LIES)[number];

export interface AskedPage {
  readonly pageNum: number;
  readonly pageSize: number;
}

export interface ServedPage {
  /** The value of the list's field. */
  readonly list: unknown;
  readonly total: unknown;
  readonly hasResult: boolean;
}

function slice(
  items: readonly unknown[],
  { pageNum, pageSize }: AskedPage,
  shift = 0,
): readonly unknown[] {
  const from = Math.max(0, (pageNum - 1) * pageSize + shift);
  return items.slice(from, from + pageSize);
}

/** A page of `items`; `invent` makes an item that nobody has. */
export function servePage(
  items: readonly unknown[],
  asked: AskedPage,
  lie: Lie | undefined,
  random: Random,
  invent: () => unknown,
): ServedPage {
  const honest: ServedPage = {
    list: slice(items, asked),
    total: items.length,
    hasResult: true,
  };
  const later = asked.pageNum > 1;
  switch (lie) {
    case undefined:
    case "filter-ignored":
      return honest;
    case "paging-ignored":
      return { ...honest, list: items };
    case "page-repeated":
      return { ...honest, list: slice(items, { ...asked, pageNum: 1 }) };
    case "page-shifted":
      return { ...honest, list: slice(items, asked, later ? -1 : 0) };
    case "page-skips":
      return { ...honest, list: slice(items, asked, later ? 1 : 0) };
    case "list-null":
      return { ...honest, list: null };
    case "list-absent":
      return { ...honest, list: undefined };
    case "list-no-array":
      return { ...honest, list: random.pick<unknown>(["", 0, {}, true]) };
    case "total-low":
      return {
        ...honest,
        total: Math.max(0, items.length - random.int(1, 3)),
      };
    case "total-high":
      return { ...honest, total: items.length + random.int(1, 300) };
    case "total-absent":
      return { ...honest, total: undefined };
    case "total-text":
      return { ...honest, total: String(items.length) };
    case "endless":
      return {
        ...honest,
        list: Array.from({ length: 5 }, invent),
        total: asked.pageNum * 5 + 1000,
      };
    case "endless-repeating":
      return {
        ...honest,
        list: random.chance(0.5) ? items.slice(0, 20) : items.slice(5, 30),
        total: 1e9,
      };
    case "duplicates":
      return {
        ...honest,
        list: slice(items, asked).flatMap((item) =>
          random.chance(0.2) ? [item, item] : [item],
        ),
      };
    case "item-hidden": {
      const hidden = items.filter(() => !random.chance(0.1));
      return {
        ...honest,
        list: slice(hidden, asked),
        total: hidden.length,
      };
    }
    case "no-result":
      return { ...honest, hasResult: false };
    case "junk-items":
      return {
        ...honest,
        list: [...slice(items, asked), random.pick<unknown>([null, 5, [], ""])],
        total: items.length + 1,
      };
  }
}
