import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  byExpiry,
  inventory,
  inventoryEntries,
  readCursor,
  type Inventory,
  type InventoryEntry,
  type InventoryQuery,
} from "../../functions/janitor/inventory.ts";
import type { Policy } from "../../functions/janitor/verdict.ts";
import {
  certificate,
  domain,
  ending,
  id,
  judged,
  NOW,
  observed,
  type Fields,
} from "../world/account.ts";

function entriesOf(
  items: readonly Fields[],
  policy: Partial<Policy> = {},
  domains: readonly Fields[] = [domain("free.net")],
): InventoryEntry[] {
  const seen = observed(items, domains).domains;
  const judgements = judged(items, domains, policy);
  return inventoryEntries(judgements, seen, "auto", NOW);
}

/** Follows the cursors as a client does, through text, and gives every page. */
function pages(
  entries: readonly InventoryEntry[],
  query: Partial<InventoryQuery> & { limit: number },
): Inventory[] {
  const all: Inventory[] = [];
  let cursor: string | null = null;
  do {
    const after = cursor === null ? undefined : readCursor(cursor);
    const page = inventory(entries, { ...query, after });
    expect(page.certificates.length).toBeGreaterThan(all.length === 0 ? -1 : 0);
    all.push(page);
    expect(all.length).toBeLessThan(100); // else a cursor leads nowhere
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

function names(list: readonly Inventory[]): string[] {
  return list.flatMap(({ certificates }) =>
    certificates.map(({ name }) => name),
  );
}

const valid = ending(38, 365);

describe("the order", () => {
  it("is by expiry, then chain id in any case, what has no date last", () => {
    const entries = entriesOf([
      certificate(1, { CertName: "no date", NotAfter: "soon" }),
      certificate(2, {
        CertName: "later",
        NotAfter: "2026-11-01T00:00:00+08:00",
      }),
      certificate(0xbb, { CertName: "tie b" }),
      certificate(0xaa, { CertName: "tie a", ChainID: id(0xaa).toUpperCase() }),
      certificate(3, { CertName: "first", NotAfter: "2024-06-01T00:00:00Z" }),
    ]);
    expect(names(pages(entries, { limit: 10 }))).toEqual([
      "first",
      "tie a",
      "tie b",
      "later",
      "no date",
    ]);
  });

  it("is by the moment, not by the text", () => {
    const entries = entriesOf([
      certificate(1, { CertName: "b", NotAfter: "2025-01-01T01:00:00+00:00" }),
      certificate(2, { CertName: "a", NotAfter: "2025-01-01T02:00:00+08:00" }),
    ]);
    expect(names(pages(entries, { limit: 10 }))).toEqual(["a", "b"]);
  });

  it("is the same wherever certificates are shown", () => {
    const entries = entriesOf([certificate(3), certificate(1), certificate(2)]);
    const sorted = byExpiry(entries).map(({ name }) => name);
    expect(sorted).toEqual(["c1", "c2", "c3"]);
  });
});

describe("an entry", () => {
  it("shows the certificate and its verdict", () => {
    const [page] = pages(entriesOf([certificate(1, valid)]), { limit: 10 });
    expect(page?.certificates).toEqual([
      {
        chainId: id(1),
        name: "c1",
        domains: [],
        notBefore: "2026-01-01T12:00:00.000Z",
        notAfter: "2027-01-01T12:00:00.000Z",
        status: "OK",
        projectName: "default",
        state: "valid",
        expiring: false,
        verdict: "keep",
        reasons: ["not-expired"],
        details: [
          {
            reason: "not-expired",
            because: "it is valid until 2027-01-01T12:00:00.000Z",
          },
        ],
      },
    ]);
  });
});

describe("the counts", () => {
  const mixed = [
    certificate(1),
    certificate(2),
    certificate(3, { Status: "OK" }),
    certificate(4, valid),
    certificate(5, { NotAfter: "?" }),
    certificate(6, { ProjectName: "elsewhere" }),
  ];

  it("are of the whole account, but for what is shown", () => {
    expect(
      inventory(entriesOf(mixed), { limit: 2, verdict: "delete" }),
    ).toMatchObject({
      counts: {
        listed: 6,
        shown: 2,
        delete: 3,
        keep: 3,
        expired: 4,
        valid: 1,
        expiring: 0,
      },
    });
  });

  it("and the state expiring are of what is bound and valid, but not for long", () => {
    const soon = ending(7);
    const bound = [1, 2, 3, 6].map((n) => domain(`d${String(n)}.net`, id(n)));
    const entries = entriesOf(
      [
        certificate(1, soon),
        certificate(2, valid),
        certificate(3),
        certificate(4, soon),
        certificate(6, { ...soon, ProjectName: "elsewhere" }),
      ],
      { projectNames: ["default"] },
      bound,
    );
    const page = inventory(entries, { limit: 10, state: "expiring" });
    expect(names([page])).toEqual(["c1"]);
    expect(page.certificates[0]).toMatchObject({
      state: "valid",
      expiring: true,
      reasons: ["not-expired", "in-use"],
    });
    expect(page.counts).toMatchObject({ shown: 1, valid: 3, expiring: 1 });
    const all = inventory(entries, { limit: 10 });
    expect(all.certificates.map(({ expiring }) => expiring)).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });

  it("leave out other projects, which do not exist here", () => {
    const page = inventory(entriesOf(mixed, { projectNames: ["default"] }), {
      limit: 10,
    });
    expect(page.counts).toEqual({
      listed: 5,
      shown: 5,
      delete: 2,
      keep: 3,
      expired: 3,
      valid: 1,
      expiring: 0,
    });
    expect(names([page])).not.toContain("c6");
  });

  it.each<[Partial<InventoryQuery>, string[]]>([
    [{ verdict: "delete" }, ["c1", "c2", "c6"]],
    [{ verdict: "keep" }, ["c3", "c4", "c5"]],
    [{ state: "expired" }, ["c1", "c2", "c3", "c6"]],
    [{ state: "valid" }, ["c4"]],
    [{ state: "expired", verdict: "keep" }, ["c3"]],
    [{ state: "valid", verdict: "delete" }, []],
  ])("follow no filter; %j shows %j", (query, shown) => {
    const page = inventory(entriesOf(mixed), { limit: 10, ...query });
    expect(names([page])).toEqual(shown);
    expect(page.counts).toMatchObject({ listed: 6, shown: shown.length });
  });
});

describe("paging", () => {
  it.each([
    [0, 5, 1],
    [5, 5, 1],
    [6, 5, 2],
    [10, 1, 10],
    [10, 3, 4],
  ])("%i certificates by %i are on %i pages", (count, limit, pageCount) => {
    const entries = entriesOf(
      Array.from({ length: count }, (_, n) => certificate(n)),
    );
    const all = pages(entries, { limit });
    expect(all).toHaveLength(pageCount);
    expect(names(all)).toEqual(
      Array.from({ length: count }, (_, n) => `c${String(n)}`),
    );
    expect(all.at(-1)?.next).toBeNull();
  });

  it("neither loses nor repeats any, whatever the ties", () => {
    const item = fc.record({
      n: fc.integer({ min: 0, max: 60 }),
      ChainID: fc.constantFrom("hex", "HEX", "", "odd"),
      NotAfter: fc.constantFrom(
        "2025-01-01T00:00:00Z",
        "2025-01-01T08:00:00+08:00",
        "2026-01-01T00:00:00Z",
        "",
        "?",
      ),
      CertName: fc.constantFrom("a", "b", "证书"),
    });
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        (items, limit) => {
          const entries = entriesOf(
            items.map(({ n, ChainID, ...over }) => {
              const spelled = {
                hex: id(n),
                HEX: id(n).toUpperCase(),
                "": "",
                odd: `odd-${String(n)}`,
              };
              return certificate(n, {
                ...over,
                CertID: "",
                ChainID: spelled[ChainID],
              });
            }),
          );
          const shown = pages(entries, { limit }).flatMap(
            ({ certificates }) => certificates,
          );
          expect(shown).toHaveLength(entries.length);
          expect(
            new Set(shown.map((entry) => JSON.stringify(entry))),
          ).toHaveLength(entries.length);
          expect(shown).toEqual(byExpiry(shown));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("goes on behind the cursor also when that entry has gone", () => {
    const five = [1, 2, 3, 4, 5].map((n) => certificate(n));
    const { next } = inventory(entriesOf(five), { limit: 2 });
    const after = readCursor(next ?? "");
    const left = entriesOf(five.filter((_, index) => index !== 1));
    expect(names([inventory(left, { limit: 10, after })])).toEqual([
      "c3",
      "c4",
      "c5",
    ]);
  });

  it("skips none that ties with the last one, though one before them is gone", () => {
    // All that tells these two apart lies beyond what a cursor holds of an id.
    const ties = ["a", "b"].map((end) =>
      certificate(1, { ChainID: `${"x".repeat(64)}${end}`, CertName: end }),
    );
    const gone = certificate(1, { ChainID: "" });
    const { certificates, next } = inventory(entriesOf([gone, ...ties]), {
      limit: 2,
    });
    expect(certificates.map(({ name }) => name)).toEqual(["c1", "a"]);
    const after = readCursor(next ?? "");
    expect(names([inventory(entriesOf(ties), { limit: 2, after })])).toEqual([
      "b",
    ]);
  });

  it("ends a page behind the entry with which it grows beyond two million bytes, in any script", () => {
    const [empty] = entriesOf([certificate(1, { CertName: "" })]);
    const room = 2_000_000 - Buffer.byteLength(JSON.stringify(empty));
    for (const [CertName, shown] of [
      ["x".repeat(room), 2],
      ["x".repeat(room + 1), 1],
      ["证".repeat(room / 3 + 1), 1],
    ] as const) {
      const entries = entriesOf([
        certificate(1, { CertName }),
        certificate(2),
        certificate(3, { CertName }),
      ]);
      const all = pages(entries, { limit: 1000 });
      expect(all[0]?.certificates).toHaveLength(shown);
      expect(names(all)).toHaveLength(3);
    }
  });
});

describe("a cursor", () => {
  const encode = (value: unknown) =>
    Buffer.from(JSON.stringify(value)).toString("base64url");

  it.each(["", "*", Buffer.from("x").toString("base64url")])(
    "that is %j stands for nothing",
    (cursor) => {
      expect(readCursor(cursor)).toBeUndefined();
    },
  );

  it.each([
    [{}],
    [{ length: 3 }],
    ["1a0"],
    [null],
    [[1, "a"]],
    [[1, "a", 0, 0]],
    [["1", "a", 0]],
    [[1, 2, 0]],
    [[1, "a", "0"]],
    [[1, "a", null]],
  ])("of %j stands for nothing", (value) => {
    expect(readCursor(encode(value))).toBeUndefined();
  });

  it("is read as it was made", () => {
    expect(readCursor(encode([1, "a", 2]))).toEqual([1, "a", 2]);
  });

  it.each<[string, Fields]>([
    ["a usual certificate", {}],
    ["no chain id", { ChainID: "", CertName: "n".repeat(40), Status: 1 }],
    [
      "no chain id and many domains",
      {
        ChainID: "",
        CertDomainList: Array.from(
          { length: 100 },
          (_, n) => `d${String(n)}.example.com`,
        ),
      },
    ],
    ["a chain id without end", { ChainID: "x".repeat(5000) }],
  ])("behind %s is one that the API takes back", (_what, over) => {
    const entries = entriesOf([
      certificate(1, over),
      certificate(2, { NotAfter: "2026-01-01T00:00:00Z" }),
    ]);
    const { next } = inventory(entries, { limit: 1 });
    expect(next).toMatch(/^[\w-]{1,1000}$/);
    expect(names(pages(entries, { limit: 1 }))).toHaveLength(2);
  });
});
