import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { InventoryEntry } from "../../functions/janitor/inventory.ts";
import { picture } from "../../infra/local/picture/picture.ts";
import type { Reading } from "../../infra/local/reading.ts";
import { DAY, entry, inUse, NOW, reading, used } from "../world/reading.ts";

const page = (over: Partial<Reading> = {}, title = "t"): string =>
  picture(title, reading(over));

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** What stands between two marks. */
function between(text: string, from: string, to: string): string {
  return text.split(from, 2)[1]?.split(to, 1)[0] ?? "";
}

const section = (text: string, id: string): string =>
  between(text, `<section aria-labelledby="${id}">`, "</section>");

/** Every place of the page where somebody else's words can stand. */
function wordsOf(text: string): string {
  const details = [
    { reason: "in-use" as const, because: text, domain: text },
    { reason: "protected" as const, because: text },
  ];
  const all: Partial<InventoryEntry> = {
    chainId: text,
    name: text,
    domains: Array.from({ length: 6 }, () => text),
    projectName: text,
    status: text,
  };
  const reasons = details.map(({ reason }) => reason);
  return page(
    {
      entries: [
        entry(-30, all),
        entry(-3, {
          ...all,
          verdict: "keep",
          reasons: ["within-grace"],
          details: [{ reason: "within-grace", because: text }],
        }),
        entry(-20, { ...all, verdict: "keep", reasons, details }),
        entry(20, { ...all, verdict: "keep", reasons, details }),
        entry(0, {
          ...all,
          notAfter: `${text}!`,
          state: "unreadable",
          verdict: "keep",
          reasons,
          details,
        }),
      ],
      expiring: [
        {
          chainId: text,
          name: text,
          notAfter: new Date(NOW + DAY).toISOString(),
          daysLeft: 1,
          domains: [{ domain: text }, { domain: text, renewedAs: text }],
        },
      ],
    },
    text,
  );
}

const tags = (text: string): readonly string[] => text.match(/<[^>]*>/g) ?? [];
/** One text, since thousands of tags are compared dozens of times. */
const tagsOf = (text: string): string => tags(wordsOf(text)).join("\n");

describe("the words of others", () => {
  const plain = tagsOf("x");

  it.each([
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}",
    "</title><b>",
    `" onmouseover="alert(1)" x='`,
    "<!-- ",
    "]]>",
    "&lt;b&gt;&quot;",
    "${alert(1)}",
  ])("%j adds no tag and no attribute", (text) => {
    expect(tagsOf(text)).toBe(plain);
  });

  it("add no tag and no attribute, whatever they are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(tagsOf(text)).toBe(plain);
      }),
      { numRuns: 50 },
    );
  });

  it("are shown as they are", () => {
    const text = wordsOf(`<"'&>`);
    expect(text).toContain("<bdi>&lt;&quot;&#39;&amp;&gt;</bdi>");
    expect(text).not.toContain(`<"'&>`);
  });

  it.each([
    ["a turn of direction", "\u202e", "abc\u202etxt.exe"],
    ["an isolate", "\u2066", "a\u2066b"],
    ["a mark of direction", "\u200f", "a\u200fb"],
    ["an Arabic mark", "\u061c", "a\u061cb"],
    ["NUL", "\0", "a\0b"],
    ["an escape", "\u001b", "\u001b[31m"],
    ["half a surrogate pair", "\ud83d", "a\ud83d"],
    ["the other half", "\ude00", "\ude00a"],
  ])("show %s as U+FFFD", (_, character, text) => {
    const shown = wordsOf(text);
    expect(shown).not.toContain(character);
    expect(shown).toContain("\ufffd");
    expect(shown.isWellFormed()).toBe(true);
  });

  it("keep an emoji and a Chinese name", () => {
    expect(wordsOf("😀 网课直播证书")).toContain("<bdi>😀 网课直播证书</bdi>");
  });
});

describe("the page", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is the same at any time", () => {
    const before = page({ entries: [entry(-30), used(10)] });
    vi.useFakeTimers({ now: NOW + 400 * DAY });
    expect(page({ entries: [entry(-30), used(10)] })).toBe(before);
  });

  it("permits its own style and script by their hashes, and nothing else", () => {
    const text = page({ entries: [entry(-30)] });
    const hash = (tag: string): string =>
      createHash("sha256")
        .update(between(text, `<${tag}>`, `</${tag}>`))
        .digest("base64");
    const policy = between(
      text,
      'http-equiv="Content-Security-Policy" content="',
      '"',
    ).replaceAll("&#39;", "'");
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${hash("style")}'; script-src 'sha256-${hash("script")}'; base-uri 'none'; form-action 'none'`,
    );
    expect(count(text, "<style")).toBe(1);
    expect(count(text, "<script")).toBe(1);
  });

  it("asks for nothing from elsewhere, and has no style or handler in an attribute", () => {
    const text = page({ entries: [entry(-30), used(10)] });
    expect(text).not.toMatch(/https?:|url\(|@import|\bsrc=|<link|<iframe/);
    expect(text.match(/href="[^"]*"/g) ?? []).toSatisfy(
      (all: readonly string[]) => all.every((href) => href === 'href="#grid"'),
    );
    for (const tag of tags(text)) expect(tag).not.toMatch(/\s(style|on\w+)=/);
  });

  it("says whose it is, when it was read, and counts", () => {
    const text = page(
      {
        entries: [
          entry(-30),
          used(-9),
          used(-3),
          used(5, { expiring: true }),
          used(100),
        ],
      },
      "Certificates at a.example",
    );
    expect(text).toContain("<title>Certificates at a.example</title>");
    expect(text).toContain("As seen 2026-11-24 12:00 UTC");
    const figures = [
      ...between(text, '<dl class="figures">', "</dl>").matchAll(
        /([a-z ]+)<\/dt><dd>(\d+)/g,
      ),
    ].map(([, name, n]) => [name, Number(n)]);
    expect(figures).toEqual([
      ["certificates", 5],
      ["in use", 4],
      ["expired in use", 2],
      ["expiring in use", 1],
      ["would be deleted", 1],
      ["kept", 4],
    ]);
  });

  it("shows the warnings first, then the horizon, then the table", () => {
    const ids = [...page().matchAll(/<h2 id="(\w+)"/g)].map(([, id]) => id);
    expect(ids).toEqual(["warnings", "horizon", "all"]);
  });

  it("says of an account without certificates that it has none", () => {
    const text = page({ entries: [] });
    expect(section(text, "warnings")).toContain(
      "No certificate in use has expired or is about to",
    );
    expect(section(text, "horizon")).toContain("No certificate is in use");
    expect(section(text, "all")).toContain("lists no certificate");
    expect(text).not.toContain("<table");
    expect(text).not.toContain("<form");
  });
});

describe("warnings", () => {
  it("tell what has expired in use, and why it counts as in use", () => {
    const text = section(
      page({ entries: [entry(-30), used(-12, { name: "old" }), used(9)] }),
      "warnings",
    );
    expect(text).toMatch(/Expired in use <span class="count">1</);
    expect(text).toContain("<b><bdi>old</bdi></b>");
    expect(text).toContain("2026-11-12, 12 days ago");
    expect(text).toContain(inUse("a.example").because);
  });

  it("tell the days left of each domain, and whether a renewal is listed", () => {
    const text = section(
      page({
        entries: [used(9, { expiring: true })],
        expiring: [
          {
            chainId: "c",
            name: "soon",
            notAfter: new Date(NOW + 9 * DAY).toISOString(),
            daysLeft: 9,
            domains: [
              { domain: "a.example", renewedAs: "next" },
              { domain: "b.example" },
            ],
          },
        ],
      }),
      "warnings",
    );
    expect(text).toMatch(/Expiring in use <span class="count">2</);
    expect(text).toMatch(
      /a\.example<\/bdi><\/b> <span>9 days left<\/span> <div><bdi>renewed as next, but not bound to a\.example</,
    );
    expect(text).toMatch(/b\.example[^]*no renewal is listed/);
    expect(text).toContain("<bdi>soon</bdi>, 2026-12-03, in 9 days");
  });

  it("give notice of deletions to come", () => {
    const held = entry(-3, {
      name: "held",
      verdict: "keep",
      reasons: ["within-grace"],
    });
    const text = section(page({ entries: [held], graceDays: 7 }), "warnings");
    expect(text).toContain("Deletions to come");
    expect(text).toContain("will be deleted from 2026-11-28 on");
  });

  it("are cut after 25 of a kind, and say so", () => {
    const text = section(
      page({ entries: Array.from({ length: 60 }, () => used(-5)) }),
      "warnings",
    );
    expect(count(text, "<b>")).toBe(25);
    expect(text).toContain("and 35 more");
  });
});

describe("the horizon", () => {
  it.each([
    [-700, "2.50%"],
    [-91, "2.50%"],
    [-90, "5.00%"],
    [-45, "20.00%"],
    [0.001, "35.00%"],
    [90, "65.00%"],
    [179.9, "94.97%"],
    [180, "97.50%"],
    [4000, "97.50%"],
  ])("draws what ends in %d days at %s", (days, at) => {
    const text = section(page({ entries: [used(days)] }), "horizon");
    expect(text).toContain(`<svg x="${at}" y="50%"`);
    expect(text).toContain(`x1="35.00%" x2="${at}"`);
  });

  it("gives each certificate in use a line with its kind in words, and no other", () => {
    const text = section(
      page({
        entries: [
          entry(-30, { name: "gone" }),
          used(-5, { name: "old" }),
          used(5, { name: "soon", expiring: true }),
          used(50, { name: "fine" }),
          entry(60, { name: "spare", verdict: "keep", state: "valid" }),
        ],
      }),
      "horizon",
    );
    const lines = [
      ...text.matchAll(/<bdi>(\w+)<\/bdi><span class="unseen">, ([^<]+)/g),
    ].map(([, name, kind]) => [name, kind]);
    expect(lines).toEqual([
      ["old", "expired, still in use"],
      ["soon", "in use, about to expire"],
      ["fine", "in use"],
    ]);
  });

  it("draws what would be deleted as columns left of today, with names and numbers", () => {
    const text = section(
      page({
        entries: [
          entry(-400, { name: "ancient" }),
          entry(-20, { name: "b" }),
          entry(-16, { name: "a" }),
          entry(-15, { name: "late" }),
        ],
      }),
      "horizon",
    );
    expect(text).toContain(
      'aria-label="more than 90 days ago: 1, 15 to 30 days ago: 2, 0 to 15 days ago: 1"',
    );
    expect(text).toContain("15 to 30 days ago: b, a</title>");
    expect(count(text, "<rect")).toBe(3);
  });

  it("draws the nearest forty of too many, and the others as columns, late ones apart", () => {
    const days = Array.from({ length: 100 }, (_, n) => n * 3 - 149.5);
    const text = section(
      page({ entries: days.map((end) => used(end, { name: String(end) })) }),
      "horizon",
    );
    expect(text).toContain("<bdi>0.5</bdi>");
    expect(text).toContain("<bdi>-59.5</bdi>");
    expect(text).not.toContain("<bdi>-62.5</bdi>");
    expect(text).not.toContain("<bdi>63.5</bdi>");
    const bars = [...text.matchAll(/<g class="(\w+)">\s*<title>([^:]+)/g)].map(
      ([, kind, title]) => [kind, title],
    );
    expect(bars[0]).toEqual(["expired", "more than 90 days ago"]);
    expect(bars.at(-1)).toEqual(["used", "in 135 to 150 days"]);
  });

  it("marks the months, January by its year", () => {
    const text = section(page({ entries: [used(5)] }), "horizon");
    const labels = [
      ...text.matchAll(/<text x="[\d.]+%" y="30"[^>]*>\s*(\w+)/g),
    ].map(([, label]) => label);
    expect(labels).toEqual("Sep Oct Nov Dec 2027 Feb Mar Apr May".split(" "));
  });

  it("says which certificates in use it cannot draw", () => {
    const text = section(
      page({
        entries: [used(0, { notAfter: "soon", state: "unreadable" })],
      }),
      "horizon",
    );
    expect(text).toContain("1 certificate in use without a readable expiry");
    expect(text).not.toContain("No certificate is in use");
  });
});

describe("the table", () => {
  it("has every certificate with verdict, reasons and each sentence", () => {
    const details = Array.from({ length: 9 }, (_, n) =>
      inUse(`d${String(n)}.example`),
    );
    const text = section(
      page({
        entries: [
          entry(-30, { name: "gone" }),
          used(20, { name: "kept", details }),
        ],
      }),
      "all",
    );
    const [gone = "", kept = ""] = text
      .split('<tr role="row" data-tags=')
      .slice(1);
    expect(gone).toContain('<td role="cell" class="delete">delete</td>');
    expect(gone).toContain("expired, not in use, all evidence agrees");
    expect(kept).toContain('<td role="cell" class="keep">keep</td>');
    for (const { because } of details) expect(kept).toContain(because);
    expect(kept).toContain("<summary>5 more</summary>");
  });

  it("sorts by the instant of the expiry, not by its text", () => {
    const text = page({
      entries: [
        entry(-1, { notAfter: "2026-11-24T01:00:00+08:00" }),
        entry(-1, { notAfter: "tomorrow", state: "unreadable" }),
      ],
    });
    const keys = [...text.matchAll(/data-key="(\d*)"/g)].map(([, key]) => key);
    expect(keys).toEqual([String(Date.parse("2026-11-23T17:00:00Z")), ""]);
    expect(text).toContain('aria-sort="ascending">Expires');
  });

  it("tags each row with what the choices ask for", () => {
    const text = page({
      entries: [entry(-30), used(-9), used(5, { expiring: true }), used(50)],
    });
    const rows = [...text.matchAll(/<tr role="row" data-tags="([^"]*)"/g)];
    expect(rows.map(([, all]) => all)).toEqual([
      "delete expired",
      "keep expired expired-in-use in-use",
      "keep valid expiring-in-use not-expired in-use",
      "keep valid used-in-use not-expired in-use",
    ]);
  });
});

describe("5,000 certificates", () => {
  const entries = Array.from({ length: 5000 }, (_, n) =>
    n % 2 === 0
      ? entry((n / 5000) * -300 - 1, { name: `gone ${String(n)}` })
      : used((n / 5000) * 300, { name: `used ${String(n)}` }),
  );
  const text = page({ entries });

  it("have forty lines and one for the others, and all stand in the table", () => {
    const horizon = section(text, "horizon");
    expect(count(horizon, '<svg x="')).toBe(40);
    expect(horizon).toContain("More in use</span>");
    expect(horizon).toContain("2460 more share the last one");
    // Those that end next, not those of next year.
    expect(horizon).toContain("<bdi>used 1</bdi>");
    expect(horizon).not.toContain("<bdi>used 4999</bdi>");
    expect(horizon).toContain(" more</title>");
    expect(count(text, '<tr role="row" data-tags')).toBe(5000);
  });

  it("make a page of less than 4 MB", () => {
    expect(Buffer.byteLength(text)).toBeLessThan(4_000_000);
  });
});

describe("colours", () => {
  const css = readFileSync("infra/local/picture/page.css", "utf8");
  const schemes = [...css.matchAll(/:root \{([^}]*--ground[^}]*)\}/g)].map(
    ([, block = ""]) =>
      new Map(
        [...block.matchAll(/--(\w+): #(\w{6})/g)].map(
          ([, name = "", hex = ""]) => [name, hex],
        ),
      ),
  );

  /** Relative luminance, WCAG 2.2. */
  function luminance(hex: string): number {
    const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
      const part = parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function contrast(one: string, other: string): number {
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort(
      (a, b) => a - b,
    );
    return (light + 0.05) / (dark + 0.05);
  }

  it.each(["ink", "muted", "used", "expired", "expiring", "eligible"])(
    "%s can be read on both grounds, in light and in dark",
    (name) => {
      expect(schemes).toHaveLength(2);
      for (const scheme of schemes)
        for (const ground of ["ground", "raised"])
          expect(
            contrast(scheme.get(name) ?? "", scheme.get(ground) ?? ""),
          ).toBeGreaterThanOrEqual(4.5);
    },
  );
});
