/** Readers of values from outside, for the tables of settings: each takes one value and gives it typed, or says all that is wrong with it. */

/** One thing wrong with a setting. `at` is the path below the setting's key, such as `[2].until`. */
export interface Complaint {
  readonly at: string;
  readonly value: unknown;
  readonly why?: string | undefined;
}

/** Thrown by a parser with everything that is wrong with its value. */
export class Invalid extends Error {
  readonly complaints: readonly Complaint[];
  constructor(complaints: readonly Complaint[]) {
    super();
    this.complaints = complaints;
  }
}

/** Takes a value from outside; throws {@link Invalid}. */
export type Parser<T> = (value: unknown) => T;

/** A certificate that no sweep deletes; the functions read the same shape from PROTECT. */
export interface ProtectRule {
  readonly match: "chainId" | "name" | "domain";
  readonly value: string;
  readonly owner: string;
  readonly until?: string;
}

export function refuse(value: unknown, why?: string): never {
  throw new Invalid([{ at: "", value, why }]);
}

/** Whether a value from outside is an object with properties. */
export function isObject(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value from outside is a whole number from `min` to `max`. */
export function isWhole(
  value: unknown,
  min: number,
  max: number,
): value is number {
  return (
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
  );
}

export function whole(min: number, max: number): Parser<number> {
  return (value) => (isWhole(value, min, max) ? value : refuse(value));
}

export function autoOrWhole(min: number, max: number): Parser<"auto" | number> {
  return (value) => (value === "auto" ? value : whole(min, max)(value));
}

export const trueOrFalse: Parser<boolean> = (value) =>
  typeof value === "boolean" ? value : refuse(value);

export function oneOf<const T extends string>(
  ...permitted: readonly T[]
): Parser<T> {
  return (value) => permitted.find((name) => name === value) ?? refuse(value);
}

/** Text that matches; what is permitted stands in the setting's range. */
export function matching(pattern: RegExp): Parser<string> {
  return (value) =>
    typeof value === "string" && pattern.test(value) ? value : refuse(value);
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const VENDOR_HOST = /\.(volcengineapi|byteplusapi)\.com$/;

/** An origin on one of the vendor's two API domains, or on this machine. Whether it is the provider's is checked where both are known. */
export const endpoint: Parser<string> = (value) => {
  const url =
    typeof value === "string" && URL.canParse(value)
      ? new URL(value)
      : undefined;
  const permitted =
    url !== undefined &&
    ((url.protocol === "https:" && VENDOR_HOST.test(url.hostname)) ||
      (url.protocol === "http:" && LOOPBACK.test(url.hostname))) &&
    `${url.origin}/` === url.href;
  return permitted ? url.origin : refuse(value);
};

function isDay(text: unknown): text is string {
  return (
    typeof text === "string" &&
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !Number.isNaN(Date.parse(text)) &&
    new Date(text).toISOString().startsWith(text)
  );
}

const ruleMatch = oneOf("chainId", "name", "domain");
const nonEmpty = matching(/[^]/);
const day: Parser<string | undefined> = (value) =>
  value === undefined || isDay(value) ? value : refuse(value);

/** What a parser makes of the part `at` of a value; nothing, once its complaints are among the others, where it refuses. */
function part<T>(
  at: string,
  value: unknown,
  parse: Parser<T>,
  complaints: Complaint[],
): readonly T[] {
  try {
    return [parse(value)];
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    complaints.push(
      ...error.complaints.map((one) => ({ ...one, at: at + one.at })),
    );
    return [];
  }
}

/** A list of what the parser takes; collects every complaint. */
function listOf<T>(parse: Parser<T>): Parser<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return refuse(value);
    const complaints: Complaint[] = [];
    const found = value.flatMap((item: unknown, index) =>
      part(`[${String(index)}]`, item, parse, complaints),
    );
    if (complaints.length > 0) throw new Invalid(complaints);
    return found;
  };
}

export const projectNames = listOf(nonEmpty);

/** Reads the named properties, each by its parser; collects every complaint, unknown properties included. */
export function properties<T extends object>(
  value: unknown,
  parsers: { readonly [K in keyof Required<T>]: Parser<T[K]> },
): { readonly [K in keyof T]?: T[K] | undefined } {
  if (!isObject(value)) return refuse(value);
  const complaints: Complaint[] = [];
  const found: { [K in keyof T]?: T[K] | undefined } = {};
  for (const key in parsers) {
    [found[key]] = part(`.${key}`, value[key], parsers[key], complaints);
  }
  for (const key of Object.keys(value).filter(
    (name) => !Object.hasOwn(parsers, name),
  )) {
    complaints.push({
      at: `.${key}`,
      value: value[key],
      why: "there is no such property",
    });
  }
  if (complaints.length > 0) throw new Invalid(complaints);
  return found;
}

const CHAIN_ID = /^[0-9a-f]{32}$/i;
const GLOB = /[*?]/;

/** Whether the text has the one shape of a chain id that the vendor shows: 32 hex digits. */
export function isChainId(text: string): boolean {
  return CHAIN_ID.test(text);
}

const protectRule: Parser<ProtectRule> = (value) => {
  const {
    match,
    value: glob,
    owner,
    until,
  } = properties<{
    match: ProtectRule["match"];
    value: string;
    owner: string;
    until: string | undefined;
  }>(value, {
    match: ruleMatch,
    value: nonEmpty,
    owner: nonEmpty,
    until: day,
  });
  // Stryker disable all: only the compiler needs this; what is missing has been refused
  if (match === undefined || glob === undefined || owner === undefined) {
    return refuse(value);
  }
  // Stryker restore all
  if (match === "chainId" && !GLOB.test(glob) && !isChainId(glob)) {
    throw new Invalid([
      {
        at: ".value",
        value: glob,
        why: "it can match nothing, being neither a glob nor a chain id",
      },
    ]);
  }
  return {
    match,
    value: glob,
    owner,
    ...(until === undefined ? {} : { until }),
  };
};

export const protectRules = listOf(protectRule);
