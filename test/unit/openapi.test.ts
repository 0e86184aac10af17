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
import { createApiHandler } from "../../functions/http/handler.ts";
import { systemClock } from "../../functions/host/clock.ts";
import {
  at,
  follow,
  mismatches,
  TEXTS,
  VALUES,
  violations,
  type Answer,
} from "../world/description.ts";
import {
  DELETE,
  GET_ONE,
  httpEvent,
  LIST,
  SWEEP,
} from "../world/hostile-events.ts";

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

function keys(node: unknown): string[] {
  return typeof node === "object" && node !== null ? Object.keys(node) : [];
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
  for (const scheme of keys(at("/components/securitySchemes", document)))
    used.add(`#/components/securitySchemes/${scheme}`);
  for (const kind of keys(at("/components", document))) {
    for (const name of keys(at(`/components/${kind}`, document))) {
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
      at(`${pointer}/operationId`),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const pointer of operations().values()) {
      for (const field of ["operationId", "summary", "description"])
        expect(at(`${pointer}/${field}`), pointer).toMatch(/./);
    }
    const variables = new Set(TEXT.match(/(?<=\{)\w+(?=\}":)/g));
    expect([...variables]).toEqual(["chainId"]);
    expect(at("/paths/~1certificates~1{chainId}/parameters")).toEqual([
      { $ref: "#/components/parameters/ChainId" },
    ]);
    expect(at("/components/parameters/ChainId")).toMatchObject({
      name: "chainId",
      in: "path",
      required: true,
    });
  });

  it("has the version of the package", () => {
    const manifest: unknown = JSON.parse(read("package.json"));
    expect(at("/info/version")).toBe(at("/version", manifest));
  });
});

describe("the description and the program agree", () => {
  it("on the routes that are served, no more and no less", () => {
    expect([...operations().keys()].sort()).toEqual(
      Object.values(ROUTES).map(routeKeyOf).sort(),
    );
  });

  it("on the methods that `allow` names for each path", () => {
    const allowed = keys(at("/paths")).map((path) => {
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
      new Set(texts(at("/components/headers/Allow/schema/enum"))),
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
        return `${String(answer.statusCode)} ${String(at("/type", body))}`;
      });
    const described = new Set<string>();
    walk(DOCUMENT, ({ properties }) => {
      if (!isObject(properties)) return;
      const status = at("/status/const", properties);
      const type = at("/type/const", properties);
      for (const urn of [
        ...texts(at("/type/enum", properties)),
        ...texts([type]),
      ])
        described.add(`${String(status)} ${urn}`);
    });
    expect([...described].sort()).toEqual(answered.sort());
  });

  it("on the status under which each problem stands", () => {
    walk(DOCUMENT, ({ content }, pointer) => {
      const status = at(
        "/application~1problem+json/schema/properties/status/const",
        content,
      );
      const [, key] = /\/(\d{3})$/.exec(pointer) ?? [];
      if (status !== undefined && key !== undefined)
        expect(status, pointer).toBe(Number(key));
    });
    walk(DOCUMENT, ({ $ref: target }, pointer) => {
      const [, key] = /\/responses\/(\d{3})$/.exec(pointer) ?? [];
      if (key === undefined || typeof target !== "string") return;
      const status = at(
        `${target.slice(1)}/content/application~1problem+json/schema/properties/status/const`,
      );
      if (status !== undefined) expect(status, pointer).toBe(Number(key));
    });
  });

  it("on the query parameters of each route", () => {
    for (const route of Object.values(ROUTES)) {
      const pointer = operations().get(routeKeyOf(route)) ?? "";
      const parameters = at(`${pointer}/parameters`);
      const names = (Array.isArray(parameters) ? parameters : []).map((one) =>
        at("/name", one),
      );
      expect(names, routeKeyOf(route)).toEqual(Object.keys(route.query));
    }
  });

  it("on the reasons to keep, but for out-of-scope: such a certificate does not exist for the API", () => {
    expect(at("/components/schemas/Reason/description")).toMatch(
      /^Why a sweep keeps it\. `malformed-record`: [^`]*\. `expiry-unreadable`: .*`protected`: a rule protects it\.$/,
    );
    expect(at("/components/schemas/Reason/enum")).toEqual([
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

describe("what may be sent is as described", () => {
  const good = "0123456789abcdef".repeat(2);
  const cursor = Buffer.from(JSON.stringify([0, "", 0])).toString("base64url");
  const nobody = () => Promise.reject(new Error("no vendor"));

  /** What a request gets; every one that is understood ends in a 500, or starts a sweep that there is not. */
  async function statusOf(route: string, over: object): Promise<number> {
    const handle = createApiHandler(
      {
        env: { VOLCENGINE_SECRET_ID: "key", MAX_DELETIONS: "100000" },
        clock: systemClock,
        random: () => 0,
        log: () => undefined,
      },
      () => Promise.resolve("run"),
      () => ({
        observer: { observe: nobody, listCertificates: nobody },
        deleter: { deleteCertificate: nobody },
        close: () => Promise.resolve(),
      }),
    );
    const answer = await handle(httpEvent(route, { ...over }), {
      awsRequestId: "id",
      getRemainingTimeInMillis: () => 29_000,
    });
    return answer.statusCode;
  }

  const ids: [string[], string[]] = [
    [good, good.toUpperCase()],
    [`${good}0`, "g".repeat(32)],
  ];
  it.each<[string, string, string[], string[]]>([
    [LIST, "verdict", ["delete", "keep"], ["", "DELETE", "all"]],
    [LIST, "state", ["expired", "valid", "expiring"], ["", "unreadable"]],
    [LIST, "limit", ["1", "99", "1000"], ["0", "1001", "-1", "1.5", "ten"]],
    [LIST, "cursor", [cursor], ["", "a+b", "a=", "a".repeat(1001)]],
    [GET_ONE, "chainId", ...ids],
    [DELETE, "chainId", ...ids],
    [DELETE, "force", ["true", "false"], ["", "TRUE", "yes"]],
    [DELETE, "dryRun", ["true", "false"], ["", "True", "no"]],
  ])("%s: %s", async (route, name, accepted, refused) => {
    const operation = operations().get(route) ?? "";
    const parameter = [operation, operation.replace(/\/[a-z]+$/, "")]
      .flatMap((owner) =>
        keys(at(`${owner}/parameters`)).map((index) =>
          follow(`${owner}/parameters/${index}`),
        ),
      )
      .find((pointer) => at(`${pointer}/name`) === name);
    const place =
      name === "chainId" ? "pathParameters" : "queryStringParameters";
    for (const value of [...accepted, ...refused]) {
      const isAccepted = accepted.includes(value);
      const status = await statusOf(route, { [place]: { [name]: value } });
      expect(status, value).toBe(isAccepted ? 500 : 400);
      const schema = `${parameter ?? ""}/schema`;
      const isDescribed = mismatches(TEXTS, schema, value).length === 0;
      expect(isDescribed, value).toBe(isAccepted);
    }
  });

  it.each([
    [
      202,
      [
        {},
        { dryRun: true },
        { maxDeletions: 1, graceDays: 3650 },
        { report: false },
        { only: [good, "Ab".repeat(16)] },
      ],
    ],
    [
      400,
      [
        ...[[], ["1"], null, Array(5001).fill(good)].map((only) => ({ only })),
        ...[{ report: null }, { dryRun: false }, { dryRun: null }],
        ...[{ maxDeletions: 0 }, { maxDeletions: 100_001 }],
        ...[{ graceDays: 3651 }, { graceDays: "7" }, { more: 1 }, [], null],
      ],
    ],
  ])("a sweep's body: %i", async (status, bodies) => {
    const schema =
      "/paths/~1sweeps/post/requestBody/content/application~1json/schema";
    for (const content of bodies) {
      const body = JSON.stringify(content);
      expect(await statusOf(SWEEP, { body }), body).toBe(status);
      const isDescribed = mismatches(VALUES, schema, content).length === 0;
      expect(isDescribed, body).toBe(status === 202);
    }
  });
});

describe("an answer that is not as described is found", () => {
  const json = { "content-type": "application/json" };
  const ours = { "cache-control": "no-store", "x-request-id": "id=" };
  const receipt: Answer = {
    status: 200,
    headers: { ...json, ...ours },
    body: {
      chainId: "a".repeat(32),
      outcome: "deleted",
      requestId: "20261124",
      certificate: { name: "", notAfter: "", domains: [] },
    },
  };
  const problem = (name: string, status = 503): Answer => ({
    status,
    headers: { ...ours, "content-type": "application/problem+json" },
    body: {
      type: `urn:live-cert-janitor:problem:${name}`,
      title: "",
      status,
      detail: "",
      instance: "id=",
      vendor: { code: "Code" },
    },
  });
  const billing = problem("vendor-billing");
  const throttled = problem("vendor-throttled");
  const altered = (answer: Answer, fields: object): Answer => ({
    ...answer,
    body: { ...(isObject(answer.body) && answer.body), ...fields },
  });
  const headed = (
    answer: Answer,
    headers: Readonly<Record<string, string>>,
  ): Answer => ({
    ...answer,
    headers: { ...answer.headers, ...headers },
  });

  it.each([
    ["a receipt", receipt],
    ["a problem", billing],
    ["a problem with Retry-After", headed(throttled, { "retry-after": "5" })],
  ])("%s as described is none", (_, answer) => {
    expect(violations(DELETE, answer)).toEqual([]);
  });

  it.each([
    ["a status that the operation does not have", { ...receipt, status: 202 }],
    ["a status of another answer", { ...receipt, status: 404 }],
    ["a field too many", altered(receipt, { more: 1 })],
    ["a field too few", altered(receipt, { outcome: undefined })],
    ["another outcome", altered(receipt, { outcome: "done" })],
    [
      "a field too many further down",
      altered(receipt, {
        certificate: { name: "", notAfter: "", domains: [], more: 1 },
      }),
    ],
    ["a status that is not the answer's", altered(billing, { status: 500 })],
    ["a problem of another status", problem("vendor-error")],
    ["a problem of another operation", problem("sweep-running", 409)],
    [
      "a field too many of the vendor",
      altered(billing, { vendor: { code: "Code", message: "" } }),
    ],
    ["another content type", headed(billing, json)],
    [
      "no request id",
      { ...receipt, headers: { ...json, "cache-control": "no-store" } },
    ],
    ["another cache-control", headed(receipt, { "cache-control": "public" })],
    ["a header too many", headed(receipt, { server: "1" })],
    ["no Retry-After where one is due", throttled],
    ["Retry-After where none is due", headed(billing, { "retry-after": "5" })],
    [
      "Retry-After that is no number",
      headed(throttled, { "retry-after": "soon" }),
    ],
  ])("%s", (_, answer) => {
    expect(violations(DELETE, answer)).not.toEqual([]);
  });
});
