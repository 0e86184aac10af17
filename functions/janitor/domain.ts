/** The names of domains: the one form in which they are compared, and every spelling that somebody may have written. */
import { domainToASCII, domainToUnicode } from "node:url";

/** `domainToASCII` reads a host of a URL: what would end a host, or be decoded in one, never reaches it. */
const CONVERTIBLE = /^[\w.*\-\u0080-\u{10ffff}]*$/u;
const OTHER_THAN_ASCII = /[\u0080-\u{10ffff}]/u;

/** Trimmed, every full stop a dot, and without one at the end. */
function trimmed(text: string): string {
  return text
    .trim()
    .replace(/[。．｡]/g, ".")
    .replace(/\.$/, "");
}

/**
 * The form in which names are compared: trimmed, without one trailing dot, in lower case, and as punycode where it has
 * other than ASCII characters. What cannot be converted stays as it is; plain ASCII is never converted, since `2024`
 * would become an address.
 */
export function comparable(name: string): string {
  const plain = trimmed(name).toLowerCase();
  if (!OTHER_THAN_ASCII.test(plain) || !CONVERTIBLE.test(plain)) return plain;
  return domainToASCII(plain) || plain;
}

/** A name, or a glob over names, with every label in Unicode that can be; one with a `*` inside is left alone. */
function inUnicode(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .split(".")
    .map((label) =>
      // Stryker disable next-line Regex: converted or not, a label with xn-- further in is the same
      /^xn--|[\u0080-\u{10ffff}]/u.test(label) &&
      CONVERTIBLE.test(label) &&
      !label.includes("*")
        ? domainToUnicode(label) || label
        : label,
    )
    .join(".");
}

/** A name as written, as compared, and in Unicode. */
export function spellings(name: string): ReadonlySet<string> {
  const compared = comparable(name);
  return new Set([name, compared, inUnicode(compared)]);
}

/** A glob over names as written, without a trailing dot, and in Unicode: one of them fits whichever way a name is spelled. */
export function globSpellings(glob: string): ReadonlySet<string> {
  const plain = trimmed(glob);
  return new Set([glob, plain, inUnicode(plain)]);
}
