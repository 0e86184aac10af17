import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import {
  certificateTable,
  table,
  type CertificateRow,
} from "../../infra/local/table.ts";

const ESC = "\u001b";
const NOW = new Date("2026-11-24T12:00:00Z");

function row(over: Partial<CertificateRow> = {}): CertificateRow {
  return {
    name: "live-2025",
    domains: ["live.example.com"],
    notAfter: "2026-11-12T12:00:00Z",
    state: "expired",
    verdict: "delete",
    reasons: [],
    because: ["Expired and bound to no domain."],
    ...over,
  };
}

function show(
  rows: readonly CertificateRow[],
  width = 200,
  colour = false,
): string[] {
  return certificateTable(rows, { width, colour, now: NOW }).split("\n");
}

describe("table", () => {
  const columns = [{ header: "a" }, { header: "b", least: 4, wraps: true }];
  const plain = (width: number, ...cells: string[]) =>
    table(columns, [cells.map((text) => ({ text }))], {
      width,
      colour: false,
    }).split("\n");

  it.each([
    ["abc", 3],
    ["证书", 4],
    ["한국어", 6],
    ["ｶﾅ", 2],
    ["Ａ", 2],
    ["e\u0301", 1],
    ["a\u200bb", 2],
    ["👩‍👩‍👧", 2],
    ["☎️", 2],
    ["1️⃣", 2],
    ["🇨🇳", 2],
  ])("gives %s %i columns", (text, width) => {
    expect(plain(80, text, "x")).toEqual([
      `a${" ".repeat(width + 1)}b`,
      `${text}  x`,
    ]);
    expect(plain(80, text, "x".repeat(100))[2]).toBe(
      " ".repeat(width + 2) + "x".repeat(22 + width),
    );
  });

  it("wraps at spaces, and inside a word that alone is too long", () => {
    expect(plain(9, "k", "one two abcdefgh")).toEqual([
      "a  b",
      "k  one",
      "   two",
      "   abcdef",
      "   gh",
    ]);
  });

  it("never splits a wide character, and ends where none fits", () => {
    expect(plain(8, "k", "证书证书")).toEqual(["a  b", "k  证书", "   证书"]);
    expect(
      table([{ header: "", least: 1, wraps: true }], [[{ text: "证" }]], {
        width: 1,
        colour: false,
      }),
    ).toBe("\n…");
  });

  it("cuts with an ellipsis what may not wrap", () => {
    const rows = [[{ text: "abcdefgh" }]];
    const one = [{ header: "n", least: 3 }];
    expect(table(one, rows, { width: 5, colour: false })).toBe("n\nabcd…");
    expect(table(one, rows, { width: 2, colour: false })).toBe("n\na…");
  });

  it("shows no control character, direction override or half of a surrogate pair of a cell", () => {
    const lines = plain(80, "k", `${ESC}[2J\n\u202e\u0007x\ud800`);
    expect(lines[1]).toBe("k  \ufffd[2J\ufffd\ufffd\ufffdx\ufffd");
  });

  it("colours only when told", () => {
    const rows = [[{ text: "k", colour: "red" as const }]];
    const one = [{ header: "n" }];
    expect(table(one, rows, { width: 9, colour: false })).toBe("n\nk");
    expect(table(one, rows, { width: 9, colour: true })).toBe(
      `${ESC}[1mn${ESC}[0m\n${ESC}[31mk${ESC}[0m`,
    );
  });

  it("respects the width, whatever the cells hold", () => {
    const cell = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.lorem({ maxCount: 12 }),
      fc.constantFrom("直播证书", "한국어 인증서", "😀😀😀", "\n\t"),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }),
        fc.integer({ min: 0, max: 60 }),
        (texts, width) => {
          const lines = table(
            [
              { header: "verdict" },
              { header: "name", least: 6 },
              { header: "reasons", least: 8, wraps: true },
            ],
            texts.map((line) => line.map((text) => ({ text }))),
            { width, colour: false },
          ).split("\n");
          expect(
            Math.max(...lines.map((line) => stringWidth(line))),
          ).toBeLessThanOrEqual(width);
          expect(lines.length).toBeGreaterThan(texts.length);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("certificateTable", () => {
  it("has a line with verdict, name, expiry and reasons", () => {
    const kept = row({
      name: "直播证书",
      notAfter: "2026-12-24T12:00:00Z",
      state: "valid",
      verdict: "keep",
      reasons: ["not-expired", "in-use"],
      because: ["It is valid.", "It is bound."],
    });
    expect(show([row(), kept])).toEqual([
      "verdict  name       expires                  reasons",
      "delete   live-2025  2026-11-12, 12 days ago  Expired and bound to no domain.",
      "keep     直播证书   2026-12-24, in 30 days   not-expired, in-use: It is valid.",
    ]);
  });

  it.each([
    ["2026-11-23T12:00:00Z", "2026-11-23, 1 day ago"],
    ["2026-11-25T12:00:00Z", "2026-11-25, in 1 day"],
    ["2026-11-24T09:30:00Z", "2026-11-24, 2 hours ago"],
    ["2026-11-24T12:59:00Z", "2026-11-24, in 59 minutes"],
    ["2026-11-24T23:30:00-08:00", "2026-11-25, in 19 hours"],
  ])("says of %s: %s", (notAfter, text) => {
    expect(show([row({ notAfter })])[1]).toContain(`  ${text}  `);
  });

  it("shows a date that cannot be read as it came", () => {
    const shown = show([
      row({ notAfter: "2026-13-01", state: "valid" }),
      row({ notAfter: "2026-11-12", state: "unreadable" }),
    ]);
    expect(shown[1]).toContain("unreadable: 2026-13-01");
    expect(shown[2]).toContain("unreadable: 2026-11-12");
  });

  it("names a nameless certificate by its first domain", () => {
    const shown = show([row({ name: "" }), row({ name: "", domains: [] })]);
    expect(shown[1]).toContain("delete   live.example.com  ");
    expect(shown[2]).toContain("delete   (no name)  ");
  });

  it("paints delete red and keep green", () => {
    const [, first, second] = show(
      [row(), row({ verdict: "keep" })],
      200,
      true,
    );
    expect(first?.startsWith(`${ESC}[31mdelete${ESC}[0m   live`)).toBe(true);
    expect(second?.startsWith(`${ESC}[32mkeep${ESC}[0m     live`)).toBe(true);
  });

  it("keeps verdict and name whole in one line of 80 columns, wrapping the reasons", () => {
    const lines = show([row({ because: ["word ".repeat(20).trim()] })], 80);
    expect(lines[1]).toMatch(/^delete {3}live-2025 {2}2026-11-12, 12 days ago/);
    expect(lines.length).toBeGreaterThan(2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(
      80,
    );
  });
});
