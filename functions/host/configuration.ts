/** The settings of a function, all checked at start and every problem reported together (README, "Settings"). */
import { isChainId, isObject } from "../janitor/certificate.ts";
import type { ProtectRule } from "../janitor/protect.ts";
import type { Policy } from "../janitor/verdict.ts";

export interface Configuration {
  /** Name or ARN. */
  readonly secretId: string;
  readonly endpoint: URL;
  readonly region: string;
  readonly policy: Policy;
  readonly maxDeletions: number;
  readonly dryRun: boolean;
  /** DeleteCert calls a second, at the most. */
  readonly sendsPerSecond: number;
}

/** What the reports look ahead by; it has no part in any verdict. */
export interface Foresight {
  /** Days before its expiry from which a certificate in use is warned of; 0 never, "auto" by its lifetime. */
  readonly warnDays: "auto" | number;
  /** The longest time between two scheduled sweeps. */
  readonly sweepIntervalMinutes: number;
}

export type Environment = Readonly<Partial<Record<string, string>>>;

/** One or more settings are wrong; the message names each with what is permitted. Nothing was called. */
export class BadConfiguration extends Error {
  override readonly name = "BadConfiguration";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `Nothing was deleted: ${problems.length === 1 ? "a setting is" : `${String(problems.length)} settings are`} wrong. ${problems.join(" ")}`,
    );
    this.problems = problems;
  }
}

/** Thrown by the readers below with what is permitted. */
class Invalid extends Error {}

/** For what may hold a key by mistake. */
const NOT_SHOWN =
  "is wrong (its value is not repeated here, in case it is a key)";

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const VENDOR_HOST = /\.(volcengineapi|byteplusapi)\.com$/;

function endpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const permitted =
    url !== undefined &&
    ((url.protocol === "https:" && VENDOR_HOST.test(url.hostname)) ||
      (url.protocol === "http:" && LOOPBACK.test(url.hostname))) &&
    `${url.origin}/` === url.href;
  if (!permitted) {
    throw new Invalid(
      `${NOT_SHOWN}; it must be https on *.volcengineapi.com or *.byteplusapi.com, or http on a loopback host, without path or user.`,
    );
  }
  return url;
}

function matching(
  pattern: RegExp,
  permitted: string,
  is = (text: string) => `is ${shown(text)}`,
) {
  return (text: string): string => {
    if (!pattern.test(text))
      throw new Invalid(`${is(text)}; it must be ${permitted}.`);
    return text;
  };
}

function number(pattern: RegExp, min: number, max: number, kind: string) {
  return (text: string): number => {
    const value = Number(text);
    if (!pattern.test(text) || value < min || value > max) {
      throw new Invalid(
        `is ${shown(text)}; it must be ${kind} from ${String(min)} to ${String(max)}.`,
      );
    }
    return value;
  };
}

const whole = (
  min: number,
  max: number,
  kind: "a whole number" | "auto or a whole number" = "a whole number",
) => number(/^\d{1,9}$/, min, max, kind);

const warnDays = (text: string): Foresight["warnDays"] =>
  text === "auto" ? text : whole(0, 365, "auto or a whole number")(text);

function oneOf<const T extends string>(...values: readonly T[]) {
  return (text: string): T => {
    const value = values.find((permitted) => permitted === text);
    if (value === undefined) {
      throw new Invalid(
        `is ${shown(text)}; it must be ${values.join(" or ")}.`,
      );
    }
    return value;
  };
}

function jsonArray(text: string, of: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!Array.isArray(value))
    throw new Invalid(`is ${shown(text)}; it must be a JSON array of ${of}.`);
  return value;
}

function projectNames(text: string): readonly string[] {
  return jsonArray(text, "project names").map((name) => {
    if (typeof name !== "string" || name === "") {
      throw new Invalid(
        `holds ${shown(JSON.stringify(name))}; it must be a JSON array of project names.`,
      );
    }
    return name;
  });
}

function isDay(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !Number.isNaN(Date.parse(text)) &&
    new Date(text).toISOString().startsWith(text)
  );
}

function protectRule(item: unknown, index: number): ProtectRule {
  const bad = (what: string): never => {
    throw new Invalid(
      `has a bad rule ${String(index + 1)}: ${what}. A rule looks like {"match":"name","value":"*-root","owner":"video-team","until":"2027-01-31"}.`,
    );
  };
  if (!isObject(item)) return bad("it is no object");
  const { match, value, owner, until, ...others } = item;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    return bad(`it has an unknown key ${shown(unknown)}`);
  if (match !== "chainId" && match !== "name" && match !== "domain")
    return bad("match must be chainId, name or domain");
  if (typeof value !== "string" || value === "")
    return bad("value must be a glob, not empty");
  if (match === "chainId" && !/[*?]/.test(value) && !isChainId(value))
    return bad(
      "a chainId without * and ? must be 32 hexadecimal digits, else it matches nothing",
    );
  if (typeof owner !== "string" || owner === "")
    return bad("owner must say who wants it kept");
  if (until === undefined) return { match, value, owner };
  if (typeof until !== "string" || !isDay(until))
    return bad("until must be a day, YYYY-MM-DD");
  return { match, value, owner, until };
}

/**
 * Reads the settings from the environment. An empty value is a problem, but for PROJECT_NAMES, where it means all.
 * Throws {@link BadConfiguration} with every problem.
 */
export function readConfiguration(env: Environment): Configuration & Foresight {
  const problems: string[] = [];
  /** The value of a setting; its fallback where it is unset, or wrong, until we throw. */
  const read = <T>(
    name: string,
    fallback: T,
    parse: (text: string) => T,
  ): T => {
    const text = env[name];
    if (text === undefined) return fallback;
    try {
      if (text === "") throw new Invalid("is empty; set it or leave it out.");
      return parse(text);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      problems.push(`${name} ${error.message}`);
      return fallback;
    }
  };
  if (env["VOLCENGINE_SECRET_ID"] === undefined) {
    problems.push(
      "VOLCENGINE_SECRET_ID is not set; it must be the name or ARN of the secret with the access key.",
    );
  }
  const configuration: Configuration & Foresight = {
    secretId: read(
      "VOLCENGINE_SECRET_ID",
      "",
      matching(
        /^[\w/+=.@:-]{1,2048}$/,
        "the name or ARN of a secret",
        () => NOT_SHOWN,
      ),
    ),
    endpoint: read(
      "VOLCENGINE_ENDPOINT",
      new URL("https://live.volcengineapi.com"),
      endpoint,
    ),
    region: read(
      "VOLCENGINE_REGION",
      "cn-north-1",
      matching(/^[a-z0-9-]{1,40}$/, "a region such as cn-north-1"),
    ),
    policy: {
      graceDays: read("GRACE_DAYS", 7, whole(0, 3650)),
      unseenDomains: read("UNSEEN_DOMAINS", "keep", oneOf("keep", "ignore")),
      projectNames:
        env["PROJECT_NAMES"] === ""
          ? []
          : read("PROJECT_NAMES", [], projectNames),
      protect: read("PROTECT", [], (text) =>
        jsonArray(text, "rules").map(protectRule),
      ),
    },
    maxDeletions: read("MAX_DELETIONS", 100, whole(1, 100_000)),
    // An absent one deletes nothing.
    dryRun: read("DRY_RUN", "true", oneOf("true", "false")) === "true",
    sendsPerSecond: read(
      "SENDS_PER_SECOND",
      7.8,
      number(/^\d+(\.\d+)?$/, 0.1, 7.8, "a number"),
    ),
    warnDays: read("WARN_DAYS", "auto", warnDays),
    sweepIntervalMinutes: read(
      "SWEEP_INTERVAL_MINUTES",
      1440,
      whole(1, 10_080),
    ),
  };
  if (problems.length > 0) throw new BadConfiguration(problems);
  return configuration;
}
