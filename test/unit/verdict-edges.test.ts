import { describe, expect, it } from "vitest";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import { isChainId, isObject } from "../../functions/contract/parsers.ts";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import { readDomain } from "../../functions/janitor/in-use.ts";
import {
  judge,
  judgeOne,
  type Policy,
} from "../../functions/janitor/verdict.ts";

const NOW = Date.UTC(2026, 5, 15, 12);
const ID = "0123456789abcdef0123456789abcdef";
const POLICY: Policy = {
  graceDays: 7,
  unseenDomains: "keep",
  projectNames: [],
  protect: [],
};
const EXPIRED = {
  ChainID: ID,
  ChainIDVolc: "b".repeat(32),
  CertID: "8121",
  CertName: "leaf",
  CertDomainList: ["a.example.com"],
  NotBefore: "2025-01-01T00:00:00Z",
  NotAfter: "2026-06-07T12:00:00Z",
  Status: "Expire",
  ProjectName: "default",
};
const FREE = { Domain: "a.example.com", ChainID: "", CertDomain: "" };

interface Story {
  readonly record?: Record<string, unknown>;
  readonly twin?: Record<string, unknown>;
  readonly unexpired?: readonly Record<string, unknown>[];
  readonly expired?: readonly Record<string, unknown>[];
  readonly domains?: readonly unknown[];
  readonly policy?: Partial<Policy>;
  readonly now?: number;
}

function details(story: Story) {
  const record = { ...EXPIRED, ...story.record };
  const listing = (records: readonly Record<string, unknown>[]) =>
    records.map(readCertificateRecord);
  const [judgement] = judge(
    {
      certificates: uniteListings([
        {
          expiring: true,
          records: listing(
            story.expired ?? [
              record,
              ...(story.twin ? [{ ...record, ...story.twin }] : []),
            ],
          ),
        },
        { expiring: false, records: listing(story.unexpired ?? []) },
      ]),
      domains: (story.domains ?? [FREE]).flatMap(
        (item) => readDomain(item) ?? [],
      ),
    },
    { ...POLICY, ...story.policy },
    story.now ?? NOW,
  );
  return judgement!.details;
}

/** What an operator reads, word for word: these clauses are all that explains a kept certificate. */
describe("a detail says what was seen", () => {
  it.each<[string, Story, object[]]>([
    [
      "absent fields",
      {
        record: {
          ChainID: undefined,
          NotBefore: 1,
          NotAfter: null,
          Status: [],
        },
      },
      [
        {
          reason: "malformed-record",
          because: "ChainID is missing or not a string",
        },
        {
          reason: "malformed-record",
          because: "NotBefore is missing or not a string",
        },
        {
          reason: "malformed-record",
          because: "NotAfter is missing or not a string",
        },
        {
          reason: "malformed-record",
          because: "Status is missing or not a string",
        },
        {
          reason: "expiry-unreadable",
          field: "NotBefore",
          seen: "",
          because: "NotBefore is empty",
        },
        {
          reason: "expiry-unreadable",
          field: "NotAfter",
          seen: "",
          because: "NotAfter is empty",
        },
      ],
    ],
    [
      "a chain id of another shape and names that are no list",
      { record: { ChainID: "x", CertDomainList: [5] } },
      [
        {
          reason: "malformed-record",
          because: "ChainID is not 32 hex digits",
        },
        {
          reason: "malformed-record",
          because: "CertDomainList is not a list of strings",
        },
      ],
    ],
    [
      "a twin",
      { twin: { CertName: "twin" } },
      [
        {
          reason: "malformed-record",
          because: "its chain id is listed 2 times with different data",
        },
      ],
    ],
    [
      "a date without end",
      { record: { NotAfter: "y".repeat(99) } },
      [
        {
          reason: "expiry-unreadable",
          field: "NotAfter",
          seen: "y".repeat(99),
          because: `NotAfter "${"y".repeat(40)}" is not a date with time and zone`,
        },
      ],
    ],
    [
      "an unreadable beginning, and an end in the future",
      { record: { NotBefore: "soon", NotAfter: "2026-06-15T12:00:01Z" } },
      [
        {
          reason: "expiry-unreadable",
          field: "NotBefore",
          seen: "soon",
          because: 'NotBefore "soon" is not a date with time and zone',
        },
        {
          reason: "not-expired",
          because: "it is valid until 2026-06-15T12:00:01Z",
        },
      ],
    ],
    [
      "an inverted validity",
      { record: { NotBefore: "2026-06-07T12:00:00Z" } },
      [
        {
          reason: "validity-inverted",
          because:
            "it ends (2026-06-07T12:00:00Z) before it begins (2026-06-07T12:00:00Z)",
        },
      ],
    ],
    [
      "grace",
      { policy: { graceDays: 9 } },
      [
        {
          reason: "within-grace",
          because:
            "it expired 2026-06-07T12:00:00Z, within the grace of 9 days",
        },
      ],
    ],
    [
      "a status of its own",
      { record: { Status: "Z".repeat(30) } },
      [
        {
          reason: "status-conflict",
          because: `it expired 2026-06-07T12:00:00Z, but its Status is "${"Z".repeat(20)}", not "Expire"`,
        },
      ],
    ],
    [
      "the wrong listing",
      { expired: [], unexpired: [EXPIRED] },
      [
        {
          reason: "status-conflict",
          because:
            "it expired 2026-06-07T12:00:00Z, but no listing of expired certificates has it",
        },
        {
          reason: "status-conflict",
          because:
            "it expired 2026-06-07T12:00:00Z, but a listing of unexpired certificates has it",
        },
      ],
    ],
    [
      "bindings, each once",
      {
        domains: [
          FREE,
          { Domain: "Z.net.", ChainID: ID.toUpperCase() },
          { Domain: "y.net", ChainID: ID },
          { Domain: "z.net", ChainID: "8121" },
        ],
      },
      [
        {
          reason: "in-use",
          domain: "z.net",
          because: "domain z.net is bound to it",
        },
        {
          reason: "in-use",
          domain: "y.net",
          because: "domain y.net is bound to it",
        },
      ],
    ],
    [
      "no name, and a stranger",
      {
        record: { CertDomainList: [" ", ""] },
        domains: [
          FREE,
          { Domain: "z.net", ChainID: "21614" },
          { Domain: "y.net", ChainID: "21615" },
        ],
      },
      [
        {
          reason: "in-use",
          domain: "z.net",
          because:
            "it names no domain, and domain z.net is bound to 21614, which no listed certificate is called: that could be this one",
        },
      ],
    ],
    [
      "a name whose domain is bound to a stranger, once",
      {
        record: { CertDomainList: ["A.example.com.", "a.example.com"] },
        domains: [{ ...FREE, ChainID: "21614" }],
      },
      [
        {
          reason: "in-use",
          domain: "a.example.com",
          because:
            "it names a.example.com, and domain a.example.com is bound to 21614, which no listed certificate is called",
        },
      ],
    ],
    [
      "a wildcard over two strangers: the first",
      {
        record: { CertDomainList: ["*.example.com"] },
        domains: [
          FREE,
          { Domain: "b.example.com", ChainID: null },
          { Domain: "c.example.com", ChainID: "21614" },
        ],
      },
      [
        {
          reason: "in-use",
          domain: "b.example.com",
          because:
            "it names *.example.com, and domain b.example.com has a certificate that the vendor does not identify",
        },
      ],
    ],
    [
      "a name out of sight",
      { record: { CertDomainList: ["gone.net", "Gone.net"] } },
      [
        {
          reason: "domain-not-visible",
          domain: "gone.net",
          setting: "UNSEEN_DOMAINS",
          because:
            "it names gone.net, which is not a domain that this key can see; UNSEEN_DOMAINS=ignore disregards what cannot be seen",
        },
      ],
    ],
    [
      "protection by name and, for a time, by domain",
      {
        policy: {
          protect: [
            { match: "name", value: "LEA?", owner: "ops" },
            {
              match: "domain",
              value: "*.com",
              owner: "video",
              until: "2026-06-15",
            },
            { match: "chainId", value: "leaf", owner: "nobody" },
          ],
        },
      },
      [
        {
          reason: "protected",
          match: "name",
          value: "LEA?",
          owner: "ops",
          because: "ops protects name LEA?",
        },
        {
          reason: "protected",
          match: "domain",
          value: "*.com",
          owner: "video",
          because: "video protects domain *.com until 2026-06-15",
        },
      ],
    ],
    [
      "another project",
      { policy: { projectNames: ["a", "b"] } },
      [
        {
          reason: "out-of-scope",
          projectName: "default",
          because: 'its project "default" is not in PROJECT_NAMES',
        },
      ],
    ],
  ])("%s", (_what, story, expected) => {
    expect(details(story)).toEqual(expected);
  });

  it("protects to the end of the last day, and no longer", () => {
    const policy = {
      protect: [
        {
          match: "name" as const,
          value: "*",
          owner: "ops",
          until: "2026-06-15",
        },
      ],
    };
    const midnight = Date.UTC(2026, 5, 16);
    expect(details({ policy, now: midnight - 1 })).toHaveLength(1);
    expect(details({ policy, now: midnight })).toEqual([]);
  });
});

describe("the state", () => {
  const state = (...ends: unknown[]) =>
    judge(
      {
        certificates: uniteListings([
          {
            expiring: true,
            records: ends.map((NotAfter) =>
              readCertificateRecord({ ...EXPIRED, NotAfter }),
            ),
          },
        ]),
        domains: [],
      },
      POLICY,
      NOW,
    )[0]?.state;

  it.each([
    ["2026-06-15T12:00:00Z", "expired"],
    ["2026-06-15T12:00:00.001Z", "valid"],
    ["", "unreadable"],
  ])("of one that ends %j is %s", (end, expected) => {
    expect(state(end)).toBe(expected);
  });

  it("is valid if any record is, and unreadable if any other is", () => {
    expect(state("2026-06-01T00:00:00Z", "", "2026-07-01T00:00:00Z")).toBe(
      "valid",
    );
    expect(state("2026-06-01T00:00:00Z", "")).toBe("unreadable");
    expect(state("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")).toBe(
      "expired",
    );
  });
});

describe("a record", () => {
  it("is read field by field", () => {
    expect(
      readCertificateRecord({ ...EXPIRED, ChainIDVolc: "B".repeat(32) }),
    ).toEqual({
      chainId: ID,
      ids: [ID, "b".repeat(32), "8121"],
      name: "leaf",
      domains: ["a.example.com"],
      notBefore: "2025-01-01T00:00:00Z",
      notAfter: "2026-06-07T12:00:00Z",
      begins: Date.UTC(2025, 0, 1),
      ends: Date.UTC(2026, 5, 7, 12),
      status: "Expire",
      projectName: "default",
      defects: [],
    });
  });

  it.each([undefined, null, "text", 5, [EXPIRED], []])(
    "that is %j has nothing but defects",
    (item) => {
      expect(readCertificateRecord(item)).toEqual({
        chainId: "",
        ids: [],
        name: "",
        domains: [],
        notBefore: "",
        notAfter: "",
        status: "",
        projectName: "",
        defects: ["ChainID", "NotBefore", "NotAfter", "Status"].map(
          (name) => `${name} is missing or not a string`,
        ),
      });
    },
  );

  it.each([
    [undefined, [], []],
    [null, [], []],
    [[], [], []],
    ["a", [], ["CertDomainList is not a list of strings"]],
    [["a", 1], [], ["CertDomainList is not a list of strings"]],
    [["a", "b"], ["a", "b"], []],
  ])("with the names %j", (CertDomainList, domains, defects) => {
    expect(readCertificateRecord({ ...EXPIRED, CertDomainList })).toMatchObject(
      { domains, defects },
    );
  });

  it.each([
    ["an object", {}, true],
    ["null", null, false],
    ["a list", [], false],
    ["a text", "x", false],
  ])("of JSON: %s", (_what, value, expected) => {
    expect(isObject(value)).toBe(expected);
  });

  it.each([
    [ID, true],
    [ID.toUpperCase(), true],
    [`${ID}0`, false],
    [`0${ID}`, false],
    [ID.slice(1), false],
    [`${ID.slice(1)}g`, false],
    [`${ID}\n`, false],
  ])("has a chain id %j: %s", (text, expected) => {
    expect(isChainId(text)).toBe(expected);
  });
});

it("of records that say the same, the first is kept", () => {
  const read = (ChainID: string) =>
    readCertificateRecord({ ...EXPIRED, ChainID });
  const [first] = uniteListings([
    { expiring: true, records: [read(ID)] },
    { expiring: true, records: [read(ID.toUpperCase())] },
  ]);
  expect(first).toEqual({
    chainId: ID,
    records: [read(ID)],
    listedAsExpired: true,
    listedAsUnexpired: false,
  });
});

describe("a domain", () => {
  it.each<[unknown, object | undefined]>([
    [null, undefined],
    [[], undefined],
    ["a.net", undefined],
    [{}, undefined],
    [{ Domain: "" }, undefined],
    [{ Domain: 5 }, undefined],
    [
      { Domain: "A.Net.", ChainID: "AB", CertDomain: "a.net" },
      { name: "a.net", boundTo: "ab" },
    ],
    [
      { Domain: "a.net", ChainID: "" },
      { name: "a.net", boundTo: "" },
    ],
    [
      { Domain: "a.net", ChainID: "", CertDomain: null },
      { name: "a.net", boundTo: "" },
    ],
    [
      { Domain: "a.net", ChainID: "", CertDomain: "" },
      { name: "a.net", boundTo: "" },
    ],
    [
      { Domain: "a.net", ChainID: "", CertDomain: "a.net" },
      { name: "a.net", boundTo: undefined },
    ],
    [
      { Domain: "a.net", ChainID: "", CertDomain: 5 },
      { name: "a.net", boundTo: undefined },
    ],
    [{ Domain: "a.net" }, { name: "a.net", boundTo: undefined }],
    [
      { Domain: "a.net", ChainID: null, CertDomain: "" },
      { name: "a.net", boundTo: undefined },
    ],
    [
      { Domain: "a.b.", ChainID: "x" },
      { name: "a.b", boundTo: "x" },
    ],
  ])("of %j", (item, expected) => {
    expect(readDomain(item)).toEqual(expected);
  });

  it("of one label is covered by its own name only", () => {
    const names = (CertDomainList: string[]) =>
      details({
        record: { CertDomainList },
        domains: [{ Domain: "localhost", ChainID: "21614" }],
      }).map(({ reason }) => reason);
    expect(names(["localhost"])).toEqual(["in-use"]);
    expect(names(["*t"])).toEqual(["domain-not-visible"]);
    expect(names(["*localhost"])).toEqual(["domain-not-visible"]);
  });

  it("that is not visible is not excused by an asterisk elsewhere than in front of a dot", () => {
    const reasons = (wildcard: string) =>
      details({
        record: { CertDomainList: ["gone.example.com", wildcard] },
        domains: [{ Domain: "live.example.org", ChainID: "" }],
      }).map(({ reason }) => reason);
    expect(reasons("*.example.com")).toEqual(["domain-not-visible"]);
    expect(reasons("w*.example.com")).toEqual([
      "domain-not-visible",
      "domain-not-visible",
    ]);
  });

  it("of an empty first label is covered by a wildcard", () => {
    expect(
      details({
        record: { CertDomainList: ["*.net"] },
        domains: [{ Domain: ".net", ChainID: "21614" }],
      }),
    ).toMatchObject([{ reason: "in-use", domain: ".net" }]);
  });
});

describe("the one certificate that is named", () => {
  const OTHER = { ...EXPIRED, ChainID: "f".repeat(32), ProjectName: "media" };
  const named = (
    chainId: string,
    projectNames: readonly string[] = [],
    isSettled = true,
  ) =>
    judgeOne(
      {
        certificates: uniteListings([
          {
            expiring: true,
            records: [EXPIRED, OTHER].map(readCertificateRecord),
          },
        ]),
        domains: [],
        isSettled,
      },
      chainId,
      { ...POLICY, projectNames },
      NOW,
    );

  it("is found in either case, and judged as among all", () => {
    expect(named(ID.toUpperCase())).toMatchObject({
      certificate: { chainId: ID },
      reasons: ["domain-not-visible"],
    });
    expect(named("F".repeat(32))?.certificate.chainId).toBe(OTHER.ChainID);
  });

  it("is looked for in vain in a list that shifted: that proves nothing", () => {
    expect(named(ID, [], false)?.certificate.chainId).toBe(ID);
    expect(named(OTHER.ChainID, ["default"], false)).toBeUndefined();
    expect(() => named("0".repeat(32), [], false)).toThrow(VendorFailure);
  });

  it("does not exist where no listing has it, or in another project", () => {
    expect(named("0".repeat(32))).toBeUndefined();
    expect(named(OTHER.ChainID, ["default"])).toBeUndefined();
    expect(named(ID, ["default"])?.certificate.chainId).toBe(ID);
  });
});
