/** Figures for people: as rows of a table, and as a picture. */
import type { Figure } from "./figure.ts";

export const HEADERS = [
  "figure",
  "ours",
  "beside",
  "theirs",
  "ratio",
  "wanted",
] as const;

function quantity(value: number, unit: string): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 2;
  return `${value.toFixed(digits)}${unit === "" ? "" : ` ${unit}`}`;
}

/** A ratio below a third is easier read the other way round. */
function times(ratio: number): string {
  return ratio < 1 / 3
    ? `1 / ${(1 / ratio).toFixed(1)}`
    : `${ratio.toFixed(2)} x`;
}

/** Whether what was wanted was reached. */
export function isMet({ ours, ratio, target }: Figure): boolean {
  if (target === undefined) return true;
  const value = ratio ?? ours;
  return "atMost" in target ? value <= target.atMost : value >= target.atLeast;
}

/** The cells of one row, in the order of {@link HEADERS}. */
export function rowOf(figure: Figure): string[] {
  const { name, ours, peer, theirs, unit, ratio, target } = figure;
  const write = (value: number): string =>
    ratio === undefined ? quantity(value, unit) : times(value);
  const wanted =
    target === undefined
      ? ""
      : "atMost" in target
        ? `<= ${write(target.atMost)}`
        : `>= ${write(target.atLeast)}`;
  return [
    name,
    quantity(ours, unit),
    peer,
    quantity(theirs, unit),
    ratio === undefined ? "" : times(ratio),
    isMet(figure) ? wanted : `${wanted}, missed`,
  ];
}

const ROW = 30;
const LEFT = 330;
const FULL = 300;
const WIDTH = LEFT + FULL + 220;

function escape(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

/** Each figure that is better the smaller it is: ours as a bar on the bar of the peer. */
export function drawFigures(figures: readonly Figure[]): string {
  const shown = figures.filter(
    ({ unit, target, theirs }) =>
      target !== undefined &&
      "atMost" in target &&
      ["us", "ms", "KB"].includes(unit) &&
      theirs > 0,
  );
  const bars = shown.map((figure, index) => {
    const { name, ours, theirs, unit, peer } = figure;
    const y = 40 + index * ROW;
    const longest = Math.max(ours, theirs);
    const bar = (value: number, colour: string, height: number): string =>
      `<rect x="${String(LEFT)}" y="${String(y + (20 - height) / 2)}" width="${((value / longest) * FULL).toFixed(1)}" height="${String(height)}" fill="${colour}"/>`;
    return [
      `<text x="${String(LEFT - 10)}" y="${String(y + 14)}" text-anchor="end">${escape(name)}</text>`,
      bar(theirs, "#c9d1d9", 20),
      bar(ours, "#1f6feb", 10),
      `<text x="${String(LEFT + FULL + 10)}" y="${String(y + 14)}">${escape(`${quantity(ours, unit)} beside ${quantity(theirs, unit)}, ${peer}`)}</text>`,
    ].join("\n");
  });
  const height = 50 + shown.length * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH + 160)} ${String(height)}" font-family="sans-serif" font-size="12" fill="#24292f">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${String(LEFT)}" y="24" font-weight="bold">blue: live-cert-janitor, grey: what stands beside it; shorter is better</text>
${bars.join("\n")}
</svg>
`;
}
