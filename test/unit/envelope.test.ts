import { describe, expect, it } from "vitest";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import { readEnvelope } from "../../functions/volcengine/envelope.ts";
import type { TransportAnswer } from "../../functions/volcengine/transport.ts";
import { envelope } from "../world/live-call.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");

/** What is made of an answer: the envelope, or the failure. */
function read(
  status: number,
  body: string | Uint8Array,
  over: Partial<TransportAnswer> = {},
) {
  try {
    return readEnvelope(
      "DeleteCert",
      {
        status,
        date: undefined,
        retryAfter: undefined,
        body: typeof body === "string" ? Buffer.from(body) : body,
        ...over,
      },
      NOW,
    );
  } catch (error) {
    if (error instanceof VendorFailure) return error;
    throw error;
  }
}

describe("an answer", () => {
  it.each([200, 201, 299])("of status %i is a success", (status) => {
    const body = envelope({ RequestId: "r" }, { Result: { a: [1] } });
    expect(read(status, body)).toEqual({ result: { a: [1] }, requestId: "r" });
  });

  it.each([
    ["RequestId", { RequestId: "r1" }, "r1"],
    ["RequestID", { RequestID: "r2" }, "r2"],
    ["RequestId before RequestID", { RequestId: "r1", RequestID: "r2" }, "r1"],
    ["the one that can be shown", { RequestId: "a b", RequestID: "r2" }, "r2"],
    ["none", {}, ""],
    ["one that is no text", { RequestId: 7 }, ""],
    ["a list that looks like one", { RequestId: ["r1"] }, ""],
    ["a line break", { RequestId: "a\nb" }, ""],
    ["a line break at its end", { RequestId: "a\n" }, ""],
    ["white space before it", { RequestId: " a" }, ""],
    ["80 characters", { RequestId: "x".repeat(80) }, "x".repeat(80)],
    ["81 characters", { RequestId: "x".repeat(81) }, ""],
  ])("has the request id: %s", (_what, metadata, requestId) => {
    expect(read(200, envelope(metadata))).toMatchObject({ requestId });
    const Error = { Code: "InvalidParam" };
    for (const failed of [
      read(400, envelope({ ...metadata, Error })),
      read(404, envelope(metadata)),
    ])
      expect(failed).toMatchObject({ requestId });
  });

  it("with an Error of null is a success", () => {
    expect(read(200, envelope({ Error: null }))).not.toBeInstanceOf(
      VendorFailure,
    );
  });

  it.each([
    [{ Code: "Odd", CodeN: 100013 }, "access-denied"],
    [{ Code: "InvalidParam" }, "invalid-parameter"],
    [{ CodeN: 100013 }, "access-denied"],
    [{}, "vendor-error"],
    ["no", "vendor-error"],
    [false, "vendor-error"],
    [[], "vendor-error"],
    [{ Code: 5, CodeN: "100013" }, "vendor-error"],
    [{ Code: ["InvalidParam"] }, "vendor-error"],
  ])("of status 200 with the Error %j is a failure", (Error, kind) => {
    expect(
      read(200, envelope({ RequestId: "r", Error }, { Result: {} })),
    ).toMatchObject({ kind, outcome: "answered", requestId: "r" });
  });

  it("that denies access names the action that lacks a permission", () => {
    const body = envelope({ Error: { Code: "AccessDenied" } });
    expect(read(403, body)).toMatchObject({
      message: expect.stringMatching(/permission for DeleteCert\.$/) as string,
    });
  });

  it.each<[string, number, string | Uint8Array]>([
    ["no JSON", 200, "<html>"],
    ["nothing", 200, ""],
    ["nothing under 204", 204, ""],
    ["JSON that ends early", 200, '{"ResponseMetadata":{'],
    ["no object", 200, "[]"],
    ["null", 200, "null"],
    ["no metadata", 200, '{"Result":{}}'],
    ["metadata that are a list", 200, '{"ResponseMetadata":[]}'],
    ["a page of a gateway", 404, "<html>not found</html>"],
    ["an envelope without Error under 404", 404, envelope({})],
    ["an envelope without Error under 300", 300, envelope({})],
    ["an envelope without Error under 199", 199, envelope({})],
    ["a redirect", 302, ""],
    ["nested too deeply", 200, "[".repeat(200_000)],
    ["wrong UTF-8", 200, Buffer.from(envelope({ RequestId: "é" }), "latin1")],
  ])("that is %s may hide a success: unknown", (_what, status, body) => {
    expect(read(status, body)).toMatchObject({
      kind: "vendor-error",
      outcome: "unknown",
      code: undefined,
    });
  });

  it("that cannot be read has the reason as its cause", () => {
    expect(read(200, "<html>")).toMatchObject({
      cause: expect.any(SyntaxError) as SyntaxError,
    });
  });
});

describe("Retry-After", () => {
  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ["3", 3000],
    ["0", 0],
    ["86400", 86_400_000],
    ["9".repeat(400), Infinity],
    ["Tue, 24 Nov 2026 12:00:07 GMT", 7000],
    ["Tue, 24 Nov 2026 11:00:00 GMT", 0],
    ["soon", undefined],
    ["-3", 0], // a year of long ago, to Date.parse
    ["3 s", undefined],
    ["", undefined],
  ])("of %j asks for %s ms", (retryAfter, ms) => {
    const Error = { Code: "FlowLimitExceeded" };
    for (const body of ["", envelope({}), envelope({ Error })])
      expect(read(429, body, { retryAfter })).toMatchObject({
        retryAfterMs: ms,
      });
  });
});
