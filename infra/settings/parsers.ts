/** Readers of one setting each, for the table in settings.ts: from what cdk.json holds to what the stack uses. */
import { BadSchedule, intervals, isTimeZone } from "./schedule.ts";

/** One thing wrong with a setting. `at` is the path below the setting's key, such as `[2].until`. */
interface Complaint {
  readonly at: string;
  readonly value: unknown;
  readonly why?: string;
}

/** Thrown by a parser with everything that is wrong with its value. */
export class Invalid extends Error {
  readonly complaints: readonly Complaint[];
  constructor(complaints: readonly Complaint[]) {
    super("invalid setting");
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

export interface JwtSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly readScope: string;
  readonly deleteScope: string;
}

function refuse(value: unknown, why?: string): never {
  throw new Invalid([{ at: "", value, ...(why === undefined ? {} : { why }) }]);
}

/** Whether a value from outside is an object with properties. */
export function isRecord(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function whole(min: number, max: number): Parser<number> {
  return (value) =>
    typeof value === "number" &&
    Number.isInteger(value) &&
    value >= min &&
    value <= max
      ? value
      : refuse(value);
}

export function autoOrWhole(min: number, max: number): Parser<"auto" | number> {
  return (value) => (value === "auto" ? value : whole(min, max)(value));
}

export const dryRun: Parser<true | "schedule" | false> = (value) =>
  value === "schedule" ? value : trueOrFalse(value);

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

/** An origin on one of the vendor's two API domains. Whether it is the provider's is checked where both are known. */
export const endpoint: Parser<string> = (value) => {
  const url =
    typeof value === "string" && URL.canParse(value)
      ? new URL(value)
      : undefined;
  const permitted =
    url?.protocol === "https:" &&
    /\.(volcengineapi|byteplusapi)\.com$/.test(url.hostname) &&
    `${url.origin}/` === url.href;
  return permitted ? url.origin : refuse(value);
};

export const projectNames: Parser<readonly string[]> = (value) => {
  if (!Array.isArray(value)) return refuse(value);
  const entries: readonly unknown[] = value;
  const good = entries.filter((entry) => typeof entry === "string");
  const complaints = entries.flatMap((entry, index) =>
    typeof entry === "string" && entry !== ""
      ? []
      : [{ at: `[${String(index)}]`, value: entry }],
  );
  if (complaints.length > 0) throw new Invalid(complaints);
  return good;
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
const nonEmpty = matching(/^[^]+$/);
const day: Parser<string | undefined> = (value) =>
  value === undefined || isDay(value) ? value : refuse(value);

/** Reads the named properties, each by its parser; collects every complaint, unknown properties included. */
function properties<T extends object>(
  value: unknown,
  at: string,
  parsers: { readonly [K in keyof Required<T>]: Parser<T[K]> },
): Partial<T> {
  if (!isRecord(value)) throw new Invalid([{ at, value }]);
  const complaints: Complaint[] = [];
  const found: Partial<T> = {};
  for (const key in parsers) {
    try {
      const parsed = parsers[key](value[key]);
      if (parsed !== undefined) found[key] = parsed;
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      complaints.push({ at: `${at}.${key}`, value: value[key] });
    }
  }
  for (const key of Object.keys(value).filter((name) => !(name in parsers))) {
    complaints.push({
      at: `${at}.${key}`,
      value: value[key],
      why: "there is no such property",
    });
  }
  if (complaints.length > 0) throw new Invalid(complaints);
  return found;
}

const CHAIN_ID = /^[0-9a-fA-F]{32}$/;
const GLOB = /[*?]/;

function protectRule(value: unknown, at: string): ProtectRule {
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
  }>(value, at, {
    match: ruleMatch,
    value: nonEmpty,
    owner: nonEmpty,
    until: day,
  });
  if (match === undefined || glob === undefined || owner === undefined) {
    throw new Invalid([{ at, value }]);
  }
  if (match === "chainId" && !GLOB.test(glob) && !CHAIN_ID.test(glob)) {
    throw new Invalid([
      {
        at: `${at}.value`,
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
}

export const protectRules: Parser<readonly ProtectRule[]> = (value) => {
  if (!Array.isArray(value)) return refuse(value);
  const complaints: Complaint[] = [];
  const found: ProtectRule[] = [];
  for (const [index, item] of value.entries()) {
    try {
      found.push(protectRule(item, `[${String(index)}]`));
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      complaints.push(...error.complaints);
    }
  }
  if (complaints.length > 0) throw new Invalid(complaints);
  return found;
};

const issuer: Parser<string> = (value) =>
  typeof value === "string" &&
  URL.canParse(value) &&
  new URL(value).protocol === "https:"
    ? value
    : refuse(value);
const token = matching(/^[\x21-\x7e]{1,128}$/);

export const authorizer: Parser<"iam" | JwtSettings> = (value) => {
  if (value === "iam") return value;
  const found = properties<JwtSettings>(value, "", {
    issuer,
    audience: token,
    readScope: token,
    deleteScope: token,
  });
  const { audience, readScope, deleteScope } = found;
  if (
    found.issuer === undefined ||
    audience === undefined ||
    readScope === undefined ||
    deleteScope === undefined
  ) {
    return refuse(value);
  }
  if (readScope === deleteScope) {
    throw new Invalid([
      {
        at: ".deleteScope",
        value: deleteScope,
        why: "whoever may read could delete",
      },
    ]);
  }
  return { issuer: found.issuer, audience, readScope, deleteScope };
};

/** The form only; the fire times depend on the time zone and are checked with it. */
export const scheduleExpression: Parser<string> = (value) => {
  if (typeof value !== "string") return refuse(value);
  try {
    intervals(value, "UTC");
    return value;
  } catch (error) {
    if (!(error instanceof BadSchedule)) throw error;
    return refuse(value, error.message);
  }
};

export const timeZone: Parser<string> = (value) =>
  typeof value === "string" && isTimeZone(value)
    ? value
    : refuse(value, "no such zone, or not in the letter case of the IANA list");
