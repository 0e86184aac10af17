import { describe, expect, it } from "vitest";
import { readDomain } from "../../functions/janitor/in-use.ts";
import type { Reason } from "../../functions/contract/reasons.ts";
import {
  certificate,
  domain,
  id,
  judged,
  type Fields,
} from "../world/account.ts";

const A = domain("a.example.com");
const STRANGER = "21614";

/** The judgement of certificate 1, which names `names`. */
function named(names: unknown, domains: readonly Fields[], over: Fields = {}) {
  const [first] = judged(
    [certificate(1, { CertDomainList: names, ...over }), certificate(2)],
    domains,
  );
  return first!;
}

const UNUSED: readonly Reason[] = [];
const USED: readonly Reason[] = ["in-use"];
const UNSEEN: readonly Reason[] = ["domain-not-visible"];

describe("by the witness", () => {
  it.each<[string, unknown, readonly Fields[], readonly Reason[]]>([
    ["free", ["a.example.com"], [A], UNUSED],
    [
      "bound by ChainID",
      ["a.example.com"],
      [domain("a.example.com", id(1).toUpperCase())],
      USED,
    ],
    [
      "bound by CertID, to a domain that it does not name",
      ["a.example.com"],
      [A, domain("z.net", "8000001")],
      USED,
    ],
    [
      "its domain is bound to a stranger",
      ["a.example.com"],
      [domain("a.example.com", STRANGER)],
      USED,
    ],
    [
      "its wildcard covers a stranger's domain",
      ["*.example.com"],
      [domain("a.example.com", STRANGER)],
      USED,
    ],
    [
      "a wildcard stands for one label",
      ["*.example.com"],
      [A, domain("x.a.example.com", STRANGER)],
      UNUSED,
    ],
    [
      "another domain is bound to a stranger",
      ["a.example.com"],
      [A, domain("z.net", STRANGER)],
      UNUSED,
    ],
    [
      "its domain is bound to another listed one: the claim is refuted",
      ["a.example.com"],
      [domain("a.example.com", id(2).toUpperCase())],
      UNUSED,
    ],
    [
      "its domain has a certificate without identifier",
      ["a.example.com"],
      [{ ...A, CertDomain: "*.example.com" }],
      USED,
    ],
    [
      "nameless, and a stranger is bound",
      [],
      [domain("z.net", STRANGER)],
      USED,
    ],
    ["nameless, and nothing is bound to a stranger", [], [A], UNUSED],
    ["nameless, and no domain is visible", [], [], UNSEEN],
    ["only blank names, and no domain is visible", [" ", "."], [], UNSEEN],
    ["no domain is visible", ["a.example.com"], [], UNSEEN],
    [
      "a wildcard and its apex, and no domain is visible",
      ["*.example.com", "example.com"],
      [],
      UNSEEN,
    ],
    [
      "a wildcard and its apex cover nothing visible",
      ["*.example.com", "example.com"],
      [domain("live.other.com")],
      UNSEEN,
    ],
    [
      "an apex shares the fate of its wildcard, which covers a domain",
      ["*.example.com", "example.com"],
      [A],
      UNUSED,
    ],
    [
      "a name shares the fate of the wildcard that covers it",
      ["gone.example.com", "*.example.com"],
      [A],
      UNUSED,
    ],
    [
      "a name two labels below a wildcard does not",
      ["x.gone.example.com", "*.example.com"],
      [A],
      UNSEEN,
    ],
    [
      "a name beside the wildcard of another domain does not",
      ["live.gone.com", "*.example.com"],
      [A],
      UNSEEN,
    ],
    [
      "a wildcard below another wildcard stands for itself",
      ["*.gone.example.com", "*.example.com"],
      [A],
      UNSEEN,
    ],
    [
      "an asterisk elsewhere than in front of a dot is no wildcard",
      ["gone.example.com", "w*.example.com"],
      [domain("live.example.org")],
      UNSEEN,
    ],
    [
      "a Unicode wildcard over a stranger's punycode domain",
      ["*.例子.com"],
      [domain("live.xn--fsqu00a.com", STRANGER)],
      USED,
    ],
    [
      "a punycode wildcard over a stranger's Unicode domain",
      ["*.xn--fsqu00a.com"],
      [domain("Live.例子.com.", STRANGER)],
      USED,
    ],
    [
      "a Unicode name of a free punycode domain",
      [" 例子.COM. "],
      [domain("xn--fsqu00a.com")],
      UNUSED,
    ],
    [
      "a domain of one label, by its own name",
      ["localhost"],
      [domain("localhost", STRANGER)],
      USED,
    ],
    [
      "a domain of one label, by an asterisk without a dot",
      ["*localhost", "*t"],
      [domain("localhost", STRANGER)],
      UNSEEN,
    ],
    [
      "a domain whose first label is empty, by a wildcard",
      ["*.net"],
      [domain(".net", STRANGER)],
      USED,
    ],
  ])("%s", (_what, names, domains, reasons) => {
    expect(named(names, domains).reasons).toEqual(reasons);
  });

  it("is bound by any of its three identifiers, in any case", () => {
    const ids = { ChainIDVolc: "b".repeat(32), CertID: "Abc" };
    for (const boundTo of [id(1), "B".repeat(32), "aBC"])
      expect(
        named(["a.example.com"], [A, domain("z.net", boundTo)], ids).reasons,
      ).toEqual(USED);
  });

  it("disregards what cannot be seen where UNSEEN_DOMAINS says so, and nothing else", () => {
    const reasons = (names: readonly string[], domains: readonly Fields[]) =>
      judged([certificate(1, { CertDomainList: names })], domains, {
        unseenDomains: "ignore",
      })[0]?.reasons;
    for (const names of [[], ["gone.net"], ["*.gone.net"]])
      expect(reasons(names, [])).toEqual(UNUSED);
    expect(reasons(["*.gone.net"], [domain("a.gone.net", STRANGER)])).toEqual(
      USED,
    );
    expect(reasons([], [domain("a.net", STRANGER)])).toEqual(USED);
  });
});

describe("what is said of it", () => {
  const says = (...parts: readonly string[]): unknown =>
    expect.stringMatching(parts.join("[^]*"));

  it("names each bound domain once", () => {
    const { details } = named(
      ["a.example.com"],
      [
        A,
        domain("Z.net.", id(1).toUpperCase()),
        domain("y.net", id(1)),
        domain("z.net", "8000001"),
      ],
    );
    expect(details).toMatchObject([
      { reason: "in-use", domain: "z.net", because: says("z.net") },
      { reason: "in-use", domain: "y.net", because: says("y.net") },
    ]);
  });

  it("names the first stranger that could be this one, and whose it is", () => {
    const strangers = [A, domain("z.net", STRANGER), domain("y.net", "21615")];
    expect(named([" ", ""], strangers).details).toMatchObject([
      {
        reason: "in-use",
        domain: "z.net",
        because: says("names no domain", "z.net", STRANGER, "this one"),
      },
    ]);
  });

  it("names the name and the domain once, however they are spelt", () => {
    const bound = [domain("a.example.com", STRANGER)];
    const names = ["A.example.com.", "a.example.com"];
    expect(named(names, bound).details).toMatchObject([
      { domain: "a.example.com", because: says("it names a.ex", STRANGER) },
    ]);
  });

  it("names the first of two strangers below a wildcard, one of them without identifier", () => {
    const domains = [
      A,
      domain("b.example.com", null),
      domain("c.example.com", STRANGER),
    ];
    expect(named(["*.example.com"], domains).details).toMatchObject([
      {
        domain: "b.example.com",
        because: says("names \\*.example", "b.example", "not identify"),
      },
    ]);
  });

  it("names what is out of sight, once, and the setting", () => {
    const { details } = named(["gone.net", "Gone.net", "*.gone.org"], [A]);
    const common = { reason: "domain-not-visible", setting: "UNSEEN_DOMAINS" };
    expect(details).toMatchObject([
      {
        ...common,
        domain: "gone.net",
        because: says("gone.net", "not a domain", "UNSEEN_DOMAINS=ignore"),
      },
      {
        ...common,
        domain: "*.gone.org",
        because: says("gone.org", "covers no domain", "UNSEEN_DOMAINS=ignore"),
      },
    ]);
    expect(named(["gone.net"], []).details).toHaveLength(1);
    const [nameless] = named([], []).details;
    expect(nameless).toMatchObject({ ...common, because: says("cannot see") });
    expect(nameless).not.toHaveProperty("domain");
  });
});

describe("a domain", () => {
  it.each([null, [], "a.net", {}, { Domain: "" }, { Domain: 5 }])(
    "is not what %j says",
    (item) => {
      expect(readDomain(item)).toBeUndefined();
    },
  );

  it.each<[Fields, string | undefined]>([
    [{ ChainID: "AB", CertDomain: "a.net" }, "ab"],
    [{ ChainID: "x" }, "x"],
    [{ ChainID: "" }, ""],
    [{ ChainID: "", CertDomain: null }, ""],
    [{ ChainID: "", CertDomain: "" }, ""],
    [{ ChainID: "", CertDomain: "a.net" }, undefined],
    [{ ChainID: "", CertDomain: 5 }, undefined],
    [{}, undefined],
    [{ ChainID: null, CertDomain: "" }, undefined],
  ])("of %j is bound to %j", (item, boundTo) => {
    expect(readDomain({ Domain: "A.Net.", ...item })).toEqual({
      name: "a.net",
      boundTo,
    });
  });
});
