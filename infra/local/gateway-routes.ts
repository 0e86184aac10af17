/** What an HTTP API makes of a request target, and which route it chooses. */

export interface RouteMatch {
  /** As configured, `DELETE /certificates/{chainId}`, or `$default`. */
  readonly routeKey: string;
  readonly pathParameters: Readonly<Record<string, string>>;
}

interface Route {
  readonly routeKey: string;
  readonly method: string;
  readonly segments: readonly string[];
  readonly greedy: boolean;
}

const VARIABLE = /^\{([\w.:-]+)(\+?)\}$/;

function parseRoute(routeKey: string): Route {
  const [method = "", path = "", ...rest] = routeKey.split(" ");
  if (!/^[A-Z]+$/.test(method) || !path.startsWith("/") || rest.length > 0)
    throw new TypeError(`not a route key of an HTTP API: ${routeKey}`);
  const segments = path.slice(1).split("/");
  const last = VARIABLE.exec(segments.at(-1) ?? "");
  return { routeKey, method, segments, greedy: last?.[2] === "+" };
}

function parametersOf(
  { segments, greedy }: Route,
  path: readonly string[],
): Record<string, string> | undefined {
  if (greedy ? path.length < segments.length : path.length !== segments.length)
    return undefined;
  const parameters: [string, string][] = [];
  for (const [index, segment] of segments.entries()) {
    const variable = VARIABLE.exec(segment);
    const rest =
      variable?.[2] === "+" ? path.slice(index).join("/") : path[index];
    if (variable?.[1] === undefined) {
      if (rest !== segment) return undefined;
    } else {
      // A variable needs something to hold: /certificates/ is not /certificates/{chainId}.
      if (rest === undefined || rest === "") return undefined;
      parameters.push([variable[1], rest]);
    }
  }
  // fromEntries defines the keys, so that not even __proto__ is special.
  return Object.fromEntries(parameters);
}

/** Smaller is chosen first: full matches before greedy ones, literal segments before variables, a method before ANY. */
function rank(route: Route): number {
  const variables = route.segments.filter((s) => VARIABLE.test(s)).length;
  return (
    (route.greedy ? 1000 : 0) + variables * 2 + (route.method === "ANY" ? 1 : 0)
  );
}

/**
 * Prepares the routes of an HTTP API. What none of them matches goes to `$default`.
 * Follows "Create routes for HTTP APIs in API Gateway", "Routing API requests".
 * @param routeKeys such as `GET /certificates/{chainId}`, `ANY /files/{proxy+}`
 * @throws TypeError for a route key that API Gateway would not accept
 */
export function createRouter(
  routeKeys: readonly string[],
): (method: string, path: string) => RouteMatch {
  const routes = routeKeys
    .filter((routeKey) => routeKey !== "$default")
    .map(parseRoute)
    .sort((a, b) => rank(a) - rank(b));
  return (method, path) => {
    const segments = path.slice(1).split("/");
    for (const route of routes) {
      if (route.method !== method && route.method !== "ANY") continue;
      const pathParameters = parametersOf(route, segments);
      if (pathParameters !== undefined)
        return { routeKey: route.routeKey, pathParameters };
    }
    return { routeKey: "$default", pathParameters: {} };
  };
}

export interface RequestTarget {
  /** Decoded, as an HTTP API hands it on. */
  readonly path: string;
  /** As sent, without the question mark; empty if there is none. */
  readonly query: string;
}

/**
 * Splits and decodes the target of a request as HTTP APIs do.
 *
 * Unlike REST APIs they decode the path, and, as captures of the live service show, twice: `%252F` arrives as `/`; a
 * question mark that the first round uncovers ends the path (`a%3Fb` arrives as `a`); a percent sign that begins no
 * escape in either round is refused. Routes are matched after that, so an encoded slash separates segments.
 * @returns undefined for a target that API Gateway answers with 400 by itself
 */
export function parseTarget(target: string): RequestTarget | undefined {
  const withoutOrigin = target.replace(/^https?:\/\/[^/?#]*/i, "");
  const [, encoded = "", query = ""] =
    /^([^?]*)(?:\?(.*))?$/s.exec(withoutOrigin) ?? [];
  try {
    const [once = ""] = decodeURIComponent(encoded).split("?", 1);
    const path = decodeURIComponent(once);
    return path.startsWith("/") ? { path, query } : undefined;
  } catch {
    return undefined;
  }
}
