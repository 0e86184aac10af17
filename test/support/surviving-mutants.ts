/**
 * Mutants that no test notices, each with the reason why none should: as a rule the mutant means the same.
 * One that is not listed here fails `npm run mutate`, and so does a listed one that a test does notice.
 */
export interface Survivor {
  readonly file: string;
  /** The line where the mutant begins, trimmed. */
  readonly line: string;
  /** What Stryker puts there, white space collapsed. */
  readonly mutants: readonly string[];
  readonly because: string;
}

export const SURVIVORS: readonly Survivor[] = [
  {
    file: "functions/janitor/in-use.ts",
    line: "domain.boundTo === undefined ||",
    mutants: ["false"],
    because:
      "the second half holds for undefined too: it is not '' and never listed",
  },
  {
    file: "functions/janitor/in-use.ts",
    line: 'if (domain.boundTo !== undefined && domain.boundTo !== "") {',
    mutants: [
      "true",
      'domain.boundTo !== undefined || domain.boundTo !== ""',
      '"Stryker was here!"',
    ],
    because: "nobody looks up undefined or '': records drop empty identifiers",
  },
  {
    file: "functions/janitor/in-use.ts",
    line: "const coverage = covered.get(name) ?? { unknown: undefined };",
    mutants: ["{}"],
    because: "an absent field reads as undefined",
  },
  {
    file: "functions/janitor/verdict.ts",
    line: "if (notBefore !== undefined && notBefore >= notAfter) {",
    mutants: ["true"],
    because: "nothing is greater than or less than undefined",
  },
  {
    file: "functions/janitor/verdict.ts",
    line: 'if (ends.some((end) => end !== undefined && now < end)) return "valid";',
    mutants: ["true"],
    because: "nothing is greater than or less than undefined",
  },
];
