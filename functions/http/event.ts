/** Reads an API Gateway event of payload format 2.0, whatever was sent in its place. */
import { routeKeyOf, ROUTES } from "../contract/routes.ts";
import { isChainId, isObject } from "../contract/parsers.ts";
import { invalid, Refusal } from "./problem.ts";

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly routeKey: string;
  readonly requestId: string;
  /** As API Gateway delivers it: decoded once, never again. */
  readonly chainId: string;
  readonly query: ReadonlyMap<string, string>;
  /** Text of the body; undefined without one. */
  readonly body: string | undefined;
  readonly contentType: string;
  /** IAM ARN or JWT subject of the caller. */
  readonly caller: string;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function own(of: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

/** Only what looks like a request id is repeated in answers and logs. */
export function readRequestId(event: unknown): string {
  try {
    const id = text(
      own(object(own(object(event), "requestContext")), "requestId"),
    );
    return /^[\w=+/.-]{1,64}$/.test(id) ? id : "";
  } catch {
    return "";
  }
}

function readCaller(context: Readonly<Record<string, unknown>>): string {
  const authorizer = object(own(context, "authorizer"));
  const caller =
    text(own(object(own(authorizer, "iam")), "userArn")) ||
    text(own(object(own(object(own(authorizer, "jwt")), "claims")), "sub"));
  return caller.slice(0, 256) || "unknown";
}

/** The request, or undefined for an event that is none of payload format 2.0. Never throws. */
export function readHttpRequest(event: unknown): HttpRequest | undefined {
  try {
    const fields = object(event);
    const context = object(own(fields, "requestContext"));
    const http = object(own(context, "http"));
    const method = text(own(http, "method"));
    const path = text(own(fields, "rawPath"));
    const routeKey = text(own(fields, "routeKey"));
    if (
      own(fields, "version") !== "2.0" ||
      method === "" ||
      !path.startsWith("/") ||
      routeKey === ""
    ) {
      return undefined;
    }
    const query = new Map<string, string>();
    const parameters = own(fields, "queryStringParameters") ?? {};
    if (!isObject(parameters)) return undefined;
    for (const [name, value] of Object.entries(parameters)) {
      if (typeof value !== "string") return undefined;
      query.set(name, value);
    }
    const body = own(fields, "body") ?? undefined;
    if (body !== undefined && typeof body !== "string") return undefined;
    return {
      method,
      path,
      routeKey,
      requestId: readRequestId(event),
      chainId: text(own(object(own(fields, "pathParameters")), "chainId")),
      query,
      body:
        body !== undefined && own(fields, "isBase64Encoded") === true
          ? Buffer.from(body, "base64").toString()
          : body,
      contentType: text(own(object(own(fields, "headers")), "content-type")),
      caller: readCaller(context),
    };
    // Stryker disable next-line BlockStatement: without its return it gives undefined as well
  } catch {
    return undefined; // a getter or proxy that throws is no event either
  }
}

const CHAIN_ID =
  "The chain id must be 32 hexadecimal digits, as ListCertV2 gives it.";

/** The chain id of the path; throws a {@link Refusal} if it is none. */
export function readChainId({ chainId }: HttpRequest): string {
  if (!isChainId(chainId)) throw invalid(CHAIN_ID);
  return chainId;
}

/**
 * The query parameters by name, each with the values that it may have.
 * Throws a {@link Refusal} on any other name or value; a repeated one is another value.
 */
export function readQuery<const Name extends string>(
  { query }: HttpRequest,
  permitted: Readonly<Record<Name, readonly string[] | RegExp>>,
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  let known = 0;
  for (const name in permitted) {
    const value = query.get(name);
    if (value === undefined) continue;
    known += 1;
    const values = permitted[name];
    if (
      values instanceof RegExp ? !values.test(value) : !values.includes(value)
    ) {
      throw invalid(
        `The query parameter ${name} must be given once and ${values instanceof RegExp ? "have its documented form" : `be ${values.join(" or ")}`}.`,
      );
    }
    found[name] = value;
  }
  if (known < query.size) {
    throw invalid(
      `There is an unknown query parameter; this route knows ${Object.keys(permitted).join(", ") || "none"}.`,
    );
  }
  return found;
}

/** `/certificates/{chainId}` as a pattern over paths; the variable may be empty, to tell what is missing. */
function shapeOf(path: string): RegExp {
  const escaped = path.replaceAll(".", "\\.").replace(/\{\w+\}/, "[^/]*");
  return new RegExp(`^${escaped}$`);
}

/** What is wrong with a request that no route of API Gateway matched. */
export function noRoute({ method, path }: HttpRequest): Refusal {
  const routes = Object.values(ROUTES);
  const methods = routes
    .filter((route) => shapeOf(route.path).test(path))
    .map((route): string => route.method)
    .sort();
  if (methods.length === 0) {
    return new Refusal({
      name: "no-such-route",
      detail: `Nothing was deleted. The routes are ${routes.map(routeKeyOf).join(", ")}.`,
    });
  }
  // A path that ends where the chain id should stand matches no route, although its method fits.
  if (methods.includes(method)) return invalid(CHAIN_ID);
  return new Refusal({
    name: "method-not-allowed",
    detail: `Nothing was deleted. This path knows ${methods.join(" and ")} only.`,
    headers: { allow: methods.join(", ") },
  });
}
