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
}

/** API Gateway has more forms; the API's contract needs no other. */
const ROUTE_KEY = /^(?!ANY )([A-Z]+) ((?:\/(?:[\w.-]+|\{\w+\}))+)$/;

function parseRoute(routeKey: string): Route {
  const [, method, path = ""] = ROUTE_KEY.exec(routeKey) ?? [];
  if (method === undefined)
    throw new TypeError(`not a route key that this gateway knows: ${routeKey}`);
  return { routeKey, method, segments: path.slice(1).split("/") };
}

function parametersOf(
  { segments }: Route,
  path: readonly string[],
): Record<string, string> | undefined {
  if (path.length !== segments.length) return undefined;
  const parameters: [string, string][] = [];
  for (const [index, segment] of segments.entries()) {
    const sent = path[index] ?? "";
    const [, variable] = /^\{(\w+)\}$/.exec(segment) ?? [];
    // A variable needs something to hold: /certificates/ is not /certificates/{chainId}.
    if (variable === undefined ? sent !== segment : sent === "")
      return undefined;
    if (variable !== undefined) parameters.push([variable, sent]);
  }
  // fromEntries defines the keys, so that not even __proto__ is special.
  return Object.fromEntries(parameters);
}

/**
 * Prepares the routes of an HTTP API, no two of which fit the same request. What none of them matches goes to
 * `$default`. Follows "Create routes for HTTP APIs in API Gateway", "Routing API requests".
 * @param routeKeys such as `GET /certificates/{chainId}`
 * @throws TypeError for a route key of another form
 */
export function createRouter(
  routeKeys: readonly string[],
): (method: string, path: string) => RouteMatch {
  const routes = routeKeys.map(parseRoute);
  return (method, path) => {
    const segments = path.slice(1).split("/");
    for (const route of routes) {
      if (route.method !== method) continue;
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
