import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import {
  byExpiry,
  inventory,
  inventoryEntries,
  readCursor,
  type Inventory,
  type InventoryEntry,
  type InventoryQuery,
} from "../../functions/janitor/inventory.ts";
import type { Domain } from "../../functions/janitor/in-use.ts";
import { judge, type Policy } from "../../functions/janitor/verdict.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const POLICY: Policy = {
  graceDays: 0,
  unseenDomains: "keep",
  projectNames: [],
  protect: [],
};

type Fields = Readonly<Record<string, unknown>>;

function id(n: number): string {
  return n.toString(16).padStart(32, "0");
}

function fields(n: number, over: Fields = {}): Fields {
  return {
    ChainID: id(n),
    CertName: `c${String(n)}`,
    CertDomainList: [],
    NotBefore: "2024-01-01T00:00:00Z",
    NotAfter: "2025-01-01T00:00:00Z",
    Status: "Expire",
    ProjectName: "default",
    ...over,
  };
}

function judged(
  items: readonly Fields[],
  policy: Partial<Policy> = {},
  domains: readonly Domain[] = [{ name: "free.net", boundTo: "" }],
): InventoryEntry[] {
  const records = items.map(readCertificateRecord);
  const certificates = uniteListings([{ expiring: true, records }]);
  const observation = { certificates, domains };
  const judgements = judge(observation, { ...POLICY, ...policy }, NOW);
  return inventoryEntries(judgements, domains, "auto", NOW);
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

const valid = { NotAfter: "2027-01-01T00:00:00Z", Status: "OK" };

describe("the order", () => {
  it("is by expiry, then chain id in any case, what has no date last", () => {
    const entries = judged([
      fields(1, { CertName: "no date", NotAfter: "soon" }),
      fields(2, { CertName: "later", NotAfter: "2026-05-01T00:00:00+08:00" }),
      fields(0xbb, { CertName: "tie b" }),
      fields(0xaa, { CertName: "tie a", ChainID: id(0xaa).toUpperCase() }),
      fields(3, { CertName: "first", NotAfter: "2024-06-01T00:00:00Z" }),
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
    const entries = judged([
      fields(1, { CertName: "b", NotAfter: "2025-01-01T01:00:00+00:00" }),
      fields(2, { CertName: "a", NotAfter: "2025-01-01T02:00:00+08:00" }),
    ]);
    expect(names(pages(entries, { limit: 10 }))).toEqual(["a", "b"]);
  });

  it("is the same wherever certificates are shown", () => {
    const entries = judged([fields(3), fields(1), fields(2)]);
    const sorted = byExpiry(entries).map(({ name }) => name);
    expect(sorted).toEqual(["c1", "c2", "c3"]);
  });
});

describe("an entry", () => {
  it("shows the certificate and its verdict", () => {
    const [page] = pages(judged([fields(1, valid)]), { limit: 10 });
    expect(page?.certificates).toEqual([
      {
        chainId: id(1),
        name: "c1",
        domains: [],
        notBefore: "2024-01-01T00:00:00Z",
        notAfter: valid.NotAfter,
        status: "OK",
        projectName: "default",
        state: "valid",
        expiring: false,
        verdict: "keep",
        reasons: ["not-expired"],
        details: [
          {
            reason: "not-expired",
            because: "it is valid until 2027-01-01T00:00:00Z",
          },
        ],
      },
    ]);
  });
});

describe("the counts", () => {
  const mixed = [
    fields(1),
    fields(2),
    fields(3, { Status: "OK" }),
    fields(4, valid),
    fields(5, { NotAfter: "?" }),
    fields(6, { ProjectName: "elsewhere" }),
  ];

  it("are of the whole account, but for what is shown", () => {
    expect(
      inventory(judged(mixed), { limit: 2, verdict: "delete" }),
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
    const soon = { ...valid, NotAfter: "2026-12-01T00:00:00Z" };
    const bound: Domain[] = [1, 2, 3, 6].map((n) => ({
      name: `d${String(n)}.net`,
      boundTo: id(n),
    }));
    const entries = judged(
      [
        fields(1, soon),
        fields(2, valid),
        fields(3),
        fields(4, soon),
        fields(6, { ...soon, ProjectName: "elsewhere" }),
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
    const page = inventory(judged(mixed, { projectNames: ["default"] }), {
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
    const page = inventory(judged(mixed), { limit: 10, ...query });
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
    const entries = judged(Array.from({ length: count }, (_, n) => fields(n)));
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
          const entries = judged(
            items.map(({ n, ChainID, ...over }) => {
              const spelled = {
                hex: id(n),
                HEX: id(n).toUpperCase(),
                "": "",
                odd: `odd-${String(n)}`,
              };
              return fields(n, {
                ...over,
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
    const five = [1, 2, 3, 4, 5].map((n) => fields(n));
    const { next } = inventory(judged(five), { limit: 2 });
    const after = readCursor(next ?? "");
    const left = judged(five.filter((_, index) => index !== 1));
    expect(names([inventory(left, { limit: 10, after })])).toEqual([
      "c3",
      "c4",
      "c5",
    ]);
  });

  it("ends a page early that would grow too long", () => {
    const long = "x".repeat(300_000);
    const entries = judged(
      Array.from({ length: 20 }, (_, n) =>
        fields(n, { CertName: `${String(n)}${long}` }),
      ),
    );
    const all = pages(entries, { limit: 1000 });
    for (const page of all) {
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(3_000_000);
    }
    expect(names(all)).toHaveLength(20);
    expect(all.length).toBeLessThan(6);
  });

  it("stays far below 6 MB of bytes in any script", () => {
    const long = "证".repeat(300_000);
    const entries = judged(
      Array.from({ length: 20 }, (_, n) =>
        fields(n, { CertName: `${String(n)}${long}` }),
      ),
    );
    for (const page of pages(entries, { limit: 1000 })) {
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(4_000_000);
    }
  });
});

describe("a cursor", () => {
  const encode = (value: unknown) =>
    Buffer.from(JSON.stringify(value)).toString("base64url");

  it.each<[string, string]>([
    ["no base64", "*"],
    ["no JSON", Buffer.from("x").toString("base64url")],
    ["an object", encode({})],
    ["null", encode(null)],
    ["too short", encode([1, "a"])],
    ["too long", encode([1, "a", "b", "c"])],
    ["of other types", encode(["1", "a", "b"])],
    ["with a number for a chain id", encode([1, 2, "b"])],
    ["with null for a tie", encode([1, "a", null])],
    ["empty", ""],
  ])("that is %s stands for nothing", (_what, cursor) => {
    expect(readCursor(cursor)).toBeUndefined();
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
    const entries = judged([
      fields(1, over),
      fields(2, { NotAfter: "2026-01-01T00:00:00Z" }),
    ]);
    const { next } = inventory(entries, { limit: 1 });
    expect(next).toMatch(/^[\w-]{1,1000}$/);
    expect(names(pages(entries, { limit: 1 }))).toHaveLength(2);
  });
});
