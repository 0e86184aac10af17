import { describe, expect, it } from "vitest";
import {
  but,
  chainIds,
  domain,
  honest,
  idsOf,
  observe,
  pageOf,
  upTo,
  type Vendor,
} from "../world/listing-vendor.ts";
import { certificate } from "../world/account.ts";

describe("a reading", () => {
  it("asks four listings of certificates and one of domains, each to an empty page", async () => {
    const { seen, asked, caps } = observe(honest(1, 1));
    await seen;
    expect(asked).toHaveLength(7);
    expect([...caps]).toEqual([8 * 1024 * 1024]);
    for (const Available of [true, false]) {
      for (const Expiring of [true, false]) {
        expect(asked).toContainEqual({
          action: "ListCertV2",
          Available,
          Expiring,
          PageNum: 1,
          PageSize: 100,
        });
      }
    }
    for (const PageNum of [1, 2]) {
      expect(asked).toContainEqual({
        action: "ListDomainDetail",
        PageNum,
        PageSize: 1000,
      });
    }
  });

  it("with projects asks four for each, and domains never by project", async () => {
    const { seen, asked } = observe(honest(1, 1), ["a", "b"]);
    await seen;
    const projects = asked.map(({ ProjectName }) => ProjectName ?? "none");
    expect(projects.sort()).toEqual(
      ["a", "b"]
        .flatMap((project) => upTo(5, () => project))
        .concat("none", "none"),
    );
    expect(
      asked.find(({ action }) => action === "ListDomainDetail"),
    ).not.toHaveProperty("ProjectName");
  });

  it("knows in which kind of listing a certificate was", async () => {
    const { seen } = observe(honest(1));
    expect(await seen).toMatchObject({
      certificates: [{ listedAsExpired: true, listedAsUnexpired: false }],
      startedAt: 0,
      requestId: "r6",
      secretVersion: "v1",
    });
  });

  it("tells when each kind of evidence had been read", async () => {
    const vendor = but("ListDomainDetail", () => ({
      result: { Total: 0 },
      takes: 3000,
    }));
    const { readAt } = await observe(vendor).seen;
    expect(readAt).toEqual({
      certificates: "2026-11-24T12:00:00.001Z",
      domains: "2026-11-24T12:00:03.000Z",
    });
  });

  it.each([0, 1, 99, 100, 101, 200, 250, 1999])(
    "has all of %i certificates, in order, once each",
    async (count) => {
      expect(await idsOf(honest(count))).toEqual(chainIds(count));
    },
  );

  it("has pages in order though they arrive in the reverse", async () => {
    const list = upTo(950, certificate);
    const vendor = but("ListCertV2", (asked) => ({
      result: { CertList: pageOf(list, asked), Total: 950 },
      takes: 1000 - asked.PageNum * 50,
    }));
    const { seen, clock, pages } = observe(vendor);
    const { certificates } = await seen;
    expect(certificates.map(({ chainId }) => chainId)).toEqual(chainIds(950));
    expect(pages("ListCertV2")).toEqual(upTo(11, (n) => n));
    // Eight at a time: not ten answers after one another.
    expect(clock.monotonic()).toBeLessThan(2500);
  });

  it("has all of 2,500 domains", async () => {
    const { seen, pages } = observe(honest(0, 2500));
    expect((await seen).domains).toHaveLength(2500);
    expect(pages("ListDomainDetail")).toEqual([1, 2, 3, 4]);
  });

  it.each([
    [0, 1],
    [99, 2],
    [250, 4],
    [1050, 12],
  ])("of %i certificates needs %i pages", async (count, pageCount) => {
    const { seen, pages } = observe(honest(count));
    await seen;
    expect(pages("ListCertV2")).toHaveLength(pageCount);
  });
});

describe("the vendor's clock", () => {
  const MINUTE = 60_000;
  const start = Date.parse("2026-11-24T12:00:00Z");

  it.each([
    [undefined, /answered without a Date, so whether a certificate/],
    [start + 5 * MINUTE + 2, /differ by more than 5 minutes, so whether/],
    [start - 5 * MINUTE - 2, /differ by more than 5 minutes, so whether/],
  ])(
    "at %s is off: no evidence, and no second look",
    async (vendorTime, says) => {
      const { seen, pages } = observe(
        but("ListCertV2", () => ({ result: { Total: 0 }, vendorTime })),
      );
      await expect(seen).rejects.toMatchObject({
        kind: "clock-off",
        outcome: "answered",
        message: expect.stringMatching(says) as string,
      });
      expect(pages("ListCertV2")).toHaveLength(1);
    },
  );

  it.each(["ListCertV2", "ListDomainDetail"] as const)(
    "is looked at on every page of %s",
    async (which) => {
      const list = upTo(2500, which === "ListCertV2" ? certificate : domain);
      const name = which === "ListCertV2" ? "CertList" : "DomainList";
      const vendor = but(which, (asked) => ({
        result: { [name]: pageOf(list, asked), Total: 2500 },
        ...(asked.PageNum === 2 && { vendorTime: start + 6 * MINUTE }),
      }));
      await expect(observe(vendor).seen).rejects.toMatchObject({
        kind: "clock-off",
      });
    },
  );

  it.each([start + 5 * MINUTE, start - 5 * MINUTE + 2])(
    "at %s is near enough",
    async (vendorTime) => {
      const vendor = but("ListDomainDetail", () => ({
        result: { Total: 0 },
        vendorTime,
      }));
      await expect(observe(vendor).seen).resolves.toMatchObject({
        domains: [],
      });
    },
  );
});

describe("a secret that changes while the account is read", () => {
  const from = (call: number): Vendor => {
    let calls = 0;
    const others = honest(1, 1);
    return (asked) => ({
      ...others(asked),
      secretVersion: ++calls >= call ? "v2" : "v1",
    });
  };

  it("has it read again once, under the new one", async () => {
    const { seen, asked } = observe(from(3));
    expect(await seen).toMatchObject({ secretVersion: "v2" });
    expect(asked).toHaveLength(14);
  });

  it.each([1, 2, 5, 6, 7, 8, 9])(
    "is noticed at call %i of the nine of a reading",
    async (n) => {
      const others = honest(250, 1);
      let calls = 0;
      const { seen, asked } = observe((ask) => ({
        ...others(ask),
        secretVersion: ++calls === n ? "v2" : "v1",
      }));
      await seen;
      expect(asked).toHaveLength(18);
    },
  );

  it("and changes again is no evidence", async () => {
    let calls = 0;
    const others = honest(1, 1);
    const { seen, asked } = observe((ask) => ({
      ...others(ask),
      secretVersion: `v${String(++calls)}`,
    }));
    await expect(seen).rejects.toMatchObject({
      kind: "secret-changed",
      outcome: "not done",
    });
    expect(asked).toHaveLength(14);
  });
});

it("a reading that failed asks nothing more", async () => {
  const others = honest(3000);
  const vendor: Vendor = (ask) =>
    ask.action === "ListDomainDetail"
      ? { result: {}, vendorTime: undefined, takes: 20 }
      : { ...others(ask), takes: 15 };
  const { seen, asked, clock } = observe(vendor);
  await expect(seen).rejects.toMatchObject({ kind: "clock-off" });
  const { length } = asked;
  await clock.pass(10_000);
  // What was under way may still be answered.
  expect(asked).toHaveLength(length);
});

it("listCertificates under two versions of the secret is read again, once", async () => {
  let calls = 0;
  const changing = { from: Infinity };
  const others = honest(1);
  const { seen, asked, list } = observe((ask) => ({
    ...others(ask),
    secretVersion: ++calls >= changing.from ? `v${String(calls)}` : "v1",
  }));
  await seen;
  const before = asked.length;
  changing.from = calls + 3;
  await expect(list()).rejects.toMatchObject({ kind: "secret-changed" });
  expect(asked).toHaveLength(before + 10);
});

it("listCertificates asks no domains", async () => {
  const { seen, asked, list } = observe(honest(3, 3));
  await seen;
  asked.length = 0;
  expect((await list()).certificates).toHaveLength(3);
  expect(asked.map(({ action }) => action)).toEqual(
    upTo(5, () => "ListCertV2"),
  );
});
