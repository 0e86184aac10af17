/**
 * A small evaluator of CloudWatch Logs filter patterns for JSON, for the part of the grammar that the stack uses
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html). It refuses what it does not know.
 */

type Test = (line: unknown) => boolean;

const TOKEN =
  /\s*(?:(?<punctuation>[{}()]|&&|\|\||!=|>=|<=|[=<>])|(?<selector>\$(?:\.\w+)+)|"(?<text>[^"\\*%]*)"|(?<number>-?\d+(?:\.\d+)?)(?![\w.]))/y;

type Token =
  | {
      readonly kind: "punctuation" | "selector" | "text";
      readonly text: string;
    }
  | { readonly kind: "number"; readonly text: string };

function tokens(pattern: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = pattern.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(pattern)?.groups;
    const entry = Object.entries(groups ?? {}).find(
      ([, text]) => (text as string | undefined) !== undefined,
    );
    const [kind, text] = entry ?? [];
    if (
      text === undefined ||
      (kind !== "punctuation" &&
        kind !== "selector" &&
        kind !== "text" &&
        kind !== "number")
    ) {
      throw new Error(`unknown syntax at "${pattern.slice(at)}"`);
    }
    found.push({ kind, text });
  }
  return found;
}

/** The value that a selector such as `$.message.counts.failed` finds in a line. */
export function select(selector: string, line: unknown): unknown {
  if (!/^\$(\.\w+)+$/.test(selector)) {
    throw new Error(`unknown selector ${selector}`);
  }
  return selector
    .split(".")
    .slice(1)
    .reduce<unknown>(
      (value, name) =>
        typeof value === "object" &&
        value !== null &&
        Object.hasOwn(value, name)
          ? Object.entries(value).find(([key]) => key === name)?.[1]
          : undefined,
      line,
    );
}

function comparison(selector: string, operator: string, right: Token): Test {
  if (right.kind === "text") {
    if (operator !== "=" && operator !== "!=") {
      throw new Error(`no order among texts: ${operator}`);
    }
    return (line) => {
      const left = select(selector, line);
      // A field that is not there matches neither = nor !=.
      return (
        typeof left === "string" && (left === right.text) === (operator === "=")
      );
    };
  }
  if (right.kind !== "number") {
    throw new Error(`"${right.text}" is no value to compare with`);
  }
  const limit = Number(right.text);
  const compare: Readonly<Record<string, (left: number) => boolean>> = {
    "=": (left) => left === limit,
    "!=": (left) => left !== limit,
    ">": (left) => left > limit,
    "<": (left) => left < limit,
    ">=": (left) => left >= limit,
    "<=": (left) => left <= limit,
  };
  const holds = compare[operator];
  if (holds === undefined) throw new Error(`unknown operator ${operator}`);
  return (line) => {
    const left = select(selector, line);
    return typeof left === "number" && holds(left);
  };
}

/**
 * Parses a pattern.
 *
 * @returns a test for a line of a log, already parsed from JSON
 * @throws Error for every syntax that is not `{ $.a.b = "text" && ($.c > 1 || ...) }`
 */
export function parsePattern(pattern: string): Test {
  const rest = tokens(pattern);
  const take = (): Token => {
    const token = rest.shift();
    if (token === undefined) throw new Error("the pattern ends too early");
    return token;
  };
  const expect = (text: string): void => {
    const token = take();
    if (token.kind !== "punctuation" || token.text !== text) {
      throw new Error(`"${token.text}" stands where ${text} was expected`);
    }
  };
  const term = (): Test => {
    const token = take();
    if (token.kind === "punctuation" && token.text === "(") {
      const inner = expression();
      expect(")");
      return inner;
    }
    if (token.kind !== "selector") {
      throw new Error(`"${token.text}" stands where a field was expected`);
    }
    const operator = take();
    if (operator.kind !== "punctuation") {
      throw new Error(`"${operator.text}" is no operator`);
    }
    return comparison(token.text, operator.text, take());
  };
  const expression = (): Test => {
    const terms = [term()];
    let joined: string | undefined;
    while (rest[0]?.text === "&&" || rest[0]?.text === "||") {
      const { text } = take();
      if (joined !== undefined && joined !== text) {
        throw new Error("&& and || are mixed without parentheses");
      }
      joined = text;
      terms.push(term());
    }
    return joined === "||"
      ? (line) => terms.some((test) => test(line))
      : (line) => terms.every((test) => test(line));
  };
  expect("{");
  const test = expression();
  expect("}");
  if (rest.length > 0) throw new Error("something follows the pattern");
  return test;
}
