import { describe, expect, it } from "vitest";
import type { ProtectRule } from "../../functions/contract/parsers.ts";
import { idleRules } from "../../functions/janitor/report.ts";
import {
  certificate,
  domain,
  ending,
  failure,
  id,
  judged,
  many,
} from "../world/account.ts";
import { swept } from "../world/story.ts";

describe("the report of a sweep", () => {
  it("has all that was seen of each, and nothing that was not", async () => {
    const [one, two] = [certificate(1, ending(-20)), certificate(2)];
    const kept = certificate(3, { CertDomainList: ["a.net"], ...ending(-40) });
    const valid = certificate(4, ending(9));
    const { report } = await swept({
      reads: [
        [one, two, kept, valid],
        [two, kept, valid],
      ],
      domains: [domain("x.net", id(4))],
      deletes: ({ chainId }) =>
        chainId === id(2)
          ? failure({ attempts: 3, requestId: "R2", code: "Odd" })
          : undefined,
    });
    const common = { domains: [], state: "expired", reasons: [] };
    // In this order, and without what is valid.
    expect(report.items).toStrictEqual([
      {
        ...common,
        chainId: id(3),
        name: "c3",
        domains: ["a.net"],
        notAfter: kept["NotAfter"],
        verdict: "keep",
        reasons: ["domain-not-visible"],
      },
      {
        ...common,
        chainId: id(2),
        name: "c2",
        notAfter: two["NotAfter"],
        verdict: "delete",
        outcome: "failed",
        attempts: 3,
        requestId: "R2",
        error: "It failed. (Odd)",
      },
      {
        ...common,
        chainId: id(1),
        name: "c1",
        notAfter: one["NotAfter"],
        verdict: "delete",
        outcome: "deleted",
        attempts: 1,
        requestId: "r-delete",
      },
    ]);
    expect(report).not.toHaveProperty("error");
    expect(report).not.toHaveProperty("only");
  });

  it("counts all that is listed, by state and by each reason to keep", async () => {
    const { report } = await swept({
      account: [
        ...many(2),
        certificate(3),
        certificate(4, ending(30)),
        certificate(5, { ...ending(3), CertDomainList: ["gone.net"] }),
        certificate(6, { Status: "OK" }),
      ],
      domains: [domain("x.net", id(3)), domain("y.net", id(5))],
    });
    expect(report.counts).toEqual({
      listed: 6,
      expired: 4,
      eligible: 2,
      deleted: 2,
      alreadyGone: 0,
      unconfirmed: 0,
      failed: 0,
      remaining: 0,
      expiredInUse: 1,
      expiringInUse: 1,
      kept: {
        "not-expired": 2,
        "status-conflict": 1,
        "in-use": 2,
        "domain-not-visible": 1,
      },
    });
    expect(report.expiring).toMatchObject([{ chainId: id(5) }]);
  });

  it("is in the order of expiry, whatever the zone, then of the chain id", async () => {
    const ends = [
      "2026-03-01T00:00:00+08:00",
      "2026-03-01T00:00:00Z",
      "2026-02-28T20:00:00Z",
      "2026-01-01T00:00:00Z",
      "2026-03-01T00:00:00Z",
      "2025-12-31T23:59:59Z",
    ];
    const items = ends.map((NotAfter, n) =>
      certificate(n, { NotBefore: "2025-01-01T00:00:00Z", NotAfter }),
    );
    for (const account of [items, items.toReversed()]) {
      const { report } = await swept({ account });
      expect(report.items.map(({ name }) => name).join()).toBe(
        "c5,c3,c0,c2,c1,c4",
      );
    }
  });

  it("puts what has no date any more before all others", async () => {
    const { report } = await swept({
      reads: [many(3), [certificate(1), certificate(3, { NotAfter: "" })]],
      deletes: () => failure(),
    });
    expect(report.items.map(({ name, outcome }) => [name, outcome])).toEqual([
      ["c3", "failed"],
      ["c1", "failed"],
      ["c2", "alreadyGone"],
    ]);
  });

  it("keeps what was tried, though it is valid now", async () => {
    const { report } = await swept({
      reads: [many(1), [certificate(1, ending(30))]],
      deletes: () => failure(),
    });
    expect(report.items).toMatchObject([
      { chainId: id(1), outcome: "failed", reasons: ["not-expired"] },
    ]);
  });

  it("leaves out what another hand took before its turn", async () => {
    const kept = certificate(2, { CertDomainList: ["a.net"] });
    const { report } = await swept({
      reads: [[certificate(1), kept, certificate(3)], []],
      deletes: ({ chainId }) =>
        chainId === id(3)
          ? failure({ kind: "too-late", outcome: "not done", attempts: 0 })
          : undefined,
    });
    expect(report.counts).toMatchObject({
      listed: 1,
      expired: 1,
      eligible: 1,
      kept: {},
    });
    expect(report.items).toMatchObject([{ chainId: id(1) }]);
  });

  it("counts one certificate once, though its data change", async () => {
    const { report } = await swept({
      reads: [many(1), [certificate(1, { CertName: "renamed" })]],
      deletes: () => failure(),
    });
    expect(report.counts).toMatchObject({ listed: 1, failed: 1 });
    expect(report.items).toMatchObject([{ name: "renamed" }]);
  });

  it("counts records without a chain id apart", async () => {
    const bare = [1, 2, 3].map((n) => certificate(n, { ChainID: "" }));
    const { report } = await swept({ account: bare });
    expect(report.counts).toMatchObject({
      listed: 3,
      expired: 3,
      eligible: 0,
      kept: { "malformed-record": 3 },
    });
  });
});

describe("the protect rules that match no certificate", () => {
  const idle = (rules: readonly ProtectRule[]) =>
    idleRules(
      judged(
        ["live.example.org", "root"].map((CertName, n) =>
          certificate(n, { CertName, CertDomainList: ["a.example.org"] }),
        ),
        [],
        { protect: rules },
      ),
      rules,
    );

  it("are named, and none of the others", () => {
    const owner = "ops";
    expect(
      idle([
        { match: "name", value: "ROOT", owner },
        { match: "name", value: "rooot", owner },
        { match: "domain", value: "*.example.org.", owner },
        { match: "domain", value: "root", owner },
        { match: "domain", value: "a.*", owner },
        { match: "name", value: "a.*", owner },
        { match: "chainId", value: "abc*", owner },
        { match: "chainId", value: id(9), owner: "security" },
        { match: "name", value: "live*", owner, until: "2026-11-23" },
        { match: "name", value: "live.*", owner, until: "2026-11-24" },
      ]),
    ).toEqual([
      "name rooot (ops)",
      "domain root (ops)",
      "name a.* (ops)",
      `chainId ${id(9)} (security)`,
      "name live* (ops)",
    ]);
    expect(idle([])).toEqual([]);
  });

  it("stand in the report", async () => {
    const protect = ["c1", "c9"].map((value) => ({
      match: "name" as const,
      value,
      owner: "ops",
    }));
    const { report } = await swept({ policy: { protect } });
    expect(report.idleRules).toEqual(["name c9 (ops)"]);
    expect(report.counts).toMatchObject({ deleted: 2, kept: { protected: 1 } });
  });
});
