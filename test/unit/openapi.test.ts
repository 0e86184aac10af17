import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { noRoute, readHttpRequest } from "../../functions/http/event.ts";
import {
  PROBLEMS,
  type ProblemName,
} from "../../functions/contract/problems.ts";
import { routeKeyOf, ROUTES } from "../../functions/contract/routes.ts";
import { problemAnswer } from "../../functions/http/problem.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import { openapi } from "../../functions/http/openapi.ts";

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const DOCUMENT: unknown = openapi;
const TEXT = read("functions/http/openapi.json");

const JSON_SCHEMA = new Ajv2020({ strict: false });

type Visit = (node: Readonly<Record<string, unknown>>, pointer: string) => void;

/** Visits every object of the document with its JSON pointer. */
function walk(node: unknown, visit: Visit, pointer = ""): void {
  if (isObject(node)) visit(node, pointer);
  if (typeof node !== "object" || node === null) return;
  for (const [key, child] of Object.entries(node)) {
    const segment = key.replaceAll("~", "~0").replaceAll("/", "~1");
    walk(child, visit, `${pointer}/${segment}`);
  }
}

function at(document: unknown, pointer: string): unknown {
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

function keys(node: unknown): string[] {
  return isObject(node) ? Object.keys(node) : [];
}

/** What is wrong with the document as an OpenAPI description. */
async function defects(document: object): Promise<unknown[]> {
  const { errors } = await new Validator().validate({ ...document });
  const found: unknown[] = errors === undefined ? [] : [errors];
  const used = new Set<unknown>();
  walk(document, (node, pointer) => {
    // OpenAPI's schema says nothing of the schemas within.
    const isSchema = /\/schema$|^\/components\/schemas\/[^/]+$/.test(pointer);
    if (isSchema && JSON_SCHEMA.validateSchema(node) !== true)
      found.push(pointer, JSON_SCHEMA.errors);
    used.add(node["$ref"]);
  });
  for (const scheme of keys(at(document, "/components/securitySchemes")))
    used.add(`#/components/securitySchemes/${scheme}`);
  for (const kind of keys(at(document, "/components"))) {
    for (const name of keys(at(document, `/components/${kind}`))) {
      const target = `#/components/${kind}/${name}`;
      if (!used.has(target)) found.push(`nothing refers to ${target}`);
    }
  }
  return found;
}

/** Every operation as method and path, with its pointer. */
function operations(): Map<string, string> {
  const found = new Map<string, string>();
  walk(DOCUMENT, (_, pointer) => {
    const [, path, method] =
      /^\/paths\/([^/]+)\/(get|delete|post|put|patch|head|options|trace)$/.exec(
        pointer,
      ) ?? [];
    if (path === undefined || method === undefined) return;
    found.set(`${method.toUpperCase()} ${path.replaceAll("~1", "/")}`, pointer);
  });
  return found;
}

function texts(list: unknown): string[] {
  return Array.isArray(list)
    ? list.filter((item) => typeof item === "string")
    : [];
}

describe("the description of the API", () => {
  it("has the structure of OpenAPI 3.1, and every reference and component has its counterpart", async () => {
    expect(await defects(openapi)).toEqual([]);
  });

  it.each([
    ["a field of no meaning", '"servers":', '"server":'],
    ["a response without a description", '"description": "The receipt.",', ""],
    ["a reference to nothing", "schemas/Receipt", "schemas/Recept"],
    ["a component that nothing needs", '"Count":', '"Spare": {}, "Count":'],
    ["a schema of no type", '"type": "integer"', '"type": "whole"'],
    ["a status of no class", '"202":', '"OK":'],
    ["an operation's field that there is not", '"summary": "L', '"sumary": "L'],
    ["a parameter of no place", '"in": "query"', '"in": "body"'],
  ])("is found defective with %s", async (_, from, to) => {
    expect(TEXT).toContain(from);
    const defective: unknown = JSON.parse(TEXT.replace(from, to));
    if (!isObject(defective)) throw new Error("no object");
    expect(await defects(defective)).not.toEqual([]);
  });

  it("has schemas that compile strictly, and examples that they accept", () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    addFormats.default(ajv);
    ajv.addVocabulary(keys(DOCUMENT));
    ajv.addSchema(openapi, "openapi.json");
    let examples = 0;
    walk(DOCUMENT, ({ schema, example }, pointer) => {
      if (schema === undefined) return;
      const segments = pointer.split("/").map(encodeURIComponent).join("/");
      const validate = ajv.compile({ $ref: `openapi.json#${segments}/schema` });
      if (example === undefined) return;
      examples += 1;
      validate(example);
      expect(validate.errors ?? [], pointer).toEqual([]);
    });
    expect(examples).toBeGreaterThan(5);
  });

  it("names every operation differently, says what it does, and names every variable of its path", () => {
    const ids = [...operations().values()].map((pointer) =>
      at(DOCUMENT, `${pointer}/operationId`),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const pointer of operations().values()) {
      for (const field of ["operationId", "summary", "description"])
        expect(at(DOCUMENT, `${pointer}/${field}`), pointer).toMatch(/./);
    }
    const variables = new Set(TEXT.match(/(?<=\{)\w+(?=\}":)/g));
    expect([...variables]).toEqual(["chainId"]);
    expect(at(DOCUMENT, "/paths/~1certificates~1{chainId}/parameters")).toEqual(
      [{ $ref: "#/components/parameters/ChainId" }],
    );
    expect(at(DOCUMENT, "/components/parameters/ChainId")).toMatchObject({
      name: "chainId",
      in: "path",
      required: true,
    });
  });

  it("has the version of the package", () => {
    const manifest: unknown = JSON.parse(read("package.json"));
    expect(at(DOCUMENT, "/info/version")).toBe(at(manifest, "/version"));
  });
});

describe("the description and the program agree", () => {
  it("on the routes that are served, no more and no less", () => {
    expect([...operations().keys()].sort()).toEqual(
      Object.values(ROUTES).map(routeKeyOf).sort(),
    );
  });

  it("on the methods that `allow` names for each path", () => {
    const allowed = keys(at(DOCUMENT, "/paths")).map((path) => {
      const request = readHttpRequest({
        version: "2.0",
        routeKey: "$default",
        rawPath: path,
        requestContext: { http: { method: "PATCH" } },
      });
      const allow = noRoute(request!).problem.headers?.["allow"];
      const described = [...operations().keys()]
        .filter((operation) => operation.endsWith(` ${path}`))
        .map((operation) => operation.split(" ", 1)[0]);
      expect(allow, path).toBe(described.sort().join(", "));
      return allow;
    });
    expect(new Set(allowed)).toEqual(
      new Set(texts(at(DOCUMENT, "/components/headers/Allow/schema/enum"))),
    );
  });

  it("on the names of problems and the status of each", () => {
    const isName = (name: string): name is ProblemName =>
      Object.hasOwn(PROBLEMS, name);
    const answered = Object.keys(PROBLEMS)
      .filter(isName)
      .map((name) => {
        const answer = problemAnswer({ name, detail: "" }, "id");
        const body: unknown = JSON.parse(answer.body);
        return `${String(answer.statusCode)} ${String(at(body, "/type"))}`;
      });
    const described = new Set<string>();
    walk(DOCUMENT, ({ properties }) => {
      if (!isObject(properties)) return;
      const status = at(properties, "/status/const");
      const type = at(properties, "/type/const");
      for (const urn of [
        ...texts(at(properties, "/type/enum")),
        ...texts([type]),
      ])
        described.add(`${String(status)} ${urn}`);
    });
    expect([...described].sort()).toEqual(answered.sort());
  });

  it("on the status under which each problem stands", () => {
    walk(DOCUMENT, ({ content }, pointer) => {
      const status = at(
        content,
        "/application~1problem+json/schema/properties/status/const",
      );
      const [, key] = /\/(\d{3})$/.exec(pointer) ?? [];
      if (status !== undefined && key !== undefined)
        expect(status, pointer).toBe(Number(key));
    });
    walk(DOCUMENT, ({ $ref: target }, pointer) => {
      const [, key] = /\/responses\/(\d{3})$/.exec(pointer) ?? [];
      if (key === undefined || typeof target !== "string") return;
      const status = at(
        DOCUMENT,
        `${target.slice(1)}/content/application~1problem+json/schema/properties/status/const`,
      );
      if (status !== undefined) expect(status, pointer).toBe(Number(key));
    });
  });

  it("on the query parameters of each route", () => {
    for (const route of Object.values(ROUTES)) {
      const pointer = operations().get(routeKeyOf(route)) ?? "";
      const parameters = at(DOCUMENT, `${pointer}/parameters`);
      const names = (Array.isArray(parameters) ? parameters : []).map((one) =>
        at(one, "/name"),
      );
      expect(names, routeKeyOf(route)).toEqual(Object.keys(route.query));
    }
  });

  it("on the reasons to keep, but for out-of-scope: such a certificate does not exist for the API", () => {
    expect(at(DOCUMENT, "/components/schemas/Reason/description")).toMatch(
      /^Why a sweep keeps it\. `malformed-record`: [^`]*\. `expiry-unreadable`: .*`protected`: a rule protects it\.$/,
    );
    expect(at(DOCUMENT, "/components/schemas/Reason/enum")).toEqual([
      "malformed-record",
      "expiry-unreadable",
      "validity-inverted",
      "not-expired",
      "within-grace",
      "status-conflict",
      "in-use",
      "domain-not-visible",
      "protected",
    ]);
  });
});
