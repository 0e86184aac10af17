/** How text fits a terminal. */
import stringWidth from "string-width";

const ELLIPSIS = "…";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The longest beginning that fits. */
function head(text: string, width: number): string {
  let taken = 0;
  let result = "";
  for (const { segment } of graphemes.segment(text)) {
    taken += stringWidth(segment);
    if (taken > width) break;
    result += segment;
  }
  return result;
}

/** The text, or its beginning and an ellipsis. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  return width < 1 ? "" : head(text, width - 1) + ELLIPSIS;
}

/** Lines of at most `width` columns, broken at spaces, or within a word that alone is too long. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (stringWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (stringWidth(line) > width) {
      // One grapheme at least, else a wide one in a column of one would never end.
      const part =
        head(line, width) ||
        (graphemes.segment(line).containing(0)?.segment ?? line);
      lines.push(part);
      line = line.slice(part.length);
    }
  }
  return [...lines, line];
}

/** Control characters come from names that others chose: they could move the cursor, colour the terminal or turn the reading order. A half of a surrogate pair is shown like them, for it has no width. */
export function clean(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(
      /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
      "\ufffd",
    );
}
