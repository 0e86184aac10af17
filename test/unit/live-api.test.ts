import { describe, expect, it, onTestFinished } from "vitest";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import type { AccessKeySource } from "../../functions/volcengine/live-api.ts";
import { createPacer } from "../../functions/volcengine/pacer.ts";
import {
  broken,
  call,
  DATE,
  error,
  hanging,
  ok,
  rejected,
  reset,
  throttled,
  type Step,
} from "../world/live-call.ts";
import { createSigner } from "../../functions/volcengine/signer.ts";
import { VirtualClock } from "../world/clock.ts";
import { keyOf } from "../world/key.ts";

describe("a call", () => {
  it("is a signed POST of JSON, with the action in the query and no encoding accepted", async () => {
    const { sent } = await call([ok]);
    expect(sent[0]).toMatchObject({
      method: "POST",
      path: "/?Action=DeleteCert&Version=2023-01-01",
      body: '{"ChainID":"x"}',
      maxBytes: 65_536,
      headers: {
        host: "live.volcengineapi.com",
        "content-type": "application/json",
        accept: "application/json",
        "accept-encoding": "identity",
        ...createSigner({ region: "cn-north-1", service: "live" }).sign(
          {
            method: "POST",
            path: "/",
            query: "Action=DeleteCert&Version=2023-01-01",
            host: "live.volcengineapi.com",
            contentType: "application/json",
            body: '{"ChainID":"x"}',
          },
          keyOf("v1"),
          Date.parse(DATE),
        ),
      },
    });
  });

  it("needs nobody who gives leave or is told", async () => {
    const { value } = await call([reset, ok], { plain: true });
    expect(value).toMatchObject({ attempts: 2 });
  });

  it.each([
    [DATE, Date.parse(DATE)],
    [undefined, undefined],
    ["yesterday", undefined],
  ])("with the Date %j tells the vendor's clock as %s", async (date, time) => {
    const step: Step = async (request) => ({ ...(await ok(request)), date });
    expect((await call([step])).value).toMatchObject({ vendorTime: time });
  });

  it("of a deadline that dozens share is no leak to Node", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on("warning", note);
    onTestFinished(() => {
      process.off("warning", note);
    });
    const clock = new VirtualClock();
    const deadline = clock.deadline(60_000);
    const options = { deadline, pacer: createPacer(clock, 1e6, 50) };
    const slow: Step = async (request) => {
      await clock.sleep(10);
      return ok(request);
    };
    const calls = Array.from({ length: 20 }, () =>
      call([slow], { clock, options }),
    );
    await Promise.all(calls);
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  });
});

describe("another attempt", () => {
  it("goes on until a success", async () => {
    const { value, sentAt } = await call([
      error("InternalError", 500),
      reset,
      ok,
    ]);
    expect(value).toMatchObject({
      result: { a: 1 },
      requestId: "r-ok",
      attempts: 3,
    });
    expect(sentAt).toEqual([0, 100, 200]);
  });

  it("ends with the fourth attempt, and waits longer when throttled", async () => {
    const { failure, sentAt } = await call([throttled], { random: 0.5 });
    expect(sentAt).toEqual([0, 750, 1750, 3250]);
    expect(failure).toMatchObject({
      kind: "throttled",
      attempts: 4,
      possiblyDone: false,
    });
  });

  it("waits as long as the vendor asks", async () => {
    const asked = error("FlowLimitExceeded", 429, "7");
    expect((await call([asked, ok])).sentAt).toEqual([0, 7000]);
    const dated = error("InternalError", 500, "Tue, 24 Nov 2026 12:00:09 GMT");
    expect((await call([dated, ok])).sentAt).toEqual([0, 9000]);
  });

  it.each([
    ["a wait past the deadline", error("FlowLimitExceeded", 429, "86400")],
    ["a refusal", error("NeverHeardOf", 400)],
    ["a wrong TLS identity", broken("CERT_HAS_EXPIRED")],
  ])("is not made after %s, at once", async (_what, step) => {
    const { failure, attempts, clock } = await call([step, ok]);
    expect(attempts).toBe(1);
    expect(clock.monotonic()).toBe(0);
    expect(failure).toMatchObject({ attempts: 1, possiblyDone: false });
  });

  it("whose wait would end at the deadline is not made", async () => {
    const clock = new VirtualClock();
    clock.jump(10_000);
    const until = await call([reset, ok], { time: 100, clock });
    expect(until.attempts).toBe(1);
    expect(until.clock.monotonic()).toBe(10_000);
    expect(until.failure).toMatchObject({
      kind: "vendor-error",
      possiblyDone: true,
    });
    const beyond = await call([reset, ok], { time: 101 });
    expect(beyond.attempts).toBe(2);
  });

  it("under way is cut off at the deadline", async () => {
    const { failure, attempts, clock } = await call([reset, hanging], {
      time: 2000,
    });
    expect(attempts).toBe(2);
    expect(clock.monotonic()).toBe(2000);
    expect(failure).toMatchObject({
      kind: "timeout",
      attempts: 2,
      possiblyDone: true,
    });
  });

  it("follows one without an answer after 5 s", async () => {
    const { value, sentAt, sent } = await call([hanging, ok]);
    expect(value).toMatchObject({ attempts: 2 });
    expect(sentAt).toEqual([0, 5100]);
    expect(sent[0]?.signal.aborted).toBe(true);
  });

  it("is made with a newer key", async () => {
    const asked: string[] = [];
    const { value, sentAt, sent } = await call([rejected, ok], {
      accessKeys: {
        refreshed: (version) => {
          asked.push(version);
          return Promise.resolve(keyOf("v2"));
        },
      },
    });
    expect(value).toMatchObject({ attempts: 2, secretVersion: "v2" });
    expect(asked).toEqual(["v1"]);
    expect(sentAt).toEqual([0, 1]);
    expect(sent.map(({ headers }) => headers["authorization"])).toEqual([
      expect.stringContaining("AK-v1/"),
      expect.stringContaining("AK-v2/"),
    ]);
  });

  it("a key is refreshed once, however many follow", async () => {
    let version = 1;
    const { failure, attempts } = await call([rejected], {
      accessKeys: {
        refreshed: () => Promise.resolve(keyOf(`v${String(++version)}`)),
      },
    });
    expect(attempts).toBe(2);
    expect(version).toBe(2);
    expect(failure).toMatchObject({
      kind: "credentials-rejected",
      attempts: 2,
    });
  });

  it.each<[string, AccessKeySource["refreshed"]]>([
    ["is the same", () => Promise.resolve(keyOf("v1"))],
    ["cannot be read", () => Promise.reject(new Error("store down"))],
  ])(
    "a rejected key whose secret %s is no reason to repeat",
    async (_what, refreshed) => {
      const { failure, attempts } = await call([rejected, ok], {
        accessKeys: { refreshed },
      });
      expect(attempts).toBe(1);
      expect(failure).toMatchObject({ kind: "credentials-rejected" });
    },
  );

  it("is signed anew, for its own second", async () => {
    const { sent } = await call([error("InvalidTimestamp", 403, "2"), ok]);
    const dates = sent.map(({ headers }) => headers["x-date"]);
    expect(dates).toEqual(["20261124T120000Z", "20261124T120002Z"]);
    expect(sent[0]?.headers["authorization"]).not.toBe(
      sent[1]?.headers["authorization"],
    );
  });

  it("what the last attempt may have done is not forgotten", async () => {
    const { failure } = await call([throttled, throttled, throttled, reset]);
    expect(failure).toMatchObject({
      kind: "vendor-error",
      attempts: 4,
      possiblyDone: true,
    });
  });

  it("what may have been done stays so, whatever came after", async () => {
    const { failure } = await call([reset, error("ResourceNotFound", 404)]);
    expect(failure).toMatchObject({
      kind: "not-found",
      attempts: 2,
      possiblyDone: true,
    });
  });
});

describe("an order", () => {
  it("asks for leave before each send and tells of each end, in turn", async () => {
    const { hooks } = await call([reset, throttled, ok]);
    expect(hooks).toEqual([
      ["permit", 1],
      ["ended", 1, "vendor-error"],
      ["permit", 2],
      ["ended", 2, "throttled"],
      ["permit", 3],
      ["ended", 3, "r-ok"],
    ]);
  });

  it("asks in the very instant of the send", async () => {
    const clock = new VirtualClock();
    const asked: number[] = [];
    const permit = () => asked.push(clock.monotonic()) > 0;
    const { sentAt } = await call([reset, reset, ok], {
      clock,
      options: { permit },
    });
    expect(asked).toEqual(sentAt);
  });

  it("without leave sends nothing and leaves no end to tell", async () => {
    const { failure, attempts, hooks } = await call([ok], {
      options: { permit: () => false },
    });
    expect(attempts).toBe(0);
    expect(hooks).toEqual([]);
    expect(failure).toMatchObject({
      kind: "too-late",
      outcome: "not done",
      message: expect.stringMatching(/too late to send/) as string,
      attempts: 0,
    });
  });

  it("whose leave ends between attempts keeps what the earlier ones add up to", async () => {
    const { failure, attempts } = await call([reset, ok], {
      options: { permit: (attempt) => attempt === 1 },
    });
    expect(attempts).toBe(1);
    // What the attempt failed with is the news, not that there was no time for another.
    expect(failure).toMatchObject({
      kind: "vendor-error",
      attempts: 1,
      possiblyDone: true,
    });
  });

  it("tells of the end of an attempt that the deadline cut off", async () => {
    const { hooks } = await call([hanging], { time: 1000 });
    expect(hooks).toEqual([
      ["permit", 1],
      ["ended", 1, "timeout"],
    ]);
  });

  it("of another version of the secret is not sent", async () => {
    const { failure, attempts, hooks } = await call([ok], {
      options: { secretVersion: "v0" },
    });
    expect(attempts).toBe(0);
    expect(hooks).toEqual([]);
    expect(failure).toMatchObject({
      kind: "secret-changed",
      outcome: "not done",
      message: expect.stringMatching(
        /secret changed after .* read\.$/,
      ) as string,
      attempts: 0,
    });
  });

  it("of the same version is", async () => {
    const { value } = await call([ok], { options: { secretVersion: "v1" } });
    expect(value).toMatchObject({ secretVersion: "v1" });
  });

  it("is not repeated with a refreshed key, which its evidence does not know", async () => {
    const { failure, attempts } = await call([reset, rejected, ok], {
      options: { secretVersion: "v1" },
      accessKeys: { refreshed: () => Promise.resolve(keyOf("v2")) },
    });
    expect(attempts).toBe(2);
    expect(failure).toMatchObject({
      kind: "secret-changed",
      attempts: 2,
      possiblyDone: true,
    });
  });

  it.each([
    [0, 0, "too-late"],
    [1, 1, "vendor-error"], // the wait of 100 ms would lead past it
    [100, 1, "vendor-error"],
    [101, 2, "vendor-error"],
  ])(
    "to be sent before %i ms has %i attempts",
    async (sendBefore, count, kind) => {
      const { failure, attempts } = await call([reset], {
        options: { sendBefore },
      });
      expect(attempts).toBe(count);
      expect(failure).toMatchObject({ kind, attempts: count });
    },
  );

  it("whose turn comes too late is not sent", async () => {
    const clock = new VirtualClock();
    const pacer = createPacer(clock, 0.1, 8);
    await clock.run(
      pacer.run(new AbortController().signal, () => Promise.resolve()),
    );
    const { failure, attempts } = await call([ok], {
      clock,
      options: { pacer, sendBefore: 10_000 },
    });
    expect(attempts).toBe(0);
    expect(clock.monotonic()).toBe(10_000);
    expect(failure).toMatchObject({ kind: "too-late" });
  });

  it("aborted while queued is not sent", async () => {
    const clock = new VirtualClock();
    const pacer = createPacer(clock, 0.1, 8);
    await clock.run(
      pacer.run(new AbortController().signal, () => Promise.resolve()),
    );
    const { failure, attempts, hooks } = await call([ok], {
      clock,
      time: 3000,
      options: { pacer },
    });
    expect(attempts).toBe(0);
    expect(hooks).toEqual([]);
    expect(clock.monotonic()).toBe(3000);
    expect(failure).toMatchObject({
      kind: "timeout",
      attempts: 0,
      possiblyDone: false,
    });
  });

  it("waits for no key beyond its deadline", async () => {
    const { failure, attempts, clock } = await call([ok], {
      time: 3000,
      accessKeys: { current: () => new Promise(() => undefined) },
    });
    expect(attempts).toBe(0);
    expect(clock.monotonic()).toBe(3000);
    expect(failure).toMatchObject({ kind: "timeout" });
  });

  it.each<[string, Error, object]>([
    [
      "in the words of the secret's reader",
      new Error("The secret x is missing."),
      {
        kind: "misconfigured",
        outcome: "not done",
        message: "The secret x is missing.",
        cause: new Error("The secret x is missing."),
      },
    ],
    [
      "as the failure that it is",
      new VendorFailure("No key yet.", {
        ...{ kind: "not-set-up", outcome: "not done" },
      } as const),
      { kind: "not-set-up", message: "No key yet." },
    ],
    [
      "whatever was thrown",
      JSON.parse('"words"') as Error,
      { kind: "misconfigured", message: "The secret is unreadable." },
    ],
  ])("without a readable secret says so %s", async (_how, reason, expected) => {
    const { failure, attempts } = await call([ok], {
      accessKeys: { current: () => Promise.reject(reason) },
    });
    expect(attempts).toBe(0);
    expect(failure).toMatchObject(expected);
  });

  it("that is called off while it waits makes no other attempt", async () => {
    const clock = new VirtualClock();
    const over = new AbortController();
    clock.at(50, () => {
      over.abort(new Error("no longer needed"));
    });
    const { failure, attempts } = await call([reset, ok], {
      clock,
      options: { deadline: { at: 60_000, signal: over.signal } },
    });
    expect(attempts).toBe(1);
    expect(clock.monotonic()).toBe(50);
    expect(failure).toMatchObject({ kind: "vendor-error", possiblyDone: true });
  });

  it("that meets a bug is not repeated", async () => {
    const bug = new TypeError("bug");
    const { failure, attempts } = await call([ok], {
      options: {
        permit: () => {
          throw bug;
        },
      },
    });
    expect(attempts).toBe(0);
    expect(failure).toBe(bug);
  });
});
