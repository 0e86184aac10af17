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
  const total = items.length;
  const list = slice(items, asked);
  const later = Number(asked.pageNum > 1);
  const told = (): Partial<ServedPage> => {
    switch (lie) {
      case undefined:
      case "filter-ignored":
        return {};
      case "paging-ignored":
        return { list: items };
      case "page-repeated":
        return { list: slice(items, { ...asked, pageNum: 1 }) };
      case "page-shifted":
        return { list: slice(items, asked, -later) };
      case "page-skips":
        return { list: slice(items, asked, later) };
      case "list-null":
        return { list: null };
      case "list-absent":
        return { list: undefined };
      case "list-no-array":
        return { list: random.pick<unknown>(["", 0, {}, true]) };
      case "total-low":
        return { total: Math.max(0, total - random.int(1, 3)) };
      case "total-high":
        return { total: total + random.int(1, 300) };
      case "total-absent":
        return { total: undefined };
      case "total-text":
        return { total: String(total) };
      case "endless": {
        const invented = Array.from({ length: 5 }, invent);
        return { list: invented, total: asked.pageNum * 5 + 1000 };
      }
      case "endless-repeating": {
        const [from, to] = random.chance(0.5) ? [0, 20] : [5, 30];
        return { list: items.slice(from, to), total: 1e9 };
      }
      case "duplicates":
        return {
          list: list.flatMap((item) =>
            random.chance(0.2) ? [item, item] : [item],
          ),
        };
      case "item-hidden": {
        const shown = items.filter(() => !random.chance(0.1));
        return { list: slice(shown, asked), total: shown.length };
      }
      case "no-result":
        return { hasResult: false };
      case "junk-items": {
        const junk = random.pick<unknown>([null, 5, [], ""]);
        return { list: [...list, junk], total: total + 1 };
      }
    }
  };
  return { list, total, hasResult: true, ...told() };
}
