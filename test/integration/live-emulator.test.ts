import { afterEach, describe, expect, it } from "vitest";
import {
  startLiveEmulator,
  type LiveEmulator,
  type LiveEmulatorOptions,
} from "../../infra/local/live-emulator/server.ts";
import {
  certificateOf,
  connect,
  daysFromNow,
  domainOf,
  KEY,
} from "../support/official-client.ts";

let emulator: LiveEmulator;

async function start(options: Partial<LiveEmulatorOptions> = {}) {
  emulator = await startLiveEmulator({ credentials: [KEY], ...options });
  return connect(emulator.url);
}

afterEach(async () => {
  await emulator.close();
});

async function codeOf(answer: Promise<{ ResponseMetadata: object }>) {
  const { ResponseMetadata: metadata } = await answer;
  return Reflect.get(Reflect.get(metadata, "Error") ?? {}, "Code") as unknown;
}

describe("actions, called by the vendor's own client", () => {
  it("lists by the clock, in the four ways that there are", async () => {
    const call = await start({
      account: {
        certificates: [
          certificateOf(1),
          certificateOf(2, { available: false }),
          certificateOf(3, { notAfter: daysFromNow(100) }),
          certificateOf(4, { notAfter: daysFromNow(6), available: false }),
        ],
      },
    });
    const names = async (filter: object) => {
      const { Result } = await call("ListCertV2", filter);
      return Result?.CertList?.map((one) => [one["CertName"], one["Status"]]);
    };
    expect(await names({ Available: true, Expiring: true })).toEqual([
      ["certificate 1", "Expire"],
    ]);
    expect(await names({ available: false, EXPIRING: true })).toEqual([
      ["certificate 2", "Expire"],
    ]);
    expect(await names({ Available: true })).toEqual([["certificate 3", "OK"]]);
    expect(await names({ Available: false })).toEqual([
      ["certificate 4", "7days"],
    ]);
    expect(await names({ Expiring: true })).toEqual([["certificate 3", "OK"]]);
  });

  it.each([
    [-0.1, "Expire"],
    [0.9, "1days"],
    [6.9, "7days"],
    [7.1, "15days"],
    [29.9, "30days"],
    [30.1, "OK"],
  ])("says of one that ends in %d days: %s", async (days, status) => {
    const call = await start({
      account: {
        certificates: [certificateOf(1, { notAfter: daysFromNow(days) })],
      },
    });
    const { Result } = await call("ListCertV2", {
      Available: true,
      Expiring: days < 0,
    });
    expect(Result?.CertList?.[0]?.["Status"]).toBe(status);
  });

  it("pages, and counts the whole query", async () => {
    const certificates = Array.from({ length: 5 }, (_, n) => certificateOf(n));
    const call = await start({ account: { certificates } });
    const filter = { Available: true, Expiring: true, PageSize: 2 };
    const { Result } = await call("ListCertV2", { ...filter, PageNum: 3 });
    expect(Result?.CertList?.map((one) => one["CertName"])).toEqual([
      "certificate 4",
    ]);
    expect(Result?.Total).toBe(5);
    expect(Result?.ExpirationInfo).toEqual({
      ActiveNum: 0,
      ClosingExpireNum: 0,
      ExpireNum: 5,
    });
    const beyond = await call("ListCertV2", { ...filter, PageNum: 4 });
    expect(beyond.Result?.CertList).toEqual([]);
  });

  it("filters by project, name and domain, and shows what a record says instead", async () => {
    const call = await start({
      account: {
        certificates: [
          certificateOf(1, { projectName: "a", overrides: { Status: "OK" } }),
          certificateOf(2, { projectName: "b", ignoresProjectFilter: true }),
          certificateOf(3, { projectName: "b", domains: ["pull.example.com"] }),
        ],
      },
    });
    const names = async (filter: object) => {
      const query = { Available: true, Expiring: true, ...filter };
      const { Result } = await call("ListCertV2", query);
      return Result?.CertList?.map((one) => one["CertName"]);
    };
    expect(await names({ ProjectName: "a" })).toEqual([
      "certificate 1",
      "certificate 2",
    ]);
    expect(await names({ CertName: "icate 3" })).toEqual(["certificate 3"]);
    expect(await names({ Domain: "pull.example.com" })).toEqual([
      "certificate 3",
    ]);
  });

  it("deletes for good, and answers without a Result", async () => {
    const one = certificateOf(1);
    const call = await start({ account: { certificates: [one] } });
    const answer = await call("DeleteCert", { ChainID: one.chainId });
    expect(answer).toEqual({
      ResponseMetadata: {
        RequestId: expect.stringMatching(/^\d{14}[0-9A-F]{18}$/) as string,
        Action: "DeleteCert",
        Version: "2023-01-01",
        Service: "live",
        Region: "cn-north-1",
      },
    });
    expect(emulator.account.certificates).toEqual([]);
    expect(emulator.counts()).toEqual({ DeleteCert: 1 });
    expect(emulator.writes()).toMatchObject([
      { action: "DeleteCert", status: 200, chainId: one.chainId },
    ]);
  });

  it("shows domains of every status, and pages of at most 1,000", async () => {
    const call = await start({
      account: {
        domains: [
          { ...domainOf("push.example.com"), chainId: "bound" },
          { ...domainOf("pull.example.com"), status: 2 },
        ],
      },
    });
    const list = async (filter: object = {}) => {
      const query = { PageNum: 1, PageSize: 10, ...filter };
      const { Result } = await call("ListDomainDetail", query);
      return Result?.DomainList?.map(({ Domain, ChainID }) => [
        Domain,
        ChainID,
      ]);
    };
    const push = ["push.example.com", "bound"];
    expect(await list()).toEqual([push, ["pull.example.com", ""]]);
    expect(await list({ DomainStatusList: [0] })).toEqual([push]);
    const unpaged = call("ListDomainDetail", { PageNum: 1, PageSize: 1001 });
    expect(await codeOf(unpaged)).toBe("InvalidParam");
  });
});

describe("DeleteCert, its error table", () => {
  it.each([
    ["InvalidParam", { ChainID: "" }],
    ["InvalidParam", {}],
    ["InvalidParam.BindError", { ChainID: 5 }],
    ["ResourceNotFound", { ChainID: "0".repeat(32) }],
    ["RequestForbidden.AccountIDNotAllow", { ChainID: "f".repeat(32) }],
  ])("is %s for %j", async (code, body) => {
    const call = await start();
    emulator.account.foreign.add("f".repeat(32));
    expect(await codeOf(call("DeleteCert", body))).toBe(code);
  });

  it.each([
    [200, "CommonErr"],
    [400, "InvalidParam"],
    [400, "InvalidParam.BindError"],
    [403, "RequestForbidden"],
    [403, "RequestForbidden.AccountIDNotAllow"],
    [403, "RequestForbidden.BillingStatus"],
    [404, "ResourceNotFound"],
    [500, "InternalError"],
    [500, "InternalError.DB"],
    [502, "InternalServiceError"],
    [502, "InternalServiceError.BadResponse"],
    [504, "InternalServiceTimeout"],
  ])(
    "can be told to be %i %s, and then deletes nothing",
    async (status, code) => {
      const one = certificateOf(1);
      const call = await start({ account: { certificates: [one] } });
      emulator.fault({ kind: "error", status, code });
      const answer = call("DeleteCert", { ChainID: one.chainId });
      expect(await codeOf(answer)).toBe(code);
      expect(emulator.log).toMatchObject([{ status, code }]);
      expect(emulator.account.certificates).toHaveLength(1);
    },
  );
});
