import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import {
  startLiveEmulator,
  type LiveEmulator,
  type LiveEmulatorOptions,
} from "../../infra/local/live-emulator/server.ts";
import {
  certificateOf,
  connect,
  KEY,
  sendSigned,
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

describe("who may call", () => {
  it.each([
    [{ ...KEY, accessKeyId: "AKLTUNKNOWN" }, "InvalidAccessKey", 401],
    [{ ...KEY, secretAccessKey: "wrong" }, "SignatureDoesNotMatch", 401],
    [{ ...KEY, sessionToken: "stray" }, "InvalidSecretToken", 401],
  ])("refuses %j: %s", async (key, code, status) => {
    await start();
    const answer = connect(emulator.url, key)("ListCertV2");
    expect(await codeOf(answer)).toBe(code);
    expect(emulator.log[0]?.status).toBe(status);
  });

  it("takes a session token, keys that change, and any region, which it echoes", async () => {
    const temporary = { ...KEY, sessionToken: "token" };
    await start();
    emulator.setCredentials([temporary]);
    expect(await codeOf(connect(emulator.url)("ListCertV2"))).toBe(
      "InvalidSecretToken",
    );
    const call = connect(emulator.url, temporary, "ap-singapore-1");
    const { ResponseMetadata } = await call("ListCertV2");
    expect(ResponseMetadata.Region).toBe("ap-singapore-1");
    expect(ResponseMetadata.Error).toBeUndefined();
  });

  it("denies actions by policy", async () => {
    const call = await start({
      credentials: [{ ...KEY, denied: ["DeleteCert"] }],
    });
    expect(await codeOf(call("DeleteCert"))).toBe("AccessDenied");
    expect(await codeOf(call("ListCertV2"))).toBeUndefined();
  });

  it.each([
    [-899, undefined],
    [-901, "InvalidTimestamp"],
    [901, "InvalidTimestamp"],
  ])("minds a signature of %i seconds: %s", async (seconds, code) => {
    const now = Date.parse("2026-11-24T12:00:00Z");
    await start({ now: () => now });
    const at = new Date(now + seconds * 1000);
    await sendSigned(emulator.url, { action: "ListCertV2", at });
    expect(emulator.log[0]?.code).toBe(code);
  });

  it("checks in the gateway's order", async () => {
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
});

describe("the rate limit", () => {
  it("lets ten of an action through in a second, and says so", async () => {
    const call = await start();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => call("ListCertV2")),
    );
    const refused = answers.flatMap(({ ResponseMetadata }) =>
      ResponseMetadata.Error === undefined ? [] : [ResponseMetadata.Error],
    );
    expect(refused).toMatchObject([
      { Code: "FlowLimitExceeded", CodeN: 100018 },
      { Code: "FlowLimitExceeded", CodeN: 100018 },
    ]);
    expect(emulator.log.filter(({ status }) => status === 429)).toHaveLength(2);
    expect(await codeOf(call("DeleteCert"))).toBe("InvalidParam");
  });

  it("may differ by action, and ends a second later", async () => {
    const call = await start({ switches: { perSecond: { DeleteCert: 1 } } });
    expect(await codeOf(call("DeleteCert"))).toBe("InvalidParam");
    expect(await codeOf(call("DeleteCert"))).toBe("FlowLimitExceeded");
    expect(await codeOf(call("ListCertV2"))).toBeUndefined();
    expect(await codeOf(call("ListCertV2"))).toBeUndefined();
    await sleep(1010);
    expect(await codeOf(call("DeleteCert"))).toBe("InvalidParam");
  });

  it("may be off", async () => {
    const call = await start({ switches: { perSecond: null } });
    const codes = await Promise.all(
      Array.from({ length: 30 }, () => codeOf(call("ListCertV2"))),
    );
    expect(new Set(codes)).toEqual(new Set([undefined]));
  });

  it("finds pages among 25,000 certificates without a wait", async () => {
    const certificates = Array.from({ length: 25_000 }, (_, n) =>
      certificateOf(n),
    );
    const call = await start({
      account: { certificates },
      switches: { perSecond: null },
    });
    const query = { Available: true, Expiring: true, PageSize: 100 };
    await call("ListCertV2", { ...query, PageNum: 1 });
    const before = performance.now();
    for (let PageNum = 100; PageNum < 110; PageNum += 1)
      await call("ListCertV2", { ...query, PageNum });
    expect((performance.now() - before) / 10).toBeLessThan(2000);
  });
});
