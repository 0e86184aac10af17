import { describe, expect, it } from "vitest";
import {
  routeKeyOf,
  routeNamed,
  ROUTES,
} from "../../functions/contract/routes.ts";
import { Refusal } from "../../functions/http/problem.ts";
import { readHttpRequest, readQuery } from "../../functions/http/event.ts";
import { httpEvent } from "../world/hostile-events.ts";

it("a route is found by API Gateway's key for it, and by no other", () => {
  for (const [name, route] of Object.entries(ROUTES))
    expect(routeNamed(routeKeyOf(route))).toBe(name);
  for (const key of ["$default", "", "GET /", "get /certificates", "list"])
    expect(routeNamed(key)).toBeUndefined();
});

it("reading needs the read scope, and what may delete the other one", () => {
  const access = Object.values(ROUTES).map((route) => [
    routeKeyOf(route),
    route.access,
  ]);
  expect(access).toEqual([
    ["GET /certificates", "read"],
    ["GET /certificates/{chainId}", "read"],
    ["DELETE /certificates/{chainId}", "delete"],
    ["POST /sweeps", "delete"],
    ["GET /openapi.json", "read"],
  ]);
});

it("the stack's ids of the routes stay what they are: API Gateway refuses a second route of the same key", () => {
  expect(Object.values(ROUTES).map(({ id }) => id)).toEqual([
    ...["List", "Explain", "Delete", "Sweep", "OpenApi"],
  ]);
});

describe("the query of", () => {
  it.each<[keyof typeof ROUTES, string, good: string[], bad: string[]]>([
    ["list", "verdict", ["delete", "keep"], ["", "Delete", "keep "]],
    ["list", "state", ["expired", "valid", "expiring"], ["", "unreadable"]],
    [
      "list",
      "limit",
      ["1", "9", "10", "99", "100", "999", "1000"],
      [
        "0",
        "01",
        "1001",
        "1010",
        "9999",
        "10000",
        "1e3",
        "1 ",
        " 1",
        "x",
        "-1",
      ],
    ],
    [
      "list",
      "cursor",
      ["a", "aZ09-_", "x".repeat(1000)],
      ["", "x".repeat(1001), "a=", "a b", "a\n", " a", "é"],
    ],
    ["delete", "force", ["true", "false"], ["", "TRUE", "1"]],
    ["delete", "dryRun", ["true", "false"], ["", "True", "0"]],
    ["explain", "dryRun", [], ["true"]],
    ["startSweep", "dryRun", [], ["true"]],
    ["describe", "x", [], ["true"]],
  ])("%s: %s", (route, name, good, bad) => {
    const read = (value: string) => {
      const event = httpEvent(routeKeyOf(ROUTES[route]), {
        queryStringParameters: { [name]: value },
      });
      const query: Readonly<Record<string, readonly string[] | RegExp>> =
        ROUTES[route].query;
      return readQuery(readHttpRequest(event)!, query);
    };
    for (const value of good) expect(read(value)).toEqual({ [name]: value });
    for (const value of bad)
      expect(() => read(value), JSON.stringify(value)).toThrow(Refusal);
  });
});
