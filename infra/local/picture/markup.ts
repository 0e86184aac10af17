/** Markup in which every text is escaped, unless this module made it. */
import { clean } from "../text-width.ts";

/** A piece of a page, safe to stand in it as it is. */
export class Markup {
  readonly text: string;
  /** @param text trusted: our own words only */
  constructor(text: string) {
    this.text = text;
  }
}

/** Domains, or sentences about one certificate, that are shown before a click. */
const MAX_SHOWN = 4;

/** `false` is nothing. */
type Value = string | number | false | Markup | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For text and for attributes in quotes. */
function escape(text: string): string {
  return clean(text).replaceAll(
    /[&<>"']/g,
    (character) => ENTITIES[character] ?? "",
  );
}

function textOf(value: Value): string {
  if (value === false) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object")
    return value.map(({ text }) => text).join("\n");
  return escape(String(value));
}

/** A template whose values are escaped, but for what `markup` itself has made. */
export function markup(
  strings: TemplateStringsArray,
  ...values: readonly Value[]
): Markup {
  return new Markup(
    String.raw({ raw: strings }, ...values.map((value) => textOf(value))),
  );
}

/** Somebody else's words, which may be written from right to left. */
export function foreign(text: string): Markup {
  return markup`<bdi>${text}</bdi>`;
}

/** All of them; those after the first few behind a click. */
export function list(items: readonly Markup[]): Markup {
  const points = items.map((item) => markup`<li>${item}</li>`);
  const more = points.slice(MAX_SHOWN);
  return markup`<ul>${points.slice(0, MAX_SHOWN)}</ul>${more.length > 0 && markup`<details><summary>${more.length} more</summary><ul>${more}</ul></details>`}`;
}
