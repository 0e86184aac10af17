import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import { certificateOf, connect, KEY } from "../support/official-client.ts";

let emulator: LiveEmulator;

beforeEach(async () => {
  emulator = await startLiveEmulator({
    credentials: [KEY],
    account: { certificates: [certificateOf(1)] },
  });
});

afterEach(async () => {
  await emulator.close();
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
  it("have their own port, and the vendor's has none of them", async () => {
    expect(emulator.adminUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(emulator.adminUrl).not.toBe(emulator.url);
    expect((await fetch(`${emulator.url}/state`)).status).toBe(404);
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
    [{ kind: "slow" }, "slow needs ms"],
    [{ kind: "hang", ms: 5 }, "hang has no ms; permitted: kind, action"],
    [{ kind: "slow", ms: "5" }, "ms must be a number"],
    [[{ kind: "hang" }, 5], "a fault is an object"],
  ])("refuse the fault %j", async (fault, message) => {
    const answer = await ask("POST", "/faults", fault);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(message);
    expect((await ask("GET", "/state")).json).toMatchObject({ faults: [] });
  });

  it("set switches by what the vendor leaves open", async () => {
    const unkind = ["missing-forbidden", "domain-total-of-page"];
    expect((await ask("POST", "/switches", { unkind })).status).toBe(200);
    expect(emulator.switches).toMatchObject({
      missing: "RequestForbidden",
      total: "page",
    });
  });

  it("set switches", async () => {
    const changes = {
      missing: "RequestForbidden",
      perSecond: { DeleteCert: 1 },
    };
    expect((await ask("POST", "/switches", changes)).status).toBe(200);
    expect(emulator.switches).toMatchObject({ ...changes, bound: "delete" });
  });

  it.each([
    [
      { explode: true },
      "there is no switch explode; permitted: missing, bound",
    ],
    [{ bound: "maybe" }, "bound must be one of delete, refuse"],
    [{ skewSeconds: -1 }, "skewSeconds must be a number from 0"],
    [{ perSecond: { DeleteCert: "1" } }, "perSecond must be a number from 0"],
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
