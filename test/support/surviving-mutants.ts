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
    line: "if (begins !== undefined && begins >= ends) {",
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
    line: "return JSON.stringify({ ...record, chainId: record.chainId.toLowerCase() });",
    mutants: ["record.chainId.toUpperCase()"],
    because: "either case makes the spellings of one id equal",
  },
  {
    file: "functions/janitor/certificate.ts",
    line: ": record.chainId.toLowerCase();",
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
    line: 'const [, year = "", day = "", fraction] = match;',
    mutants: ['"Stryker was here!"'],
    because: "a match has both; only the compiler needs the defaults",
  },
  {
    file: "functions/janitor/certificate.ts",
    line: 'day <= "28" || new Date(text.slice(0, 10)).getUTCDate() === Number(day);',
    mutants: ["false", 'day < "28"', '""'],
    because: "every month has the first 28 days; not to ask saves time only",
  },
  {
    file: "functions/janitor/sweep.ts",
    line: "return certificate.chainId.toLowerCase();",
    mutants: ["certificate.chainId.toUpperCase()"],
    because: "either case makes the spellings of one id equal",
  },
  {
    file: "functions/janitor/sweep.ts",
    line: "if (sent) started += 1;",
    mutants: ["started -= 1"],
    because: "only whether it is zero matters, and it moves one way",
  },
  {
    file: "functions/janitor/sweep.ts",
    line: "(a.chainId < b.chainId ? -1 : 1),",
    mutants: ["a.chainId <= b.chainId"],
    because:
      "only records without a chain id can have equal ones, and their order means nothing",
  },
  {
    file: "functions/janitor/sweep.ts",
    line: 'stoppedBecause: this.#stopped ?? "no-evidence",',
    mutants: ['""'],
    because:
      "a run that ended was stopped; only the compiler needs the other half",
  },
  {
    file: "functions/janitor/inventory.ts",
    line: "return a[1] === b[1] ? a[2] - b[2] : a[1] < b[1] ? -1 : 1;",
    mutants: ["a[1] <= b[1]"],
    because: "equal ones have been dealt with before",
  },
  {
    file: "functions/janitor/inventory.ts",
    line: "id: entry.chainId.toLowerCase().slice(0, LONGEST_ID),",
    mutants: ["entry.chainId.toUpperCase()"],
    because: "hex digits sort the same in either case",
  },
  {
    file: "functions/janitor/inventory.ts",
    line: "} catch {",
    mutants: ["{}"],
    because: "a function that ends without return gives undefined",
  },
  {
    file: "functions/janitor/report-text.ts",
    line: "Math.max(...table.map((row) => row[column]?.length ?? 0)),",
    mutants: ["row[column].length"],
    because:
      "every row has every column; only the compiler needs the question mark",
  },
  {
    file: "functions/janitor/report-text.ts",
    line: "(line) => (bytes += Buffer.byteLength(line)) < MAX_TABLE_BYTES,",
    mutants: ["(bytes += Buffer.byteLength(line)) <= MAX_TABLE_BYTES"],
    because:
      "a round bound far below what a mail may have: one byte does not matter",
  },
  {
    file: "functions/volcengine/errors.ts",
    line: 'const [family = ""] = error.code.split(".", 1);',
    mutants: ['"Stryker was here!"'],
    because:
      "split always gives a first part; only the compiler needs the default",
  },
  {
    file: "functions/volcengine/errors.ts",
    line: "(numbered === undefined ? undefined : BY_CODE[numbered]);",
    mutants: ["false"],
    because: "there is no code called undefined",
  },
  {
    file: "functions/volcengine/errors.ts",
    line: "const codes: string[] = [];",
    mutants: ['["Stryker was here"]'],
    because: "a code that means nothing changes nothing",
  },
  {
    file: "functions/volcengine/pacer.ts",
    line: 'else signal.addEventListener("abort", abort, { once: true });',
    mutants: ["{}", "false"],
    because: "a signal aborts once, and the listener is removed in any case",
  },
  {
    file: "functions/volcengine/pacer.ts",
    line: 'if (abort !== undefined) signal.removeEventListener("abort", abort);',
    mutants: ["true"],
    because: "it is set by then; only the compiler needs the test",
  },
  {
    file: "functions/janitor/failure.ts",
    line: "once: true,",
    mutants: ["false"],
    because: "a signal aborts once",
  },
  {
    file: "functions/host/configuration.ts",
    line: "} catch {",
    mutants: ["{}"],
    because: "the value is undefined before",
  },
  {
    file: "functions/host/configuration.ts",
    line: '"",',
    mutants: ['"Stryker was here!"'],
    because:
      "a fallback for a setting that is wrong or missing, which throws in the end",
  },
  {
    file: "functions/http/event.ts",
    line: "} catch {",
    mutants: ["{}"],
    because: "a function that ends without return gives undefined",
  },
  {
    file: "functions/http/event.ts",
    line: "const [, methods] = PATHS.find(([shape]) => shape.test(path)) ?? [];",
    mutants: ['["Stryker was here"]'],
    because: "only the second element is read",
  },
  {
    file: "functions/host/sweep-payload.ts",
    line: 'typeof value === "number" &&',
    mutants: ["true"],
    because: "an integer is a number; only the compiler needs the test",
  },
  {
    file: "functions/volcengine/signer.ts",
    line: "const second = Math.floor(now / 1000);",
    mutants: ["now * 1000"],
    because:
      "it writes the same date anew for each call, which costs time only",
  },
  {
    file: "functions/volcengine/signer.ts",
    line: "if (dated?.second !== second) {",
    mutants: ["true"],
    because:
      "it writes the same date anew for each call, which costs time only",
  },
];
