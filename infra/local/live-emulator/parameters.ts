import { liveError, type LiveError } from "./envelope.ts";
import type { Switches } from "./switches.ts";

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bindError(): LiveError {
  return liveError("InvalidParam.BindError");
}

/** The parameters of an action. Names match whatever their case, unknown ones are ignored, and null counts as absent. */
export interface Parameters {
  /** Each reads one parameter, undefined if absent, and throws `InvalidParam.BindError` on another type. */
  text(name: string): string | undefined;
  flag(name: string): boolean | undefined;
  integer(name: string): number | undefined;
  texts(name: string): readonly string[] | undefined;
  integers(name: string): readonly number[] | undefined;
  /** A text that must be there; throws `InvalidParam` on an absent or empty one. */
  required(name: string): string;
}

function parametersOf(fields: Readonly<Record<string, unknown>>): Parameters {
  const byName = new Map(
    Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]),
  );
  function read<T>(
    name: string,
    is: (value: unknown) => value is T,
  ): T | undefined {
    const value = byName.get(name.toLowerCase());
    if (value === undefined || value === null) return undefined;
    if (!is(value)) throw bindError();
    return value;
  }
  const isText = (value: unknown) => typeof value === "string";
  const isInteger = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value);
  return {
    text: (name) => read(name, isText),
    flag: (name) => read(name, (value) => typeof value === "boolean"),
    integer: (name) => read(name, isInteger),
    texts: (name) =>
      read(
        name,
        (value): value is readonly string[] =>
          Array.isArray(value) && value.every(isText),
      ),
    integers: (name) =>
      read(
        name,
        (value): value is readonly number[] =>
          Array.isArray(value) && value.every(isInteger),
      ),
    required(name) {
      const value = read(name, isText);
      if (value === undefined || value === "")
        throw liveError("InvalidParam", { message: `${name} is required.` });
      return value;
    },
  };
}

/**
 * Reads a request body; an empty one is `{}`.
 * @throws LiveError `InvalidParam.BindError` when it is not valid JSON object
 */
export function readParameters(body: Buffer): Parameters {
  if (body.length === 0) return parametersOf({});
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw bindError();
  }
  if (!isObject(value)) throw bindError();
  return parametersOf(value);
}

/** The page of a listing that was asked for, and its `Total`, as the switches have it. */
export function pageOf<T>(
  parameters: Parameters,
  found: readonly T[],
  { ignorePaging, maxPageSize, total }: Readonly<Switches>,
): { readonly page: readonly T[]; readonly counted: { Total?: number } } {
  const pageNum = parameters.integer("PageNum") ?? 1;
  const asked = parameters.integer("PageSize");
  if (pageNum < 1 || (asked ?? 1) < 1)
    throw liveError("InvalidParam", {
      message: "PageNum and PageSize start at 1.",
    });
  const size = Math.min(asked ?? Infinity, maxPageSize ?? Infinity);
  const page =
    ignorePaging || size === Infinity
      ? found
      : found.slice((pageNum - 1) * size, pageNum * size);
  return {
    page,
    counted:
      total === "absent"
        ? {}
        : { Total: total === "query" ? found.length : page.length },
  };
}

/** The same parameters, asking for the page before. */
export function previousPage(parameters: Parameters): Parameters {
  return {
    ...parameters,
    integer(name) {
      const value = parameters.integer(name);
      return name === "PageNum" && value !== undefined && value > 1
        ? value - 1
        : value;
    },
  };
}
