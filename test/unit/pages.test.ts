import { describe, expect, it } from "vitest";
import {
  readPage,
  readPages,
  type Page,
  type Pages,
} from "../../functions/volcengine/pages.ts";
import {
  type Asked,
  but,
  chainIds,
  domain,
  failureOf,
  idsOf,
  observe,
  honest,
  pageOf,
  upTo,
  type Vendor,
} from "../world/listing-vendor.ts";
import { certificate } from "../world/account.ts";

describe("certificates that page oddly", () => {
  const list = upTo(250, certificate);

  it.each<[string, (asked: Asked, call: number) => unknown, number]>([
    ["no Total", (asked) => ({ CertList: pageOf(list, asked) }), 250],
    [
      "a Total of null",
      (asked) => ({ CertList: pageOf(list, asked), Total: null }),
      250,
    ],
    [
      "a Total of nothing but full pages",
      (asked) => ({ CertList: pageOf(list, asked), Total: 0 }),
      250,
    ],
    [
      "pages of at most 50",
      (asked) => ({ CertList: pageOf(list, asked, 50), Total: 250 }),
      250,
    ],
    ["paging ignored", () => ({ CertList: list, Total: 250 }), 250],
    ["paging ignored and no Total", () => ({ CertList: list }), 250],
    [
      "a full page for ever the same",
      () => ({ CertList: list.slice(0, 100), Total: 100 }),
      100,
    ],
    [
      "a page repeated at the end",
      (asked) => ({
        CertList: pageOf(list, {
          ...asked,
          PageNum: Math.min(asked.PageNum, 2),
        }),
        Total: 200,
      }),
      200,
    ],
    ["an absent list", () => ({ Total: 0 }), 0],
    ["a list of null", () => ({ CertList: null, Total: 0 }), 0],
    [
      "null after the last page",
      (asked) => ({
        CertList: asked.PageNum > 2 ? null : pageOf(list.slice(0, 200), asked),
      }),
      200,
    ],
  ])("with %s are complete", async (_what, result, count) => {
    const { seen, asked } = observe(
      but("ListCertV2", (ask, call) => ({ result: result(ask, call) })),
    );
    const { certificates } = await seen;
    expect(certificates.map(({ chainId }) => chainId)).toEqual(chainIds(count));
    expect(asked.length).toBeLessThanOrEqual(20);
  });

  it.each<[string, (asked: Asked, call: number) => unknown]>([
    [
      "a Total that is too high",
      (asked) => ({ CertList: pageOf(list, asked), Total: 251 }),
    ],
    [
      "an empty page in the middle",
      (asked) => ({
        CertList: asked.PageNum === 2 ? [] : pageOf(list, asked),
        Total: 250,
      }),
    ],
    [
      "a repeated page in the middle",
      (asked) => ({
        CertList: pageOf(list, { ...asked, PageNum: 1 }),
        Total: 250,
      }),
    ],
    ...["9", -1, 1.5, 2 ** 53, {}].map(
      (Total): [string, (asked: Asked) => unknown] => [
        `a Total of ${JSON.stringify(Total)}`,
        (asked) => ({ CertList: pageOf(list, asked), Total }),
      ],
    ),
    [
      "a Total that only the page behind the last one has",
      (asked) =>
        asked.PageNum === 1
          ? { CertList: pageOf(list.slice(0, 26), asked) }
          : { CertList: [], Total: 30 },
    ],
    [
      "new rows behind an empty page, though Total has been reached",
      ({ PageNum }) => ({
        CertList:
          [list.slice(0, 10), list.slice(10, 100), [], list.slice(100, 110)][
            PageNum - 1
          ] ?? [],
        Total: 100,
      }),
    ],
    ["a list that is none", () => ({ CertList: {}, Total: 1 })],
    ["a Result that is none", () => undefined],
    ["a Result of null", () => null],
    ["a Result that is a list", () => []],
  ])("with %s are no evidence, after a second look", async (_what, result) => {
    const { seen, pages } = observe(
      but("ListCertV2", (ask, call) => ({ result: result(ask, call) })),
    );
    await expect(seen).rejects.toMatchObject({
      kind: "incomplete-listing",
      message: expect.stringMatching(
        /^ListCertV2 (gave|answered|changed|has) .*so there is no complete evidence\.$/,
      ) as string,
    });
    expect(pages("ListCertV2").filter((page) => page === 1)).toHaveLength(2);
  });

  it("longer than asked are taken for all of them once they repeat, in whatever case", async () => {
    const again = list.map((item) => ({
      ...item,
      ChainID: String(item["ChainID"]).toUpperCase(),
    }));
    const { seen, pages } = observe(
      but("ListCertV2", ({ PageNum }) => ({
        result: { CertList: PageNum === 1 ? list : again, Total: 250 },
      })),
    );
    expect((await seen).certificates).toHaveLength(250);
    expect(pages("ListCertV2")).toEqual([1, 2]);
  });

  it("without end are no evidence, within 1,000 pages a look", async () => {
    const { seen, pages } = observe(
      but("ListCertV2", ({ PageNum }) => ({
        result: { CertList: upTo(100, (n) => certificate(PageNum * 100 + n)) },
      })),
    );
    await expect(seen).rejects.toMatchObject({ kind: "incomplete-listing" });
    expect(pages("ListCertV2").length).toBeLessThanOrEqual(2000);
  });

  it("with a Total of millions ask no page twice and give up", async () => {
    const { seen, asked } = observe(
      but("ListCertV2", (ask) => ({
        result: { CertList: pageOf(list, ask), Total: 2_000_000_000 },
      })),
    );
    await expect(seen).rejects.toMatchObject({ kind: "incomplete-listing" });
    expect(asked.length).toBeLessThan(40);
  });

  it("shifted by one that went away in between are read again", async () => {
    // Number 101 moves to page 1 once that has been read, so no page has it.
    const after = list.slice(1);
    const vendor = but("ListCertV2", (asked, call) => {
      const now = call === 1 ? list : after;
      return { result: { CertList: pageOf(now, asked), Total: now.length } };
    });
    const { seen } = observe(vendor);
    const { certificates } = await seen;
    expect(certificates.map(({ chainId }) => chainId)).toEqual(
      chainIds(250).slice(1),
    );
  });

  it("shifted by one that came in between are there once, and none is missing", async () => {
    const after = [certificate(999), ...list];
    const vendor = but("ListCertV2", (asked, call) => {
      const now = call === 1 ? list : after;
      return { result: { CertList: pageOf(now, asked), Total: now.length } };
    });
    expect(new Set(await idsOf(vendor))).toEqual(
      new Set([...chainIds(250), certificate(999)["ChainID"]]),
    );
  });
});

describe("domains that page oddly", () => {
  const list = upTo(1500, domain);
  const page = (asked: Asked) => pageOf(list, asked);

  it.each<[string, (asked: Asked) => unknown, number]>([
    ["paging ignored", () => ({ DomainList: list, Total: 1500 }), 1500],
    [
      "pages of at most 500",
      (asked) => ({ DomainList: pageOf(list, asked, 500), Total: 1500 }),
      1500,
    ],
    ["an absent list", () => ({ Total: 0 }), 0],
    ["a list of null", () => ({ DomainList: null, Total: 0 }), 0],
    ...[0, undefined, null, -1, "1000", 5000].map(
      (Total): [string, (asked: Asked) => unknown, number] => [
        `1,000 and then an empty page with a Total of ${String(Total)}`,
        (asked) =>
          asked.PageNum === 1
            ? { DomainList: list.slice(0, 1000), Total: 1000 }
            : { DomainList: [], Total },
        1000,
      ],
    ),
    [
      "an item twice that Total counts twice",
      (asked) => ({
        DomainList: pageOf([domain(1), domain(1)], asked),
        Total: 2,
      }),
      2,
    ],
    [
      "the same item on two pages, whenever they are read",
      (asked) => ({
        DomainList: pageOf([...list, domain(7)], asked, 500),
        Total: 1501,
      }),
      1501,
    ],
    [
      "a Total on the first page alone",
      (asked) => ({
        DomainList: pageOf(list, asked),
        ...(asked.PageNum === 1 && { Total: 1500 }),
      }),
      1500,
    ],
  ])("with %s are complete", async (_what, result, count) => {
    const { seen } = observe(
      but("ListDomainDetail", (asked) => ({ result: result(asked) })),
    );
    expect((await seen).domains).toHaveLength(count);
  });

  it.each<[string, (asked: Asked) => unknown]>([
    ["no Total", (asked) => ({ DomainList: page(asked) })],
    ["no Total and no list", () => ({})],
    [
      "a Total that is no number",
      (asked) => ({ DomainList: page(asked), Total: "1500" }),
    ],
    [
      "a Total that is too high",
      (asked) => ({ DomainList: page(asked), Total: 1501 }),
    ],
    [
      "a Total that is too low",
      (asked) => ({ DomainList: page(asked), Total: 1499 }),
    ],
    [
      "a fraction as Total",
      (asked) => ({ DomainList: page(asked), Total: 1500.5 }),
    ],
    [
      "a page that repeats",
      () => ({ DomainList: list.slice(0, 1000), Total: 1500 }),
    ],
    [
      "pages of at most 100, each with a Total of its own",
      (asked) => {
        const DomainList = pageOf(list, asked, 100);
        return { DomainList, Total: DomainList.length };
      },
    ],
    [
      "the first of them alone",
      (asked) => {
        const DomainList = pageOf(list.slice(0, 150), asked, 100);
        return { DomainList, Total: DomainList.length };
      },
    ],
    [
      "an empty first page and a Total",
      () => ({ DomainList: [], Total: 1500 }),
    ],
    ["an empty first page without a Total", () => ({ DomainList: [] })],
    [
      "an empty page in the middle",
      (asked) => ({
        DomainList: asked.PageNum === 2 ? [] : pageOf(list, asked, 500),
        Total: 1000,
      }),
    ],
    [
      "an item twice that Total counts once",
      () => ({
        DomainList: [domain(1), domain(1)],
        Total: 1,
      }),
    ],
    [
      "an item without a name",
      () => ({ DomainList: [{ ChainID: "" }], Total: 1 }),
    ],
    ["an item that is null", () => ({ DomainList: [null], Total: 1 })],
  ])("with %s are no evidence", async (_what, result) => {
    const failure = await failureOf(
      but("ListDomainDetail", (asked) => ({ result: result(asked) })),
    );
    expect(failure.kind).toBe("incomplete-listing");
    expect(failure.message).toMatch(
      /^(ListDomainDetail|Volcengine) (gave|answered|changed|has) .*so there is no complete evidence\.$/,
    );
  });

  it("shifted by one that went away in between are read again", async () => {
    // Number 1001 moves to page 1 once that has been read: what it is bound to would be missed.
    const after = list.slice(1);
    const vendor = but("ListDomainDetail", (asked, call) => {
      const now = call === 1 ? list : after;
      return { result: { DomainList: pageOf(now, asked), Total: now.length } };
    });
    const { domains } = await observe(vendor).seen;
    expect(domains.map(({ name }) => name)).toContain("d1001.example.com");
  });

  it("shifted by one that moved to the front, Total and count unchanged, are read again", async () => {
    // Number 1001 changes and moves to page 1 once that has been read; number 1000 is on both pages in its place.
    const after = [domain(1001), ...list.filter((_, n) => n !== 1000)];
    const vendor = but("ListDomainDetail", (asked, call) => ({
      result: {
        DomainList: pageOf(call === 1 ? list : after, asked),
        Total: 1500,
      },
    }));
    const { domains } = await observe(vendor).seen;
    expect(domains.map(({ name }) => name)).toContain("d1001.example.com");
  });

  it("that move to the front during every reading are no evidence", async () => {
    let front = 1500;
    const vendor = but("ListDomainDetail", (asked) => {
      if (asked.PageNum === 2) front -= 1;
      const moved = [domain(front), ...list.filter((_, n) => n !== front - 1)];
      return { result: { DomainList: pageOf(moved, asked), Total: 1500 } };
    });
    await expect(observe(vendor).seen).rejects.toMatchObject({
      kind: "incomplete-listing",
    });
  });
});

describe("an account that changes during both readings", () => {
  /** Fifty go and fifty come between the pages of every reading of one listing; `Total` tells that something goes on. */
  const restless = (restlessOnes: boolean): Vendor => {
    let gone = 0;
    return (asked) => {
      const { action, Available, Expiring, PageNum } = asked;
      if (action !== "ListCertV2" || Available !== true)
        return honest(0)(asked);
      if (Expiring !== restlessOnes)
        return {
          result: { CertList: pageOf([certificate(150)], asked), Total: 1 },
        };
      if (PageNum === 2) gone += 50;
      const now = upTo(200 + gone, certificate).slice(gone);
      return {
        result: {
          CertList: pageOf(now, asked),
          Total: PageNum === 1 ? 200 : 199,
        },
      };
    };
  };

  it("among the unexpired is no evidence: what was renewed would pass for expired", async () => {
    await expect(observe(restless(false)).seen).rejects.toMatchObject({
      kind: "incomplete-listing",
    });
  });

  it("among the expired is evidence of what came, and of nothing that did not", async () => {
    const { seen, list } = observe(restless(true));
    expect(await seen).toMatchObject({ isSettled: false });
    await expect(list()).rejects.toMatchObject({ kind: "incomplete-listing" });
  });

  it("and sends no Total is no evidence, though nothing else tells of it", async () => {
    // The renewed one stands first on page 2 and moves to page 1 once that has been read, in the first reading only.
    const list = upTo(150, certificate);
    let calls = 0;
    const { seen, pages } = observe((asked) => {
      if (asked["Available"] !== true || asked["Expiring"] !== false)
        return honest(0)(asked);
      calls += 1;
      return {
        result: { CertList: pageOf(calls === 1 ? list : list.slice(1), asked) },
      };
    });
    await expect(seen).rejects.toMatchObject({ kind: "incomplete-listing" });
    expect(pages("ListCertV2")).toHaveLength(2);
  });

  it("and then rests is settled", async () => {
    expect(await observe(honest(250)).seen).toMatchObject({ isSettled: true });
  });
});

const PAGING = { action: "List", list: "L", key: "Id", pageSize: 2 };

/** Reads pages of these ids, and an empty one behind them; `total` on the first. */
function pagesOf(ids: readonly string[][], total?: number): Promise<Pages> {
  return pagesWith(
    ids.map((page) => page.map((Id) => ({ Id }))),
    total,
  );
}

function pagesWith(pages: readonly unknown[][], total?: number) {
  return readPages(PAGING, (pageNum) =>
    Promise.resolve({
      items: pages[pageNum - 1] ?? [],
      total: pageNum === 1 ? total : undefined,
    }),
  );
}

describe("one page", () => {
  it.each<[unknown, number]>([
    [{ L: [], Total: "9" }, 1],
    [{ L: [1], Total: -1 }, 2],
    [{ L: [1], Total: 1.5 }, 2],
    [{ L: 1 }, 1],
    [null, 1],
  ])("%j as number %i is no answer to go by", (result, pageNum) => {
    expect(() => readPage(result, pageNum, PAGING)).toThrow(
      expect.objectContaining({
        kind: "incomplete-listing",
        outcome: "answered",
      }),
    );
  });

  it.each<[unknown, number, Page]>([
    [{ L: [], Total: "9" }, 2, { items: [], total: undefined }],
    [{ L: null, Total: 0 }, 1, { items: [], total: 0 }],
    [{ L: [1], Total: null }, 1, { items: [1], total: undefined }],
  ])("%j as number %i", (result, pageNum, page) => {
    expect(readPage(result, pageNum, PAGING)).toEqual(page);
  });
});

describe("pages repeat one another only where all rows do", () => {
  it.each([
    [
      "ids that run into each other",
      [
        ["ab", "c"],
        ["a", "bc"],
      ],
    ],
    ["ids that only capitals make one", [["ß"], ["ss"]]],
  ])("%s", async (_, ids) => {
    expect((await pagesOf(ids)).items).toHaveLength(ids.flat().length);
  });

  it("rows without an id are told apart by all that they say", async () => {
    const rows = [[{ Id: "", n: 1 }], [{ Id: "", n: 2 }], [{ n: 3 }], [4]];
    expect((await pagesWith(rows)).items).toEqual(rows.flat());
  });

  it("a row that is nested too deeply to be told apart is no evidence", async () => {
    let row: unknown = 1;
    for (let depth = 0; depth < 50_000; depth++) row = [row];
    await expect(pagesWith([[row]])).rejects.toThrow("nested too deeply");
  });

  it("what stands on one page twice has not moved", async () => {
    expect((await pagesOf([["a", "a"]])).twins).toEqual([]);
    expect((await pagesOf([["a"], ["b", "a"]])).twins).toEqual(["a"]);
  });
});

describe("without any Total", () => {
  it("one page needs no other proof, and several tell all their rows", async () => {
    expect((await pagesOf([["a", "b"]])).unproven).toBeUndefined();
    expect((await pagesOf([["a"], ["b"]], 2)).unproven).toBeUndefined();
    const told = await Promise.all(
      [
        [["ab"], ["c"]],
        [["a"], ["bc"]],
      ].map((ids) => pagesOf(ids)),
    );
    expect(new Set(told.map(({ unproven }) => unproven)).size).toBe(2);
  });
});

describe("pages are asked", () => {
  it("side by side as far as Total promises some, the empty one behind them too", async () => {
    const asked: number[] = [];
    let answer: (() => void) | undefined;
    const reading = readPages(PAGING, async (pageNum) => {
      asked.push(pageNum);
      if (pageNum === 1) return { items: [1, 2], total: 6 };
      await new Promise<void>((resolve) => {
        const others = answer;
        answer = () => {
          others?.();
          resolve();
        };
      });
      return { items: pageNum > 3 ? [] : [pageNum, -pageNum], total: 6 };
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([1, 2, 3, 4]);
    answer?.();
    expect((await reading).items).toHaveLength(6);
  });

  it("to the thousandth, and no further", async () => {
    const of = (pages: number) => pagesOf(upTo(pages, (n) => [String(n)]));
    expect((await of(999)).items).toHaveLength(999);
    await expect(of(1000)).rejects.toThrow("List has more than 1000 pages");
  });
});
