import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import {
  failedAnswer,
  failedTransport,
} from "../../functions/volcengine/errors.ts";
import { aborting, createPacer } from "../../functions/volcengine/pacer.ts";
import { VirtualClock } from "../world/clock.ts";

/** The messages reach callers and mailboxes, so they are ours word for word. */
describe("a failure is told in full", () => {
  it.each([
    ["CommonErr", "Volcengine had an internal error."],
    ["FlowLimitExceeded", "Volcengine throttled the call."],
    [
      "InvalidTimestamp",
      "Volcengine says that the time of the request is off.",
    ],
    ["InvalidParam", "Volcengine did not accept a parameter."],
    ["ResourceNotFound", "Volcengine did not find the certificate."],
    [
      "RequestForbidden",
      "Volcengine says that the account does not have this certificate, or may not touch it.",
    ],
    [
      "RequestForbidden.BillingStatus",
      "Volcengine Live is not activated for the account, or the account is in arrears.",
    ],
    ["LackPolicy", "The access key lacks a permission for this call."],
    ["InvalidAccessKey", "Volcengine rejected the access key."],
    ["ServiceNotFound", "Volcengine refused the call."],
    ["Unheard", "Volcengine refused the call."],
  ])("%s", (code, message) => {
    expect(failedAnswer({ status: 400, error: { code } }).message).toBe(
      message,
    );
  });

  it("where no envelope could be read", () => {
    expect(failedAnswer({ status: 400 }).message).toBe(
      "Volcengine's answer could not be read.",
    );
  });

  it.each([
    [
      "CERT_HAS_EXPIRED",
      "The TLS identity of the Volcengine endpoint could not be verified.",
    ],
    ["ECONNREFUSED", "No connection to Volcengine could be made."],
    [
      "ECONNRESET",
      "The connection to Volcengine broke before the answer was complete.",
    ],
  ])("%s, with its cause", (code, message) => {
    const error = Object.assign(new Error("x"), { code });
    const failure = failedTransport(error);
    expect(failure.message).toBe(message);
    expect(failure.cause).toBe(error);
  });
});

describe("what a known code decides", () => {
  // Under this status an unknown code would be read otherwise.
  it.each([
    ["CommonErr", 400, "vendor-error", "unknown"],
    ["UndefinedError", 400, "vendor-error", "unknown"],
    ["InternalError", 400, "vendor-error", "unknown"],
    ["InternalServiceError", 400, "vendor-error", "unknown"],
    ["InternalServiceTimeout", 400, "vendor-error", "unknown"],
    ["FailToConnect", 400, "vendor-error", "unknown"],
    ["ServiceUnavailableTemp", 400, "vendor-error", "unknown"],
    ["RequestLimitExceeded", 400, "throttled", "not done"],
    ["InvalidActionOrVersion", 500, "vendor-error", "answered"],
    ["ServiceNotFound", 500, "vendor-error", "answered"],
    ["ServiceNotFound.x", 429, "vendor-error", "answered"],
  ])("%s under status %i", (code, status, kind, outcome) => {
    expect(failedAnswer({ status, error: { code } })).toMatchObject({
      kind,
      outcome,
    });
  });

  it.each([
    [100007, 500, "answered"],
    [100008, 500, "answered"],
    [100001, 400, "unknown"],
    [100014, 400, "unknown"],
    [100015, 400, "unknown"],
    [100016, 400, "unknown"],
    [100019, 400, "unknown"],
    [100023, 400, "unknown"],
  ])("CodeN %i under status %i", (codeN, status, outcome) => {
    expect(
      failedAnswer({ status, error: { code: "Unheard", codeN } }),
    ).toMatchObject({ kind: "vendor-error", outcome });
  });

  it.each([
    ["a b", undefined],
    [" ab", undefined],
    ["ab ", undefined],
    ["a", "a"],
  ])("%j is shown as %j", (code, shown) => {
    expect(failedAnswer({ status: 400, error: { code } }).code).toBe(shown);
  });
});

describe("the codes of an error", () => {
  const chain = (depth: number): Error =>
    depth === 0
      ? Object.assign(new Error("x"), { code: "ECONNREFUSED" })
      : new Error("x", { cause: chain(depth - 1) });

  it("are looked for in four causes, and no deeper", () => {
    expect(failedTransport(chain(4)).outcome).toBe("not done");
    expect(failedTransport(chain(5)).outcome).toBe("unknown");
  });

  it.each([
    "XERR_TLS_X",
    "X_CERT_X",
    "MY_UNABLE_TO_X",
    "ERR_TLS",
    "CERT",
    "XINVALID_CA",
  ])("%s is no wrong identity", (code) => {
    expect(
      failedTransport(Object.assign(new Error("x"), { code })).outcome,
    ).toBe("unknown");
  });

  it("count only in errors", () => {
    expect(
      failedTransport(new Error("x", { cause: { code: "ECONNREFUSED" } }))
        .outcome,
    ).toBe("unknown");
  });

  it("are no lists, though a list of one looks like its item", () => {
    const code = ["CERT_HAS_EXPIRED"];
    expect(
      failedTransport(Object.assign(new Error("x"), { code })).outcome,
    ).toBe("unknown");
  });

  it("are no numbers, but what stands beside them is seen", () => {
    const error = Object.assign(new AggregateError([chain(0)]), { code: 1 });
    expect(failedTransport(error).outcome).toBe("not done");
  });
});

describe("a vendor failure", () => {
  it("has defaults, and no cause where there is none", () => {
    const failure = new VendorFailure("m", {
      kind: "timeout",
      outcome: "unknown",
    });
    expect(failure).toMatchObject({
      name: "VendorFailure",
      attempts: 0,
      possiblyDone: false,
    });
    expect("cause" in failure).toBe(false);
  });
});

describe("aborting", () => {
  it("rejects work that never ends as soon as the signal aborts", async () => {
    const over = new AbortController();
    const work = aborting(over.signal, new Promise(() => undefined));
    over.abort(new Error("enough"));
    await expect(work).rejects.toThrow("enough");
    expect(getEventListeners(over.signal, "abort")).toEqual([]);
  });

  it("leaves no listener behind work that ended", async () => {
    const { signal } = new AbortController();
    expect(await aborting(signal, Promise.resolve(1))).toBe(1);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("gives an error also where the reason is none", async () => {
    await expect(
      aborting(AbortSignal.abort("words"), new Promise(() => undefined)),
    ).rejects.toThrow(/^aborted$/);
  });
});

describe("a turn", () => {
  it("that comes free while another waits is taken by one alone", async () => {
    const clock = new VirtualClock();
    const pacer = createPacer(clock, 1000, 1);
    const signal = new AbortController().signal;
    let running = 0;
    let most = 0;
    const call = () =>
      pacer.run(signal, async () => {
        running += 1;
        most = Math.max(most, running);
        await clock.sleep(50);
        running -= 1;
        return clock.monotonic();
      });
    const ends = await clock.run(Promise.all([call(), call(), call()]));
    expect(ends).toEqual([50, 100, 150]);
    expect(most).toBe(1);
  });

  it("is not taken by one whose signal aborted while it waited for the time", async () => {
    const clock = new VirtualClock();
    const pacer = createPacer(clock, 1, 8);
    const over = new AbortController();
    await pacer.run(over.signal, () => Promise.resolve());
    let sent = false;
    const waiting = pacer.run(over.signal, () => {
      sent = true;
      return Promise.resolve();
    });
    const settled = expect(waiting).rejects.toThrow("enough");
    await clock.pass(500);
    over.abort(new Error("enough"));
    await settled;
    await clock.pass(5000);
    expect(sent).toBe(false);
  });

  it("leaves no listener behind", async () => {
    const clock = new VirtualClock();
    const pacer = createPacer(clock, 10, 2);
    const { signal } = new AbortController();
    await clock.run(
      Promise.all(
        [1, 2, 3, 4].map(() => pacer.run(signal, () => clock.sleep(1000))),
      ),
    );
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
