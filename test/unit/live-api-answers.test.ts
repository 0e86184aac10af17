import { describe, expect, it } from "vitest";
import {
  answer,
  call,
  DATE,
  envelope,
  error,
  ok,
  type Step,
} from "../support/live-call.ts";

describe("the request", () => {
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
      },
    });
  });
});

describe("the answer", () => {
  it.each([
    ["RequestId", { RequestId: "r1" }, "r1"],
    ["RequestID", { RequestID: "r2" }, "r2"],
    ["RequestId before RequestID", { RequestId: "r1", RequestID: "r2" }, "r1"],
    ["none", {}, ""],
    ["one that is no text", { RequestId: 7 }, ""],
    ["one that is not fit to print", { RequestId: "a\nb" }, ""],
  ])("has the request id as %s", async (_what, metadata, requestId) => {
    const { value, hooks } = await call([answer(200, envelope(metadata))]);
    expect(value).toMatchObject({ requestId, result: undefined });
    expect(hooks).toEqual([
      ["permit", 1],
      ["ended", 1, requestId],
    ]);
    const failed = await call([
      answer(400, envelope({ ...metadata, Error: { Code: "InvalidParam" } })),
    ]);
    expect(failed.failure).toMatchObject({ requestId });
  });

  it("that denies access names the action that lacks a permission", async () => {
    const { failure } = await call([error("AccessDenied", 403)]);
    expect(failure).toMatchObject({
      kind: "access-denied",
      message: "The access key lacks a permission for DeleteCert.",
    });
  });

  it("tells the vendor's clock", async () => {
    const { value } = await call([ok]);
    expect(value).toMatchObject({ vendorTime: Date.parse(DATE) });
  });

  it.each([undefined, "yesterday"])(
    "with the Date %j has none",
    async (date) => {
      const step: Step = async (request) => ({ ...(await ok(request)), date });
      const { value } = await call([step]);
      expect(value).toMatchObject({ vendorTime: undefined });
    },
  );

  it.each([
    ["with CodeN", { Code: "Odd", CodeN: 100013 }, "access-denied"],
    ["without CodeN", { Code: "InvalidParam" }, "invalid-parameter"],
    ["that is empty", {}, "vendor-error"],
    ["that is a text", "no", "vendor-error"],
    ["that is false", false, "vendor-error"],
    ["with codes of other types", { Code: 5, CodeN: "x" }, "vendor-error"],
  ])(
    "of status 200 with an Error %s is a failure",
    async (_what, Error, kind) => {
      const { failure } = await call([
        answer(200, envelope({ RequestId: "r", Error })),
      ]);
      expect(failure).toMatchObject({ kind, outcome: "answered", attempts: 1 });
    },
  );

  it("CommonErr inside status 200 is repeated", async () => {
    const { value } = await call([error("CommonErr", 200), ok]);
    expect(value).toMatchObject({ attempts: 2 });
  });

  it("with an Error of null is a success", async () => {
    const { value } = await call([answer(200, envelope({ Error: null }))]);
    expect(value).toMatchObject({ attempts: 1 });
  });

  it.each([
    ["no JSON", 200, "<html>"],
    ["nothing", 200, ""],
    ["nothing under 204", 204, ""],
    ["JSON that ends early", 200, '{"ResponseMetadata":{'],
    ["no object", 200, "[]"],
    ["null", 200, "null"],
    ["no metadata", 200, '{"Result":{}}'],
    ["metadata that are a list", 200, '{"ResponseMetadata":[]}'],
    ["a page of a gateway", 404, "<html>not found</html>"],
    ["an envelope without Error under a failing status", 404, envelope({})],
    ["a redirect", 302, ""],
    ["nested too deeply", 200, "[".repeat(200_000)],
  ])(
    "that is %s may hide a success: unknown, and repeated",
    async (_what, status, body) => {
      const { failure, attempts } = await call([answer(status, body)]);
      expect(attempts).toBe(4);
      expect(failure).toMatchObject({ outcome: "unknown", possiblyDone: true });
    },
  );

  it("in wrong UTF-8 is unreadable", async () => {
    const body = Buffer.from(envelope({ RequestId: "\u00e9" }), "latin1");
    const step: Step = async (request) => ({ ...(await ok(request)), body });
    const { failure, attempts } = await call([step]);
    expect(attempts).toBe(4);
    expect(failure).toMatchObject({ kind: "vendor-error" });
  });
});
