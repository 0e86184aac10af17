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
  {
    file: "functions/janitor/certificate.ts",
    line: "chainId: record.chainId.toLowerCase(),",
    mutants: ["record.chainId.toUpperCase()"],
    because: "either case makes the spellings of one id equal",
  },
  {
    file: "functions/janitor/certificate.ts",
    line: 'record.chainId === "" ? content : record.chainId.toLowerCase();',
    mutants: ["record.chainId.toUpperCase()"],
    because: "either case makes the spellings of one id equal",
  },
  {
    file: "functions/janitor/certificate.ts",
    line: "return first === undefined",
    mutants: ["false"],
    because: "a group begins with a record; only the compiler needs the test",
  },
  {
    file: "functions/janitor/certificate.ts",
    line: "? []",
    mutants: ['["Stryker was here"]'],
    because: "a group begins with a record; only the compiler needs the test",
  },
  {
    file: "functions/janitor/certificate.ts",
    line: "if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)",
    mutants: ["false"],
    because: "a day that the month lacks, of two digits, is in another month",
  },
  {
    file: "functions/janitor/certificate.ts",
    line: 'const fraction = Math.ceil(Number(`0.${match[7] ?? "0"}`) * 1000);',
    mutants: ['""'],
    because: "0. and 0.0 are the same number",
  },
  {
    file: "functions/janitor/certificate.ts",
    line: '(number(9) * 60 + number(10)) * 60_000 * (match[8] === "-" ? -1 : 1);',
    mutants: [
      '(number(9) * 60 + number(10)) * 60_000 / (match[8] === "-" ? -1 : 1)',
    ],
    because: "to divide by one or minus one is to multiply by it",
  },
];
