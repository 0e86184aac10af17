/** The API without sockets: its handler and its routes over a vendor that does as it is told, on a virtual clock. */
import { describe, expect, it } from "vitest";
import { isObject } from "../../functions/contract/parsers.ts";
import { createApiHandler } from "../../functions/http/handler.ts";
import { openapi } from "../../functions/http/openapi.ts";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import type { Deleter, Observer } from "../../functions/janitor/ports.ts";
import {
  DELETE,
  GET_ONE,
  httpEvent,
  LIST,
  SWEEP,
} from "../world/hostile-events.ts";
import {
  certificate,
  domain,
  ending,
  id,
  observed,
  type Fields,
} from "../world/account.ts";
import { VirtualClock } from "../world/clock.ts";

const DESCRIBE = "GET /openapi.json";
const REQUEST_ID = "JKJaXmPLvHcESHA=";
const CALLER = "arn:aws:iam::123456789012:user/u";

const one = (n: number): Fields => ({ pathParameters: { chainId: id(n) } });

/** One to delete, one in use by an identifier that is not its chain id, one protected, and a valid one out of sight. */
const CERTIFICATES: [Fields, Fields, Fields, Fields] = [
  certificate(1, { CertDomainList: ["d1.example.com"] }),
  certificate(2, { ChainIDVolc: "VOLC-2", CertID: "22" }),
  certificate(3, { CertName: "root" }),
  certificate(4, {
    ...ending(7),
    CertDomainList: ["elsewhere.example.net"],
  }),
];
const DOMAINS = [domain("d1.example.com"), domain("d2.example.com", "volc-2")];
const PROTECT = JSON.stringify([
  { match: "name", value: "root", owner: "security" },
]);

interface World {
  /** Of the reading. @default true */
  readonly isSettled?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly certificates?: readonly Fields[];
  readonly domains?: readonly Fields[];
  /** In place of a reading that succeeds. */
  readonly observe?: Observer["observe"];
  readonly list?: Observer["listCertificates"];
  readonly deleteCertificate?: Deleter["deleteCertificate"];
  readonly remaining?: number;
}

function api(world: World = {}) {
  const clock = new VirtualClock();
  const log: Fields[] = [];
  const orders: string[] = [];
  const built: number[] = [];
  const account = observed(
    world.certificates ?? CERTIFICATES,
    world.domains ?? DOMAINS,
  );
  const { certificates } = account;
  const vendor = {
    observer: {
      observe: () =>
        Promise.resolve({
          ...account,
          isSettled: world.isSettled ?? true,
          startedAt: clock.monotonic(),
          readAt: { certificates: "then", domains: "now" },
          requestId: "r-read",
          secretVersion: "v1",
        }),
      listCertificates: () =>
        Promise.resolve({ certificates, requestId: "r-list" }),
      ...(world.observe && { observe: world.observe }),
      ...(world.list && { listCertificates: world.list }),
    },
    deleter: {
      deleteCertificate:
        world.deleteCertificate ??
        ((order) => {
          order.permit(1);
          order.ended(1, undefined, "r-delete");
          return Promise.resolve({ requestId: "r-delete", attempts: 1 });
        }),
    } satisfies Deleter,
    close: () => Promise.resolve(),
  };
  const handle = createApiHandler(
    {
      env: { VOLCENGINE_SECRET_ID: "key", PROTECT, ...world.env },
      clock,
      random: () => 0,
      log: (line) => log.push(line),
    },
    () => Promise.reject(new Error("no sweep is to be started")),
    (_host, _configuration, attemptMs) => {
      built.push(attemptMs);
      return {
        ...vendor,
        deleter: {
          deleteCertificate(order) {
            orders.push(order.chainId);
            return vendor.deleter.deleteCertificate(order);
          },
        },
      };
    },
  );
  const send = async (event: unknown) => {
    const answer = await clock.run(
      handle(event, {
        awsRequestId: "invocation-1",
        getRemainingTimeInMillis: () => world.remaining ?? 29_000,
      }),
    );
    const body: unknown = JSON.parse(answer.body);
    if (!isObject(body)) throw new Error("no object");
    const type = String(body["type"]).split(":").at(-1);
    return { ...answer, content: body, type, detail: String(body["detail"]) };
  };
  const ask = (route: string, over: Fields = {}) =>
    send(httpEvent(route, over));
  return { ask, send, clock, log, orders, built };
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const failing = (error: Error) => () => Promise.reject(error);

describe("the time of a request", () => {
  /** Ends as its deadline does, as the vendor's client would. */
  const obedient: Observer["observe"] = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        reject(signal.reason as Error);
      });
    });

  it.each([
    [900_000, 25_000],
    [29_000, 25_000],
    [27_001, 25_000],
    [12_000, 10_000],
  ])("with %i ms left is over after %i", async (remaining, ms) => {
    const { ask, clock, orders } = api({ remaining, observe: obedient });
    const { statusCode, type, detail } = await ask(DELETE, one(1));
    expect([statusCode, type]).toEqual([504, "vendor-timeout"]);
    expect(detail).toContain("Nothing was deleted.");
    expect(clock.monotonic()).toBe(ms);
    expect(orders).toEqual([]);
  });

  it("is over a moment later for what does not end by itself", async () => {
    const { ask, clock } = api({ observe: never });
    expect((await ask(LIST)).statusCode).toBe(504);
    expect(clock.monotonic()).toBe(25_250);
  });

  it("that is none ends at once", async () => {
    const { ask, clock } = api({ remaining: 1999, observe: obedient });
    expect((await ask(LIST)).statusCode).toBe(504);
    expect(clock.monotonic()).toBeLessThanOrEqual(250);
  });

  it("tells whether a DeleteCert had been sent when it ran out", async () => {
    const deleteCertificate =
      (leave: boolean): Deleter["deleteCertificate"] =>
      (order) => {
        if (leave) order.permit(1);
        return never();
      };
    const sent = await api({ deleteCertificate: deleteCertificate(true) }).ask(
      DELETE,
      one(1),
    );
    expect(sent.type).toBe("vendor-timeout");
    expect(sent.detail).toContain("had been sent and may have taken effect.");
    const unsent = await api({
      deleteCertificate: deleteCertificate(false),
    }).ask(DELETE, one(1));
    expect(unsent.type).toBe("vendor-timeout");
    expect(unsent.detail).toContain("Nothing was deleted.");
  });
});

describe("whatever goes wrong is a problem", () => {
  it.each([
    [
      "a vendor that throttles",
      new VendorFailure("m", {
        kind: "throttled",
        outcome: "not done",
        retryAfterMs: 3_600_000,
      }),
      503,
      "vendor-throttled",
      "VendorFailure",
    ],
    [
      "a defect",
      new TypeError("secret words"),
      500,
      "internal-error",
      "TypeError",
    ],
  ] as const)("%s", async (_what, error, status, type, name) => {
    const { ask, log } = api({ observe: failing(error) });
    const answer = await ask(LIST);
    expect([answer.statusCode, answer.type]).toEqual([status, type]);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.body + JSON.stringify(log)).not.toContain("secret words");
    expect(log).toStrictEqual([
      {
        event: "request",
        apiRequestId: REQUEST_ID,
        routeKey: LIST,
        caller: CALLER,
        status,
        runId: undefined,
        problem: type,
        error: name,
      },
    ]);
  });

  it("a defect says where to look", async () => {
    const { ask } = api({ observe: failing(new Error("x")) });
    expect((await ask(LIST)).detail).toMatch(
      /GET \/certificates .* log .* request id/,
    );
  });

  it("an order that would loosen the settings is the caller's", async () => {
    const answer = await api().ask(SWEEP, { body: '{"dryRun":false}' });
    expect([answer.statusCode, answer.type]).toEqual([400, "invalid-request"]);
    expect(answer.detail).toMatch(/^No sweep was started: dryRun must be true/);
  });

  it("what is thrown and is no error leaves its line too", async () => {
    const observe = failing(JSON.parse('"words"') as Error);
    const { ask, log } = api({ observe });
    expect((await ask(LIST)).statusCode).toBe(500);
    expect(log).toHaveLength(1);
  });

  it("settings that are wrong are named, and what is wrong with the request before them", async () => {
    const env = { GRACE_DAYS: "soon", MAX_DELETIONS: "0" };
    const { ask, built } = api({ env });
    const { statusCode, type, detail } = await ask(LIST);
    expect([statusCode, type]).toEqual([500, "misconfigured"]);
    expect(detail).toMatch(/GRACE_DAYS .*MAX_DELETIONS /);
    for (const [route, over] of [
      [LIST, { queryStringParameters: { limit: "0" } }],
      [LIST, { queryStringParameters: { cursor: "none" } }],
      [GET_ONE, { pathParameters: { chainId: "x" } }],
      [GET_ONE, { queryStringParameters: { x: "" } }],
      [DELETE, { body: "x" }],
      [DELETE, { queryStringParameters: { force: "" } }],
      [DELETE, { pathParameters: { chainId: "x" } }],
      ["PUT /certificates", { routeKey: "$default" }],
    ] as const) {
      const refused = await ask(route, over);
      expect(refused.statusCode, JSON.stringify(over)).toBeLessThan(500);
      expect(refused.detail).toContain("Nothing was deleted.");
    }
    expect(built).toEqual([]);
  });

  it("an event that is not of payload 2.0 calls nothing", async () => {
    const { send, log, built } = api();
    const answer = await send({
      Records: [],
      requestContext: { requestId: "<b>" },
    });
    expect([answer.statusCode, answer.type]).toEqual([400, "invalid-request"]);
    expect(answer.detail).toContain("payload 2.0");
    expect(answer.content["instance"]).toBe("invocation-1");
    expect(log).toStrictEqual([
      {
        event: "request",
        apiRequestId: "invocation-1",
        routeKey: undefined,
        caller: undefined,
        status: 400,
        runId: undefined,
        problem: "invalid-request",
        error: "Refusal",
      },
    ]);
    expect(built).toEqual([]);
  });

  it("a route that there is not is told, its key cut short in the log", async () => {
    const { ask, log } = api();
    const answer = await ask(LIST, {
      routeKey: "x".repeat(100),
      rawPath: "/x",
    });
    expect(answer.type).toBe("no-such-route");
    expect(log[0]?.["routeKey"]).toBe("x".repeat(80));
  });
});

describe("every answer", () => {
  it("of one instance comes over one vendor, whose attempts last 5 s", async () => {
    const { ask, built } = api();
    await ask(LIST);
    await ask(GET_ONE, one(1));
    expect(built).toEqual([5000]);
  });

  it("carries API Gateway's request id, is kept by nobody and leaves one line", async () => {
    for (const [route, over] of [
      [LIST, {}],
      [GET_ONE, one(1)],
      [DELETE, one(1)],
      [DESCRIBE, {}],
    ] as const) {
      const { ask, log } = api();
      const { statusCode, headers } = await ask(route, over);
      expect(statusCode).toBe(200);
      expect(headers).toEqual({
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-request-id": REQUEST_ID,
      });
      expect(log.filter(({ event }) => event === "request")).toStrictEqual([
        {
          event: "request",
          apiRequestId: REQUEST_ID,
          routeKey: route,
          caller: CALLER,
          status: 200,
          runId: undefined,
        },
      ]);
    }
  });
});

it("the description asks the vendor nothing, and takes no parameter", async () => {
  const { ask, built } = api();
  expect((await ask(DESCRIBE)).content).toEqual(
    JSON.parse(JSON.stringify(openapi)),
  );
  const refused = await ask(DESCRIBE, { queryStringParameters: { x: "" } });
  expect([refused.statusCode, refused.type]).toEqual([400, "invalid-request"]);
  expect(built).toEqual([]);
});

describe("GET /certificates", () => {
  const list = async (query: Readonly<Record<string, string>> = {}) => {
    const { content, detail } = await api().ask(LIST, {
      queryStringParameters: query,
    });
    const entries = content["certificates"];
    const ids = Array.isArray(entries)
      ? entries.map((entry: { chainId: string }) =>
          Number(entry.chainId.slice(6)),
        )
      : undefined;
    return { ids, content, detail };
  };

  it("has every certificate with its verdict by the settings", async () => {
    const { content } = await list();
    expect(content).toMatchObject({
      certificates: [
        { chainId: id(1), verdict: "delete" },
        { chainId: id(2), reasons: ["in-use"] },
        { chainId: id(3), reasons: ["protected"] },
        { chainId: id(4), reasons: ["not-expired", "domain-not-visible"] },
      ],
      counts: { listed: 4, shown: 4, delete: 1, keep: 3, expired: 3, valid: 1 },
      next: null,
    });
  });

  it.each<[Record<string, string>, number[]]>([
    [{ verdict: "delete" }, [1]],
    [{ state: "valid" }, [4]],
    [{ verdict: "keep", state: "expired" }, [2, 3]],
    [{ limit: "2" }, [1, 2]],
  ])("with %j has %j", async (query, ids) => {
    expect((await list(query)).ids).toEqual(ids);
  });

  it.each([
    ["auto", true],
    ["6", false],
    ["8", true],
  ])("with a WARN_DAYS of %s: %s", async (WARN_DAYS, expiring) => {
    const certificates = [certificate(1, ending(7))];
    const world = { certificates, env: { WARN_DAYS } };
    const used = [domain("x.example.com", id(1))];
    const { ask } = api({ ...world, domains: used });
    const { content } = await ask(LIST);
    expect(content["certificates"]).toMatchObject([{ expiring }]);
    expect((await ask(GET_ONE, one(1))).content).toMatchObject({ expiring });
  });

  it("goes on after the cursor of an earlier answer, and after no other", async () => {
    const { content } = await list({ limit: "3" });
    expect((await list({ cursor: String(content["next"]) })).ids).toEqual([4]);
    const { ids, detail } = await list({ cursor: "none" });
    expect(ids).toBeUndefined();
    expect(detail).toMatch(/cursor .* earlier answer\. Nothing was deleted\./);
  });
});

it.each([GET_ONE, DELETE])(
  "%s of one that a reading that shifted does not show is a 502, not a 404",
  async (route) => {
    const { ask, orders } = api({ isSettled: false });
    const { statusCode, type, detail } = await ask(route, one(9));
    expect([statusCode, type]).toEqual([502, "vendor-error"]);
    expect(detail).toContain("Nothing was deleted.");
    expect(orders).toEqual([]);
  },
);

describe("GET /certificates/{chainId}", () => {
  it("has all the evidence", async () => {
    const { content } = await api().ask(GET_ONE, one(2));
    expect(content).toMatchObject({
      chainId: id(2),
      verdict: "keep",
      reasons: ["in-use"],
      ids: [id(2), "volc-2", "22"],
      boundDomains: ["d2.example.com"],
      readAt: { certificates: "then", domains: "now" },
    });
  });

  it("of one that is listed in two versions has the identifiers of both", async () => {
    const [, listed] = CERTIFICATES;
    const certificates = [listed, { ...listed, ChainIDVolc: "other" }];
    const { content } = await api({ certificates }).ask(GET_ONE, one(2));
    expect(content).toMatchObject({
      ids: [id(2), "volc-2", "22", "other"],
      reasons: ["malformed-record", "in-use"],
      boundDomains: ["d2.example.com"],
    });
  });

  it("of one that is bound to nothing has no domain", async () => {
    const { content } = await api().ask(GET_ONE, one(1));
    expect(content).toMatchObject({ boundDomains: [], verdict: "delete" });
  });

  it("of one that the account lacks is a 404", async () => {
    const { statusCode, type } = await api().ask(GET_ONE, one(9));
    expect([statusCode, type]).toEqual([404, "certificate-not-found"]);
  });
});

describe("DELETE /certificates/{chainId}", () => {
  it("deletes the one that is named, and gives a receipt", async () => {
    const { ask, orders, log } = api();
    const { content } = await ask(DELETE, {
      pathParameters: { chainId: id(1) },
    });
    expect(content).toEqual({
      chainId: id(1),
      outcome: "deleted",
      requestId: "r-delete",
      certificate: {
        name: "c1",
        notAfter: ending(-30)["NotAfter"],
        domains: ["d1.example.com"],
      },
    });
    expect(orders).toEqual([id(1)]);
    expect(log[0]).toMatchObject({
      event: "delete-attempt",
      apiRequestId: REQUEST_ID,
      caller: CALLER,
      force: false,
      chainId: id(1),
    });
  });

  it.each([
    [2, "certificate-in-use", /d2\.example\.com is bound to it/],
    [3, "certificate-protected", /security protects/],
    [4, "certificate-in-use", /UNSEEN_DOMAINS|unseenDomains/],
  ])("of number %i is %s, unless forced", async (n, name, because) => {
    const { ask, orders, log } = api();
    for (const query of [undefined, { force: "false" }, { dryRun: "true" }]) {
      const refused = await ask(DELETE, {
        ...one(n),
        queryStringParameters: query,
      });
      expect([refused.statusCode, refused.type]).toEqual([409, name]);
      expect(refused.detail).toMatch(
        /^Nothing was deleted: \S.* force=true; there is no undo\.$/,
      );
      expect(refused.detail).toMatch(because);
    }
    expect(orders).toEqual([]);
    const forced = await ask(DELETE, {
      ...one(n),
      queryStringParameters: { force: "true" },
    });
    expect(forced.content["outcome"]).toBe("deleted");
    expect(orders).toEqual([id(n)]);
    expect(log.find(({ event }) => event === "delete-attempt")).toMatchObject({
      force: true,
    });
  });

  it("of a valid one tells of the rule that protects it, in 400 characters at the most", async () => {
    const owner = "o".repeat(500);
    const { ask } = api({
      certificates: [
        certificate(1, {
          ...ending(7),
          CertName: "root",
          CertDomainList: ["d1.example.com"],
        }),
      ],
      env: {
        PROTECT: JSON.stringify([{ match: "name", value: "root", owner }]),
      },
    });
    expect((await ask(DELETE, one(1))).detail).toBe(
      `Nothing was deleted: ${"o".repeat(400)}. To delete it all the same add force=true; there is no undo.`,
    );
  });

  it("on a dry run answers as if, and sends nothing", async () => {
    const { ask, orders } = api();
    const dry = await ask(DELETE, {
      ...one(1),
      queryStringParameters: { dryRun: "true" },
    });
    expect(dry.content).toMatchObject({
      outcome: "wouldDelete",
      requestId: "r-read",
    });
    expect(orders).toEqual([]);
  });

  it("with a body is refused: it may be meant for a dry run", async () => {
    const { ask, orders } = api();
    for (const body of ['{"dryRun":true}', " "]) {
      const refused = await ask(DELETE, { ...one(1), body });
      expect([refused.statusCode, refused.type]).toEqual([
        400,
        "invalid-request",
      ]);
      expect(refused.detail).toMatch(/takes no body.*\?dryRun=true/);
    }
    expect(orders).toEqual([]);
    expect((await ask(DELETE, { ...one(1), body: "" })).statusCode).toBe(200);
  });

  it("of one that the account lacks is a 404", async () => {
    const { ask, orders } = api();
    expect((await ask(DELETE, one(9))).type).toBe("certificate-not-found");
    expect(orders).toEqual([]);
  });

  const lost = new VendorFailure("Broken.", {
    kind: "vendor-error",
    outcome: "unknown",
    attempts: 2,
    possiblyDone: true,
    code: "InternalError",
    requestId: "r-lost",
  });

  it("whose outcome is unknown is decided by a fresh list", async () => {
    const deleteCertificate = failing(lost);
    const list = () =>
      Promise.resolve({ certificates: [], requestId: "r-list" });
    const gone = await api({ deleteCertificate, list }).ask(DELETE, one(1));
    expect(gone.content).toMatchObject({
      outcome: "alreadyGone",
      requestId: "r-list",
    });
    const there = await api({ deleteCertificate }).ask(DELETE, one(1));
    expect([there.statusCode, there.type]).toEqual([502, "vendor-error"]);
    expect(there.content["vendor"]).toEqual({
      code: "InternalError",
      requestId: "r-lost",
    });
    expect(there.detail).toMatch(
      /may have taken effect\. .* A fresh list still has the certificate\.$/,
    );
    const unlisted = await api({ deleteCertificate, list: failing(lost) }).ask(
      DELETE,
      one(1),
    );
    expect(unlisted.detail).toContain("may have taken effect.");
    expect(unlisted.detail).not.toContain("fresh list");
  });

  it("that was surely not done says so", async () => {
    const throttled = new VendorFailure("Slow.", {
      kind: "throttled",
      outcome: "not done",
      attempts: 4,
    });
    const { detail, headers } = await api({
      deleteCertificate: failing(throttled),
    }).ask(DELETE, one(1));
    expect(detail).toContain("had been sent and did not take effect.");
    expect(headers["retry-after"]).toBe("5");
  });
});
