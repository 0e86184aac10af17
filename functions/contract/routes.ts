/** The routes of the API: API Gateway makes them, the handler answers them, and what else is asked is told of them. */

interface Route {
  /** Of the route in the stack: never changed, since the API refuses a second route of the same key. */
  readonly id: string;
  readonly method: "GET" | "DELETE" | "POST";
  readonly path: `/${string}`;
  /** The scope that a token needs. */
  readonly access: "read" | "delete";
  /** The query parameters, each with the values that it may have. */
  readonly query: Readonly<Record<string, readonly string[] | RegExp>>;
}

const BOOLEAN = ["true", "false"];

export const ROUTES = {
  list: {
    id: "List",
    method: "GET",
    path: "/certificates",
    access: "read",
    query: {
      verdict: ["delete", "keep"],
      state: ["expired", "valid", "expiring"],
      limit: /^([1-9]\d{0,2}|1000)$/,
      cursor: /^[\w-]{1,1000}$/,
    },
  },
  explain: {
    id: "Explain",
    method: "GET",
    path: "/certificates/{chainId}",
    access: "read",
    query: {},
  },
  delete: {
    id: "Delete",
    method: "DELETE",
    path: "/certificates/{chainId}",
    access: "delete",
    query: { force: BOOLEAN, dryRun: BOOLEAN },
  },
  startSweep: {
    id: "Sweep",
    method: "POST",
    path: "/sweeps",
    access: "delete",
    query: {},
  },
  describe: {
    id: "OpenApi",
    method: "GET",
    path: "/openapi.json",
    access: "read",
    query: {},
  },
} as const satisfies Readonly<Record<string, Route>>;

export type RouteName = keyof typeof ROUTES;

/** As API Gateway writes it, `GET /certificates/{chainId}`. */
export function routeKeyOf({ method, path }: Route): string {
  return `${method} ${path}`;
}

function isRouteName(name: string): name is RouteName {
  return Object.hasOwn(ROUTES, name);
}

/** The route that API Gateway chose by its key; undefined for `$default`. */
export function routeNamed(routeKey: string): RouteName | undefined {
  // Stryker disable next-line MethodExpression: the filter tells the compiler what it cannot know
  return Object.keys(ROUTES)
    .filter(isRouteName)
    .find((name) => routeKeyOf(ROUTES[name]) === routeKey);
}
