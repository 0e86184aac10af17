import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globMatches } from "../../functions/janitor/protect.ts";
import { glob } from "../simulation/statement.ts";
import { certificate, id, judged, NOW } from "../world/account.ts";

type Match = "chainId" | "name" | "domain";

/** Whether one rule protects a certificate; everything else about it may be deleted. */
function isProtected(over: object, match: Match, value: string): boolean {
  const policy = {
    protect: [{ match, value, owner: "ops" }],
    unseenDomains: "ignore",
  } as const;
  const [judgement] = judged([certificate(1, { ...over })], undefined, policy);
  return judgement!.reasons.includes("protected");
}

describe("a rule that protects", () => {
  it.each([
    ["例子.com", "xn--fsqu00a.com", true],
    ["xn--fsqu00a.com", "例子.com", true],
    ["*.例子.com", "live.XN--FSQU00A.com.", true],
    ["*.xn--fsqu00a.com", "live.例子.com", true],
    ["例*.com", "xn--fsqu00a.com", true],
    ["xn--fsq*", "例子.com", true],
    ["Cafe\u0301-*.com", "xn--caf-1-dsa.com", true],
    ["ｌｉｖｅ。例子．com", "live.xn--fsqu00a.com", true],
    ["😀?.com", "xn--a-iv3s.com", true],
    ["live-😀-*", "live-😀-2026", true],
    ["?.com", "😀.com", true],
    // As it is written, one character long.
    ["?.com", "ﬁ.com", true],
    ["live.example.org", "live.example.org.", true],
    ["live.example.org.", " live.example.org", true],
    ["live.example.org。", "live.example.org", true],
    ["例子.com。", "例子.com", true],
    ["2024", "0.0.7.232", false],
    ["例子.com", "xn--fsq.com", false],
    ["例子.com", "例子.com/x", false],
    ["*.例子.com", "例子.com", false],
  ])("%s on %s, as a name or a domain: %s", (value, text, expected) => {
    expect(isProtected({ CertName: text }, "name", value)).toBe(expected);
    const listed = { CertDomainList: ["other.net", text] };
    expect(isProtected(listed, "domain", value)).toBe(expected);
  });

  it("is named with its owner, and its last day where it has one", () => {
    const rule = { match: "name", value: "C?", owner: "ops" } as const;
    const protect = [rule, { ...rule, until: "2026-11-24" }];
    const [judgement] = judged([certificate(1)], undefined, { protect });
    const said = { reason: "protected", ...rule };
    expect(judgement?.details).toEqual([
      { ...said, because: "ops protects name C?" },
      { ...said, because: "ops protects name C? until 2026-11-24" },
    ]);
  });

  it("looks at what it names and at nothing else", () => {
    const over = { CertName: "abc", CertDomainList: ["a.net"] };
    const all: [Match, string][] = [
      ["chainId", `${id(1).slice(0, 6).toUpperCase()}*`],
      ["name", "ABC"],
      ["domain", "A.*"],
    ];
    for (const [, value] of all)
      for (const [match, own] of all)
        expect(isProtected(over, match, value)).toBe(value === own);
  });

  it("protects to the end of its last day in UTC, and no longer", () => {
    const rule = { match: "name", value: "*", owner: "ops" } as const;
    const reasons = (until: string, now = NOW) =>
      judged(
        [certificate(1)],
        undefined,
        { protect: [{ ...rule, until }] },
        now,
      )[0]?.reasons;
    const midnight = Date.UTC(2026, 10, 25);
    expect(reasons("2026-11-24", midnight - 1)).toEqual(["protected"]);
    expect(reasons("2026-11-24", midnight)).toEqual([]);
  });
});

describe("globMatches", () => {
  it.each([
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["a*", "A", true],
    ["*a", "ba", true],
    ["*a", "ab", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a.c", "abc", false],
    ["*.example.com", "x.EXAMPLE.com", true],
    ["*.example.com", "example.com", false],
    ["**a**b", "xaxb", true],
    ["a*b*c", "a_b_b_c_", false],
    ["?", "😀", true],
    ["??", "😀", false],
    ["[a]", "a", false],
  ])("%j on %j: %s", (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  it("agrees with a regular expression", () => {
    const texts = fc.string({
      unit: fc.constantFrom("a", "B", "*", "?", ".", "\n"),
      maxLength: 8,
    });
    fc.assert(
      fc.property(texts, texts, (pattern, text) => {
        expect(globMatches(pattern, text)).toBe(glob(pattern, text));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes no longer for a malicious pattern", () => {
    expect(globMatches(`${"*a".repeat(50)}b`, "a".repeat(5000))).toBe(false);
  });
});
