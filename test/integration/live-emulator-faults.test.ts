import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fault } from "../../infra/local/live-emulator/faults.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import type { Switches } from "../../infra/local/live-emulator/switches.ts";
import {
  certificateOf,
  connect,
  daysFromNow,
  domainOf,
  KEY,
  sendSigned,
} from "../support/official-client.ts";

const first = certificateOf(1);
const expired = { Available: true, Expiring: true };

let emulator: LiveEmulator;
let call: ReturnType<typeof connect>;

beforeEach(async () => {
  emulator = await startLiveEmulator({
    credentials: [KEY],
    account: {
      certificates: [
        first,
        certificateOf(2),
        certificateOf(3, { notAfter: daysFromNow(90) }),
        certificateOf(4, { available: false }),
      ],
      domains: [domainOf("push.example.com", first.certId)],
    },
  });
  call = connect(emulator.url);
});

afterEach(async () => {
  await emulator.close();
});

function deleteFirst(signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ ChainID: first.chainId });
  return sendSigned(emulator.url, {
    action: "DeleteCert",
    body,
    ...(signal !== undefined && { signal }),
  });
}

function isDeleted(): boolean {
  return !emulator.account.certificates.some(
    ({ chainId }) => chainId === first.chainId,
  );
}

async function namesOf(filter: object): Promise<unknown> {
  const { Result } = await call("ListCertV2", filter);
  return Result?.CertList?.map((one) => one["CertName"]);
}

describe("switches", () => {
  const set = (changes: Partial<Switches>) =>
    Object.assign(emulator.switches, changes);

  it("missing", async () => {
    set({ missing: "RequestForbidden" });
    const answer = await call("DeleteCert", { ChainID: "0".repeat(32) });
    expect(answer.ResponseMetadata.Error?.Code).toBe("RequestForbidden");
    expect(emulator.log[0]?.status).toBe(403);
  });

  it("bound, which by default protects nothing", async () => {
    set({ bound: "refuse" });
    expect((await deleteFirst()).status).toBe(400);
    expect(isDeleted()).toBe(false);
    set({ bound: "delete" });
    expect((await deleteFirst()).status).toBe(200);
    expect(isDeleted()).toBe(true);
  });

  it("emptyFilter", async () => {
    expect(await namesOf({})).toEqual(["certificate 3"]);
    set({ emptyFilter: "enabled" });
    expect(await namesOf({})).toHaveLength(3);
    set({ emptyFilter: "all" });
    expect(await namesOf({})).toHaveLength(4);
  });

  it("requestIdCasing", async () => {
    expect((await call("ListCertV2")).ResponseMetadata.RequestId).toBeDefined();
    set({ requestIdCasing: "RequestID" });
    const { ResponseMetadata } = await call("ListCertV2");
    expect(ResponseMetadata.RequestID).toBeDefined();
    expect(ResponseMetadata.RequestId).toBeUndefined();
  });

  it("skewSeconds and timestampStatus", async () => {
    const at = new Date(Date.now() - 60_000);
    const late = () => sendSigned(emulator.url, { action: "ListCertV2", at });
    expect((await late()).status).toBe(200);
    set({ skewSeconds: 10 });
    expect((await late()).status).toBe(403);
    set({ timestampStatus: 400 });
    expect((await late()).status).toBe(400);
  });

  it.each([
    ["array", { CertList: [] }],
    ["null", { CertList: null }],
    ["absent", {}],
  ] as const)("certListWhenEmpty %s", async (certListWhenEmpty, shown) => {
    set({ certListWhenEmpty, total: "absent" });
    const { Result } = await call("ListCertV2", { Available: false });
    expect(Result).toEqual({
      ...shown,
      ExpirationInfo: { ActiveNum: 0, ClosingExpireNum: 0, ExpireNum: 0 },
    });
  });

  it("ignorePaging and ignoreExpiringFilter", async () => {
    const page = { ...expired, PageNum: 1, PageSize: 1 };
    expect(await namesOf(page)).toHaveLength(1);
    set({ ignorePaging: true });
    expect(await namesOf(page)).toHaveLength(2);
    set({ ignoreExpiringFilter: true });
    expect(await namesOf(page)).toHaveLength(3);
  });

  it("latencyMs", async () => {
    set({ latencyMs: 50 });
    const before = performance.now();
    await call("ListCertV2");
    expect(performance.now() - before).toBeGreaterThan(49);
  });
});

describe("faults with an answer", () => {
  it.each<[Fault, number, RegExp, boolean]>([
    [{ kind: "CommonErr" }, 200, /"Error":\{"Code":"CommonErr"/, false],
    [{ kind: "CommonErr", codeN: 7 }, 200, /"CodeN":7,"Code":"Comm/, false],
    [{ kind: "throttle" }, 429, /FlowLimitExceeded/, false],
    [{ kind: "http-500" }, 500, /InternalError/, false],
    [{ kind: "http-502-html" }, 502, /<h1>502/, false],
    [{ kind: "http-503-html" }, 503, /<h1>503/, false],
    [{ kind: "http-504-after" }, 504, /<h1>504/, true],
    [{ kind: "slow", ms: 30 }, 200, /ResponseMetadata/, true],
    [{ kind: "trickle", ms: 0 }, 200, /^\{.*\}$/, true],
    [{ kind: "not-json" }, 200, /^It works!$/, true],
    [{ kind: "empty" }, 200, /^$/, true],
    [
      { kind: "error", status: 418, code: "Teapot", codeN: 9 },
      418,
      /"CodeN":9,"Code":"Teapot"/,
      false,
    ],
    [{ kind: "no-date" }, 200, /ResponseMetadata/, true],
    [{ kind: "date-skew", seconds: 1 }, 200, /ResponseMetadata/, true],
    [{ kind: "huge-body" }, 200, / {1000}$/, true],
  ])("%j", async (fault, status, body, deleted) => {
    emulator.fault(fault);
    const answer = await deleteFirst();
    expect(answer.status).toBe(status);
    expect(await answer.text()).toMatch(body);
    expect(isDeleted()).toBe(deleted);
    // Only once, unless told otherwise.
    expect((await sendSigned(emulator.url, { action: "ListCertV2" })).ok).toBe(
      true,
    );
  });

  it("throttle with Retry-After", async () => {
    emulator.fault({ kind: "throttle", retryAfter: 3 });
    expect((await deleteFirst()).headers.get("retry-after")).toBe("3");
  });

  it("no-date and date-skew, while every other answer has the emulator's time", async () => {
    const dateOf = async () => {
      const answer = await sendSigned(emulator.url, { action: "ListCertV2" });
      const date = answer.headers.get("date");
      return date === null ? undefined : Date.parse(date) - Date.now();
    };
    expect(Math.abs((await dateOf()) ?? NaN)).toBeLessThan(2000);
    emulator.fault({ kind: "no-date" });
    expect(await dateOf()).toBeUndefined();
    emulator.fault({ kind: "date-skew", seconds: 600 });
    expect(await dateOf()).toBeGreaterThan(590_000);
  });

  it("total-lies and repeat-page", async () => {
    emulator.fault({ kind: "total-lies", delta: 5 });
    expect((await call("ListCertV2", expired)).Result?.Total).toBe(7);
    emulator.fault({ kind: "repeat-page" });
    const page = { ...expired, PageSize: 1 };
    expect(await namesOf({ ...page, PageNum: 2 })).toEqual(["certificate 1"]);
    expect(await namesOf({ ...page, PageNum: 2 })).toEqual(["certificate 2"]);
  });
});

describe("faults without an answer", () => {
  it.each<[Fault["kind"], boolean, number]>([
    ["reset-before", false, 0],
    ["reset-after", true, 0],
    ["truncate", true, 200],
  ])("%s", async (kind, deleted, status) => {
    emulator.fault({ kind });
    const answer = deleteFirst().then((response) => response.text());
    await expect(answer).rejects.toThrow();
    expect(isDeleted()).toBe(deleted);
    expect(emulator.log[0]?.status).toBe(status);
  });

  it("hang", async () => {
    emulator.fault({ kind: "hang" });
    await expect(deleteFirst(AbortSignal.timeout(50))).rejects.toThrow();
    expect(isDeleted()).toBe(false);
    expect(emulator.writes()).toHaveLength(1);
  });
});

describe("which requests a fault meets", () => {
  it("those of its action, after skipping some, as often as told", async () => {
    emulator.fault({
      kind: "http-500",
      action: "ListCertV2",
      skip: 1,
      times: 2,
    });
    const codes: unknown[] = [];
    await call("DeleteCert");
    for (let n = 0; n < 4; n += 1)
      codes.push((await call("ListCertV2")).ResponseMetadata.Error?.Code);
    expect(codes).toEqual([
      undefined,
      "InternalError",
      "InternalError",
      undefined,
    ]);
  });

  it("none that means nothing, and none after they were cleared", async () => {
    expect(() => {
      emulator.fault({ kind: "slow" });
    }).toThrow("slow needs ms");
    emulator.fault({ kind: "http-500" });
    emulator.clearFaults();
    expect((await deleteFirst()).status).toBe(200);
  });
});
