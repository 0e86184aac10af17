/** The emulator of Live, by what the official clients and the tests of the product do not try. */
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from "vitest";
import type { Fault } from "../../infra/local/live-emulator/faults.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
  type LiveEmulatorOptions,
} from "../../infra/local/live-emulator/server.ts";
import {
  createRateLimit,
  type Switches,
} from "../../infra/local/live-emulator/switches.ts";
import {
  certificateOf,
  connect,
  daysFromNow,
  domainOf,
  KEY,
  sendSigned,
} from "../world/official-client.ts";

let emulator: LiveEmulator;

async function start(options: Partial<LiveEmulatorOptions> = {}) {
  emulator = await startLiveEmulator({ credentials: [KEY], ...options });
  return connect(emulator.url);
}

afterEach(() => emulator.close());

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
});

it("who may call is checked in the gateway's order", async () => {
  await start();
  const post = async (path: string, headers: Record<string, string> = {}) => {
    await fetch(emulator.url + path, { method: "POST", headers });
    return emulator.log.at(-1)?.code;
  };
  const query = "/?Action=ListCertV2&Version=2023-01-01";
  const signed = (credential: string, signature = "00") => ({
    authorization: `HMAC-SHA256 Credential=${credential}, SignedHeaders=x-date, Signature=${signature}`,
  });
  const scope = "AK/20261124/cn-north-1/live/request";
  expect(await post("/other")).toBe("InvalidActionOrVersion");
  expect(await post("/?Action=ListCertV2")).toBe("MissingParameter");
  expect(await post(query)).toBe("MissingAuthenticationToken");
  expect(await post(query, { authorization: "Bearer x" })).toBe(
    "InvalidAuthorization",
  );
  expect(await post(query, signed(scope, ""))).toBe("MissingSignature");
  expect(await post(query, signed("AK/20261124/live/request"))).toBe(
    "InvalidCredential",
  );
  expect(await post(query, signed(scope))).toBe("MissingRequestInfo");
  const otherDay = { ...signed(scope), "x-date": "20261123T000000Z" };
  expect(await post(query, otherDay)).toBe("InvalidCredential");
  const noTime = { ...signed(scope), "x-date": "20261124 noon" };
  expect(await post(query, noTime)).toBe("InvalidTimestamp");
  await fetch(emulator.url + query);
  expect(emulator.log.at(-1)).toMatchObject({
    status: 405,
    code: "MethodNotAllowed",
  });
  await sendSigned(emulator.url, { action: "ListCertV2", service: "cdn" });
  expect(emulator.log.at(-1)?.code).toBe("ServiceNotFound");
  await sendSigned(emulator.url, { action: "ListCert" });
  expect(emulator.log.at(-1)?.code).toBe("InvalidActionOrVersion");
  const version = "2020-08-01";
  await sendSigned(emulator.url, { action: "ListCertV2", version });
  expect(emulator.log.at(-1)?.code).toBe("InvalidActionOrVersion");
  await sendSigned(emulator.url, { action: "ListCertV2", body: "[" });
  expect(emulator.log.at(-1)?.code).toBe("InvalidParam.BindError");
});

it("the rate limit lets so many of an action through in any second", () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  onTestFinished(() => {
    now.mockRestore();
  });
  const isLetThrough = createRateLimit();
  const twelve = Array.from({ length: 12 }, () => isLetThrough("A", 10));
  expect(twelve.filter(Boolean)).toHaveLength(10);
  expect(isLetThrough("B", { A: 10, B: 1 })).toBe(true);
  expect(isLetThrough("B", { A: 10, B: 1 })).toBe(false);
  expect(isLetThrough("B", null)).toBe(true);
  now.mockReturnValue(1000);
  expect(isLetThrough("A", 10)).toBe(true);
});

describe("with an account", () => {
  const first = certificateOf(1);
  const expired = { Available: true, Expiring: true };

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

    it("emptyFilter", async () => {
      expect(await namesOf({})).toEqual(["certificate 3"]);
      set({ emptyFilter: "enabled" });
      expect(await namesOf({})).toHaveLength(3);
      set({ emptyFilter: "all" });
      expect(await namesOf({})).toHaveLength(4);
    });

    it("ignorePaging and ignoreExpiringFilter", async () => {
      const page = { ...expired, PageNum: 1, PageSize: 1 };
      expect(await namesOf(page)).toHaveLength(1);
      set({ ignorePaging: true });
      expect(await namesOf(page)).toHaveLength(2);
      set({ ignoreExpiringFilter: true });
      expect(await namesOf(page)).toHaveLength(3);
    });
  });

  describe("faults with an answer", () => {
    it.each<[Fault, number, RegExp, boolean]>([
      [{ kind: "CommonErr", codeN: 7 }, 200, /"CodeN":7,"Code":"Comm/, false],
      [{ kind: "http-500" }, 500, /InternalError/, false],
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
      expect(
        (await sendSigned(emulator.url, { action: "ListCertV2" })).ok,
      ).toBe(true);
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
      expect(Math.abs((await dateOf()) ?? NaN)).toBeLessThan(60_000);
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
      const caller = new AbortController();
      const answer = deleteFirst(caller.signal);
      await vi.waitUntil(() => emulator.writes().length === 1, {
        timeout: 60_000,
      });
      caller.abort();
      await expect(answer).rejects.toThrow();
      expect(isDeleted()).toBe(false);
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
});

async function ask(method: string, path: string, body?: unknown) {
  const answer = await fetch(emulator.adminUrl + path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, json: JSON.parse(text) as unknown };
}

describe("the admin routes", () => {
  beforeEach(async () => {
    emulator = await startLiveEmulator({
      credentials: [KEY],
      account: { certificates: [certificateOf(1)] },
    });
  });

  it("take faults, one or many, and drop them", async () => {
    const kinds = [{ kind: "http-500" }, { kind: "slow", ms: 1, times: 3 }];
    expect((await ask("POST", "/faults", kinds)).status).toBe(200);
    await connect(emulator.url)("ListCertV2");
    expect(emulator.log[0]?.status).toBe(500);
    expect((await ask("GET", "/state")).json).toMatchObject({
      faults: [{ kind: "slow", times: 3 }],
    });
    expect((await ask("DELETE", "/faults")).json).toEqual({ faults: [] });
  });

  it.each([
    [{ kind: "explode" }, "kind must be one of CommonErr, throttle"],
    [{ kind: "hang", ms: 5 }, "hang has no ms; permitted: kind, action"],
    [[{ kind: "hang" }, 5], "a fault is an object"],
  ])("refuse the fault %j", async (fault, message) => {
    const answer = await ask("POST", "/faults", fault);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(message);
    expect((await ask("GET", "/state")).json).toMatchObject({ faults: [] });
  });

  it("set switches, by name or by what the vendor leaves open", async () => {
    const perSecond = { DeleteCert: 1 };
    const unkind = ["missing-forbidden", "domain-total-of-page"];
    for (const changes of [{ perSecond }, { unkind }])
      expect((await ask("POST", "/switches", changes)).status).toBe(200);
    expect(emulator.switches).toMatchObject({
      perSecond,
      missing: "RequestForbidden",
      total: "page",
      bound: "delete",
    });
  });

  it.each([
    [
      { explode: true },
      "there is no switch explode; permitted: missing, bound",
    ],
    [{ bound: "maybe" }, "bound must be one of delete, refuse"],
    [{ skewSeconds: -1 }, "skewSeconds must be a number from 0"],
    [{ unkind: ["closed-midway"] }, "unkind must be a list of some of "],
    ["all", "switches are an object"],
  ])("refuse the switches %j", async (switches, message) => {
    const answer = await ask("POST", "/switches", switches);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(message);
  });

  it("show the state and the counts, and no key", async () => {
    await connect(emulator.url)("ListCertV2");
    const state = await ask("GET", "/state");
    expect(state.json).toMatchObject({
      certificates: [{ name: "certificate 1" }],
      domains: [],
      switches: { bound: "delete" },
    });
    expect(state.text).not.toContain(KEY.secretAccessKey);
    expect((await ask("GET", "/counts")).json).toEqual({ ListCertV2: 1 });
  });

  it("name themselves where there is none, and say what is not valid JSON", async () => {
    const answer = await ask("GET", "/faults");
    expect(answer.status).toBe(404);
    expect(answer.text).toContain(
      "POST /faults, DELETE /faults, POST /switches",
    );
    const broken = await fetch(`${emulator.adminUrl}/faults`, {
      method: "POST",
      body: "{",
    });
    expect(broken.status).toBe(400);
  });
});
