/** A vendor that may be as its documents leave it open: what the sweep and DELETE do, and what they say afterwards. */
import { afterEach, describe, expect, it } from "vitest";
import type { EmulatedCertificate } from "../../infra/local/live-emulator/account.ts";
import type { LiveEmulatorOptions } from "../../infra/local/live-emulator/server.ts";
import {
  certificate,
  chainId,
  domain,
  KEY,
  SECRET_ID,
  startWorld,
  type World,
} from "../world/deployment.ts";

const FREE = domain("free.example.com");
const BOUND_ELSEWHERE = "21614";

const worlds: World[] = [];
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

async function account(
  certificates: readonly EmulatedCertificate[],
  domains = [FREE],
  live: Partial<LiveEmulatorOptions> = {},
): Promise<World> {
  const world = await startWorld({
    live: {
      ...live,
      account: { certificates, domains },
      switches: { perSecond: null, ...live.switches },
    },
  });
  worlds.push(world);
  return world;
}

const expired = (
  n: number,
  fields: Partial<EmulatedCertificate> = {},
): EmulatedCertificate => ({
  ...certificate(n, -30 - n / 100),
  domains: [FREE.domain],
  ...fields,
});
const valid = (n: number, domains: string[]) => certificate(n, 60, { domains });
const many = (count: number): EmulatedCertificate[] =>
  Array.from({ length: count }, (_, n) => expired(n + 1));
const path = (n: number): string => `/certificates/${chainId(n)}`;

describe("a key that does not see every domain", () => {
  it.each([
    ["none at all", []],
    ["none of this certificate's", [domain("live.other.com")]],
  ])("%s: a wildcard and its apex are kept", async (_what, domains) => {
    const names = ["*.example.com", "example.com"];
    const { call, sweep, live } = await account(
      [valid(1, names), expired(2, { domains: names })],
      domains,
    );
    const { status, body } = await call("DELETE", path(1));
    expect(status).toBe(409);
    expect(body["detail"]).toContain("*.example.com");
    expect((await sweep()).counts).toMatchObject({
      eligible: 0,
      kept: { "domain-not-visible": 2 },
    });
    expect(live.writes()).toEqual([]);
  });

  it("none at all: a certificate without names is kept", async () => {
    const { call, sweep, live } = await account(
      [valid(1, []), expired(2, { domains: [] })],
      [],
    );
    expect((await call("DELETE", path(1))).status).toBe(409);
    expect((await sweep()).counts.eligible).toBe(0);
    expect(live.writes()).toEqual([]);
  });
});

describe("names in two spellings", () => {
  it.each([
    ["live.xn--fsqu00a.com", "*.例子.com"],
    ["live.例子.com", "*.xn--fsqu00a.com"],
  ])("%s bound to a stranger keeps %s", async (bound, name) => {
    const { call, sweep, live } = await account(
      [valid(1, [name]), expired(2, { domains: [name] })],
      [domain(bound, BOUND_ELSEWHERE)],
    );
    expect((await call("DELETE", path(1))).status).toBe(409);
    expect((await sweep()).counts.expiredInUse).toBe(1);
    expect(live.writes()).toEqual([]);
  });

  it("a rule protects whichever way a domain is written", async () => {
    const { sweep, live } = await account(
      [
        expired(1, { domains: ["xn--fsqu00a.com"] }),
        expired(2, { domains: ["live.example.org."] }),
      ],
      [domain("xn--fsqu00a.com"), domain("live.example.org")],
    );
    const report = await sweep(
      {},
      {
        PROTECT: JSON.stringify([
          { match: "domain", value: "例子.com", owner: "video" },
          { match: "domain", value: "live.example.org", owner: "video" },
        ]),
      },
    );
    expect(report.counts.kept).toEqual({ protected: 2 });
    expect(live.writes()).toEqual([]);
  });
});

describe("a domain listing", () => {
  const domains = (count: number) =>
    Array.from({ length: count }, (_, n) =>
      domain(`d${String(n)}.example.com`),
    );

  it("of pages cut to 100, each with a Total of its own, is no evidence", async () => {
    const { call, sweep, live } = await account(
      [expired(1, { domains: ["d0.example.com"] })],
      [...domains(200), domain("live.example.com", chainId(1))],
      { switches: { maxPageSize: 100, total: "page" } },
    );
    expect((await call("DELETE", path(1))).status).toBe(502);
    await expect(sweep()).rejects.toThrow("no complete evidence");
    expect(live.writes()).toEqual([]);
  });

  it("of pages cut to 100 with a true Total is read to its end", async () => {
    const { sweep, live } = await account(
      [expired(1, { domains: ["d0.example.com"] }), expired(2)],
      [...domains(250), FREE, domain("live.example.com", chainId(1))],
      { switches: { maxPageSize: 100 } },
    );
    expect((await sweep()).counts).toMatchObject({
      deleted: 1,
      expiredInUse: 1,
    });
    expect(live.account.certificates.map((one) => one.chainId)).toEqual([
      chainId(1),
    ]);
  });

  it("of exactly 1,000, and one with a row twice, are evidence", async () => {
    const rows = [...domains(998), FREE, FREE];
    const { sweep } = await account(many(2), rows);
    expect((await sweep()).counts.deleted).toBe(2);
  });
});

describe("a list in which one goes before page 2 and one comes before page 1, in every reading", () => {
  /** 100 others stand before the last one, which so moves to page 1 once that has been read. */
  async function restless(
    others: (n: number) => EmulatedCertificate,
    last: readonly EmulatedCertificate[],
    isRestless: (body: string) => boolean,
  ) {
    let comings = 0;
    const list = Array.from({ length: 100 }, (_, n) => others(n + 100));
    const world = await account([...list, ...last], [FREE], {
      onCall: (action, body) => {
        if (action !== "ListCertV2" || !isRestless(body)) return;
        const { certificates } = world.live.account;
        if (body.includes('"PageNum":2')) certificates.shift();
        if (body.includes('"PageNum":1,') && comings++ > 0)
          certificates.unshift(others(comings));
      },
    });
    return world;
  }

  it("what was renewed is kept, though the expired still have a stale record of it", async () => {
    const stale = {
      ...expired(7),
      listedIn: [{ available: true, expiring: true }],
    };
    const renewed = valid(7, [FREE.domain]);
    const { sweep, live, call } = await restless(
      (n) => valid(n, [FREE.domain]),
      [renewed, valid(8, [FREE.domain]), valid(9, [FREE.domain]), stale],
      (body) => body.includes('"Available":true,"Expiring":false'),
    );
    await expect(sweep()).rejects.toThrow("changed while it was read");
    expect((await call("DELETE", path(7))).status).toBe(502);
    expect(live.writes()).toEqual([]);
  });

  it("that a certificate does not come proves nothing: 502, not 404", async () => {
    const { call, live } = await restless(
      expired,
      [expired(7), expired(8)],
      (body) => body.includes('"Available":true,"Expiring":true'),
    );
    for (const method of ["GET", "DELETE"]) {
      const { status, body } = await call(method, path(7));
      expect([status, body["type"]]).toEqual([
        502,
        "urn:live-cert-janitor:problem:vendor-error",
      ]);
      expect(body["detail"]).toContain("Nothing was deleted");
    }
    expect(live.account.certificates.map((one) => one.chainId)).toContain(
      chainId(7),
    );
  });
});

describe("a deletion whose answer says that it failed", () => {
  const outcomes = (report: { items: readonly { outcome?: string }[] }) =>
    report.items.map(({ outcome }) => outcome);

  it.each(["ResourceNotFound", "RequestForbidden"] as const)(
    "though it was done, with %s for what is missing: alreadyGone",
    async (missing) => {
      const { sweep, live, log } = await account(many(14), [FREE], {
        switches: { missing },
      });
      live.fault({ kind: "http-504-after", action: "DeleteCert", times: 99 });
      const report = await sweep();
      expect(live.account.certificates).toEqual([]);
      expect(report.counts).toMatchObject({ eligible: 14, failed: 0 });
      expect(new Set(outcomes(report))).toEqual(new Set(["alreadyGone"]));
      expect(JSON.stringify(report)).not.toContain("may not touch");
      expect(
        log.filter(({ event }) => event === "delete-settled"),
      ).toHaveLength(14);
    },
  );

  it("beside an account in arrears: what was done is not called failed", async () => {
    const { sweep, live } = await account(many(20));
    live.fault({ kind: "http-504-after", action: "DeleteCert", times: 7 });
    live.fault({
      kind: "error",
      action: "DeleteCert",
      status: 403,
      code: "RequestForbidden.BillingStatus",
      times: 99,
    });
    const report = await sweep();
    expect(report.stoppedBecause).toBe("vendor-billing");
    const left = new Set(live.account.certificates.map((one) => one.chainId));
    for (const { chainId: id, outcome } of report.items) {
      expect([id, outcome]).toEqual([
        id,
        left.has(id)
          ? expect.stringMatching(/^(failed|remaining)$/)
          : "alreadyGone",
      ]);
    }
    expect(left.size).toBeLessThan(20);
  });

  it("and no list can be had afterwards: unconfirmed, not failed", async () => {
    const { sweep, live } = await account(many(3));
    live.fault({ kind: "http-504-after", action: "DeleteCert", times: 3 });
    live.fault({
      kind: "error",
      status: 403,
      code: "RequestForbidden.BillingStatus",
      skip: 3,
      times: 999,
      action: "DeleteCert",
    });
    live.fault({
      kind: "error",
      status: 403,
      code: "RequestForbidden.BillingStatus",
      skip: 5,
      times: 999,
      action: "ListCertV2",
    });
    const report = await sweep();
    expect(report.counts).toMatchObject({ unconfirmed: 3, failed: 0 });
    for (const { error } of report.items)
      expect(error).toContain("may have been deleted");
  });

  it("then the key is rejected and there is a new one: it is in the report, and counts", async () => {
    const next = { ...KEY, accessKeyId: "AKLTTESTEXAMPLE000000000000000002" };
    const { sweep, live, secrets } = await account(many(1), [FREE], {
      credentials: [KEY, next],
      onCall: (action) => {
        if (action === "DeleteCert")
          secrets.putSecretValue(SECRET_ID, JSON.stringify(next));
      },
    });
    live.fault({ kind: "http-504-after", action: "DeleteCert" });
    live.fault({
      kind: "error",
      status: 401,
      code: "InvalidAccessKey",
      action: "DeleteCert",
    });
    const report = await sweep({}, { MAX_DELETIONS: "1" });
    expect(report.counts).toMatchObject({ eligible: 1, alreadyGone: 1 });
    expect(report.items).toMatchObject([
      { chainId: chainId(1), outcome: "alreadyGone", attempts: 2 },
    ]);
  });
});

describe("certificates that the vendor refuses", () => {
  it.each([
    ["RequestForbidden.AccountIDNotAllow", 403],
    ["InvalidParam", 400],
    ["SomethingNew", 409],
  ])(
    "%s: twelve of them do not stop the thirty behind them",
    async (code, status) => {
      const refusal = { code, status };
      const { sweep, live } = await account([
        ...Array.from({ length: 12 }, (_, n) => expired(900 - n, { refusal })),
        ...many(30),
      ]);
      const report = await sweep();
      expect(report).toMatchObject({
        stoppedBecause: "done",
        counts: { eligible: 42, deleted: 30, failed: 12, remaining: 0 },
      });
      expect(live.account.certificates).toHaveLength(12);
    },
  );

  it("since another sweep has just deleted them: both end as done", async () => {
    const { sweep } = await account(many(40), [FREE], {
      switches: { missing: "RequestForbidden" },
    });
    const reports = await Promise.all([sweep(), sweep()]);
    for (const { stoppedBecause, counts } of reports) {
      expect(stoppedBecause).toBe("done");
      expect(counts).toMatchObject({ failed: 0, remaining: 0, unconfirmed: 0 });
    }
    const deleted = reports.map(({ counts }) => counts.deleted);
    expect(deleted.reduce((sum, n) => sum + n)).toBe(40);
  });
});

it("a first reading that others throttle is repeated", async () => {
  const { sweep, live, call } = await account(many(3));
  live.fault({ kind: "throttle", action: "ListCertV2", times: 12 });
  expect((await sweep()).counts.deleted).toBe(3);
  live.fault({ kind: "throttle", action: "ListDomainDetail", times: 5 });
  expect((await call("GET", "/certificates")).status).toBe(200);
});
