/** The description of the API, and what an answer has to be by it. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { isObject } from "../../functions/contract/parsers.ts";
import { openapi } from "../../functions/http/openapi.ts";

const DOCUMENT: unknown = openapi;
/** Requests that none of the operations is about. */
export const UNMATCHED = "unmatched";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export function at(pointer: string, document = DOCUMENT): unknown {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (node, key) =>
        typeof node === "object" && node !== null && Object.hasOwn(node, key)
          ? Reflect.get(node, key)
          : undefined,
      document,
    );
}

/** The pointer to the thing itself, where this one leads to a reference. */
export function follow(pointer: string): string {
  const node = at(pointer);
  return isObject(node) && typeof node["$ref"] === "string"
    ? follow(node["$ref"].slice(1))
    : pointer;
}

function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function responsesOf(operation: string): string {
  const [method = "", path = ""] = operation.split(" ");
  return operation === UNMATCHED
    ? "/x-unmatched-requests"
    : `/paths/${escaped(path)}/${method.toLowerCase()}/responses`;
}

function keys(pointer: string): string[] {
  return Object.keys(at(pointer) ?? {});
}

export const VALUES = new Ajv2020({ allErrors: true, allowUnionTypes: true });
/** Headers and parameters are texts, whatever their schema says. */
export const TEXTS = new Ajv2020({ allErrors: true, coerceTypes: true });
for (const one of [VALUES, TEXTS]) {
  addFormats.default(one);
  one.addVocabulary(Object.keys(openapi));
  one.addSchema(openapi, "openapi.json");
}
const compiled = new Map<string, ValidateFunction>();

export function mismatches(
  by: Ajv2020,
  pointer: string,
  value: unknown,
): string[] {
  const fragment = pointer.split("/").map(encodeURIComponent).join("/");
  const key = `${String(by === VALUES)} ${fragment}`;
  const validate =
    compiled.get(key) ?? by.compile({ $ref: `openapi.json#${fragment}` });
  compiled.set(key, validate);
  validate(value);
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message ?? ""}`,
  );
}

/** Headers of the connection and of API Gateway, which no description of an API lists. */
const TRANSPORT = new Set([
  "content-type",
  "content-length",
  "date",
  "connection",
  "keep-alive",
  "apigw-requestid",
]);
const WAITS = ["vendor-throttled", "sweep-running"];

export function problemOf(body: unknown): string | undefined {
  const type = isObject(body) ? body["type"] : undefined;
  return typeof type === "string" ? /[\w-]+$/.exec(type)?.[0] : undefined;
}

/** How an answer differs from what the description says that the operation answers. */
export function violations(
  operation: string,
  { status, headers, body }: Answer,
): string[] {
  const response = follow(`${responsesOf(operation)}/${String(status)}`);
  if (at(response) === undefined)
    return [`${operation} does not answer ${String(status)}`];
  const type = headers["content-type"] ?? "";
  const content = `${response}/content/${escaped(type)}`;
  if (at(content) === undefined)
    return [`${operation} ${String(status)} is no ${type}`];
  const isGateways = status >= 400 && type === "application/json";
  const described = keys(`${response}/headers`);
  const expected = isGateways
    ? []
    : described.filter(
        (name) =>
          name !== "retry-after" || WAITS.includes(problemOf(body) ?? ""),
      );
  return [
    ...mismatches(VALUES, `${content}/schema`, body),
    ...expected
      .filter((name) => headers[name] === undefined)
      .map((name) => `there is no header ${name}`),
    ...Object.entries(headers).flatMap(([name, value]) => {
      if (TRANSPORT.has(name)) return [];
      if (!expected.includes(name)) return [`header ${name} is undescribed`];
      const header = follow(`${response}/headers/${name}`);
      return mismatches(TEXTS, `${header}/schema`, value);
    }),
  ];
}

/** Everything that the description says the function itself answers, as `operation status problem`. */
export function described(operation: string): string[] {
  return keys(responsesOf(operation)).flatMap((status) => {
    const response = follow(`${responsesOf(operation)}/${status}`);
    const type = `${response}/content/application~1problem+json/schema/properties/type`;
    const urns = [at(`${type}/enum`) ?? at(`${type}/const`) ?? []].flat();
    const names =
      Number(status) < 400
        ? ["-"]
        : urns.map((urn) => problemOf({ type: urn }) ?? "");
    return names.map((name) => `${operation} ${status} ${name}`);
  });
}
