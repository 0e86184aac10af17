/** Readers of the settings that the stack alone has; the others are functions/contract/parsers.ts. */
import {
  Invalid,
  matching,
  properties,
  refuse,
  trueOrFalse,
  type Parser,
} from "../../functions/contract/parsers.ts";
import { BadSchedule, intervals, isTimeZone } from "./schedule.ts";

export interface JwtSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly readScope: string;
  readonly deleteScope: string;
}

export const dryRun: Parser<true | "schedule" | false> = (value) =>
  value === "schedule" ? value : trueOrFalse(value);

const issuer: Parser<string> = (value) =>
  typeof value === "string" &&
  URL.canParse(value) &&
  new URL(value).protocol === "https:"
    ? value
    : refuse(value);
const token = matching(/^[\x21-\x7e]{1,128}$/);

export const authorizer: Parser<"iam" | JwtSettings> = (value) => {
  if (value === "iam") return value;
  const found = properties<JwtSettings>(value, {
    issuer,
    audience: token,
    readScope: token,
    deleteScope: token,
  });
  const { audience, readScope, deleteScope } = found;
  // Stryker disable all: what is absent was refused above, which the compiler does not know
  if (
    found.issuer === undefined ||
    audience === undefined ||
    readScope === undefined ||
    deleteScope === undefined
  ) {
    return refuse(value);
  }
  // Stryker restore all
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
    // Stryker disable next-line ConditionalExpression: nothing else is thrown, but for defects
    if (!(error instanceof BadSchedule)) throw error;
    return refuse(value, error.message);
  }
};

export const timeZone: Parser<string> = (value) =>
  // Stryker disable next-line ConditionalExpression: what is not a text has no zone's name either
  typeof value === "string" && isTimeZone(value)
    ? value
    : refuse(value, "no such zone, or not in the letter case of the IANA list");
