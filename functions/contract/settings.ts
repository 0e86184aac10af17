/**
 * The settings that the functions take: one definition each, for cdk.json, which holds JSON, for the environment, which
 * holds text, and for the documents.
 */
import {
  autoOrWhole,
  endpoint,
  Invalid,
  matching,
  oneOf,
  projectNames,
  protectRules,
  trueOrFalse,
  whole,
  type Complaint,
  type Parser,
  type ProtectRule,
} from "./parsers.ts";

export interface Definition<T> {
  /** What an absent one means. */
  readonly fallback: T;
  /** How the documents call the fallback, where its JSON says too little. */
  readonly fallbackText?: string;
  /** What is permitted, in words. */
  readonly range: string;
  /** JSON. */
  readonly example: string;
  /** The environment variable of the functions that carries it. */
  readonly variable?: string;
  /** The variable holds it as it is, whatever it looks like; others hold JSON. */
  readonly isText?: true;
  /** A wrong value is not repeated in messages: a key may have been put there by mistake. */
  readonly hidden?: true;
  /** For the documents; what only the stack sets has none. */
  readonly meaning?: string;
  readonly parse: Parser<T>;
}

/** A definition with its type, as an entry of a table of different ones. */
export function setting<T>(definition: Definition<T>): Definition<T> {
  return definition;
}

/** In the order of the documents. */
export const SETTINGS = {
  volcengineEndpoint: setting<string | undefined>({
    fallback: undefined,
    fallbackText: "by `provider`",
    range:
      "https on *.volcengineapi.com for volcengine, on *.byteplusapi.com for byteplus, without a path",
    example: '"https://live.volcengineapi.com"',
    variable: "VOLCENGINE_ENDPOINT",
    hidden: true,
    meaning: "where the vendor's API answers",
    parse: endpoint,
  }),
  volcengineRegion: setting<string | undefined>({
    fallback: undefined,
    fallbackText: "by `provider`",
    range: "at most 40 lower-case letters, digits and hyphens",
    example: '"cn-north-1"',
    variable: "VOLCENGINE_REGION",
    isText: true,
    meaning: "the region that requests are signed for",
    parse: matching(/^[a-z0-9-]{1,40}$/),
  }),
  graceDays: setting<number>({
    fallback: 7,
    range: "whole number from 0 to 3650",
    example: "14",
    variable: "GRACE_DAYS",
    meaning: "days that a certificate is still kept after its expiry",
    parse: whole(0, 3650),
  }),
  maxDeletions: setting<number>({
    fallback: 100,
    range: "whole number from 1 to 100000",
    example: "500",
    variable: "MAX_DELETIONS",
    meaning: "a sweep that finds more eligible certificates deletes none",
    parse: whole(1, 100_000),
  }),
  dryRun: setting<boolean>({
    fallback: true,
    range: "true or false",
    example: "false",
    variable: "DRY_RUN",
    meaning: "sweeps report and delete nothing",
    parse: trueOrFalse,
  }),
  warnDays: setting<"auto" | number>({
    fallback: "auto",
    range: "auto, or a whole number from 0 to 365",
    example: "21",
    variable: "WARN_DAYS",
    meaning:
      "days before the expiry of a certificate in use from which reports and an alarm warn, 0 never; auto: 30 days or a fifth of its lifetime, whichever is less",
    parse: autoOrWhole(0, 365),
  }),
  unseenDomains: setting<"keep" | "ignore">({
    fallback: "keep",
    range: "keep or ignore",
    example: '"ignore"',
    variable: "UNSEEN_DOMAINS",
    meaning:
      "what becomes of a certificate whose name covers no domain of the account",
    parse: oneOf("keep", "ignore"),
  }),
  projectNames: setting<readonly string[]>({
    fallback: [],
    fallbackText: "`[]`: all",
    range: "list of project names, none empty",
    example: '["default","video"]',
    variable: "PROJECT_NAMES",
    meaning: "certificates of other projects do not exist for this deployment",
    parse: projectNames,
  }),
  protect: setting<readonly ProtectRule[]>({
    fallback: [],
    range:
      "list of {match, value, owner, until?}: match is chainId, name or domain; value a glob, not empty, of chainId else 32 hexadecimal digits; owner not empty; until a day, YYYY-MM-DD",
    example:
      '[{"match":"name","value":"*-root","owner":"video-team","until":"2027-01-31"}]',
    variable: "PROTECT",
    meaning: "certificates that no sweep deletes",
    parse: protectRules,
  }),
};

/** What a table of definitions reads, by name. */
export type ValuesOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Definition<infer T>
    ? T
    : never;
};

function shown(value: unknown): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** What is wrong with a setting, for people; `name` is the key of cdk.json or the variable. */
export function complaintText(
  name: string,
  { range, example, hidden }: Definition<unknown>,
  { at, value, why }: Complaint,
): string {
  const is = hidden
    ? "is wrong (not shown, in case it is a key)"
    : `is ${shown(value)}`;
  return `${name}${at} ${is}${why === undefined ? "" : `: ${why}`}; permitted: ${range}; example: ${example}`;
}

/**
 * Reads every setting of a table: its value from outside, or its fallback where that is undefined or, after `complain`
 * was told, wrong.
 */
export function readAll<
  T extends Readonly<Record<string, Definition<unknown>>>,
>(
  table: T,
  given: (name: string, definition: Definition<unknown>) => unknown,
  complain: (
    name: string,
    definition: Definition<unknown>,
    complaint: Complaint,
  ) => void,
): ValuesOf<T> {
  const values = Object.entries(table).map(([name, definition]) => {
    const value = given(name, definition);
    if (value === undefined) return [name, definition.fallback] as const;
    try {
      return [name, definition.parse(value)] as const;
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      for (const complaint of error.complaints)
        complain(name, definition, complaint);
      return [name, definition.fallback] as const;
    }
  });
  // Each is what its own parser made of it, which the compiler cannot follow.
  return Object.fromEntries(values) as ValuesOf<T>;
}

/**
 * The text of a variable as a value: what it is in JSON, or else itself. It is itself as well where JSON would have
 * spelled a number otherwise.
 */
export function fromVariable(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string") return text;
    return typeof value === "object" || JSON.stringify(value) === text
      ? value
      : text;
  } catch {
    return text;
  }
}

/** The text of a variable that stands for a value. */
export function toVariable(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
