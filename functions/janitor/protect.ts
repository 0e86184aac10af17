/** The operator's protect list: certificates that are kept whatever else holds. */
import type { ProtectRule } from "../contract/parsers.ts";
import type { CertificateRecord } from "./certificate.ts";
import { globSpellings, spellings } from "./domain.ts";
import type { Detail } from "../contract/reasons.ts";

const DAY_MS = 86_400_000;

/** Matches in time linear in `text` for each `*`, so that no rule can stall a sweep. */
export function globMatches(glob: string, text: string): boolean {
  const pattern = Array.from(glob.toLowerCase());
  const characters = Array.from(text.toLowerCase());
  let p = 0;
  let star = -1;
  let resume = 0;
  for (let c = 0; c < characters.length;) {
    if (pattern[p] === "*") {
      star = p++;
      resume = c;
    } else if (pattern[p] === "?" || pattern[p] === characters[c]) {
      p++;
      c++;
    } else if (star >= 0) {
      p = star + 1;
      c = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** One detail for each rule that protects the record at `now` (milliseconds since the epoch). */
export function protections(
  record: CertificateRecord,
  rules: readonly ProtectRule[],
  now: number,
): Detail[] {
  return rules
    .filter(
      (rule) =>
        rule.until === undefined || now < Date.parse(rule.until) + DAY_MS,
    )
    .filter(({ match, value }) => {
      if (match === "chainId") return globMatches(value, record.chainId);
      const globs = [...globSpellings(value)];
      // A certificate is often named after its domain, so both are looked at in every spelling.
      return (match === "name" ? [record.name] : record.domains)
        .flatMap((text) => [...spellings(text)])
        .some((text) => globs.some((glob) => globMatches(glob, text)));
    })
    .map((rule) => ({
      reason: "protected",
      match: rule.match,
      value: rule.value,
      owner: rule.owner,
      because: `${rule.owner} protects ${rule.match} ${rule.value}${rule.until === undefined ? "" : ` until ${rule.until}`}`,
    }));
}
