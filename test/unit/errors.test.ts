import { describe, expect, it } from "vitest";
import {
  VendorFailure,
  type FailureKind,
  type Outcome,
} from "../../functions/janitor/failure.ts";
import {
  failedAnswer,
  failedTransport,
} from "../../functions/volcengine/errors.ts";

type Row = [code: string, status: number, kind: FailureKind, outcome: Outcome];

/** DeleteCert's own table and the gateway's, code by code. */
const CODES: Row[] = [
  ["CommonErr", 200, "vendor-error", "unknown"],
  ["InvalidParam", 400, "invalid-parameter", "answered"],
  ["InvalidParam.BindError", 400, "invalid-parameter", "answered"],
  ["RequestForbidden", 403, "forbidden", "answered"],
  ["RequestForbidden.AccountIDNotAllow", 403, "forbidden", "answered"],
  ["RequestForbidden.BillingStatus", 403, "billing", "answered"],
  ["ResourceNotFound", 404, "not-found", "answered"],
  ["InternalError", 500, "vendor-error", "unknown"],
  ["InternalError.DB", 500, "vendor-error", "unknown"],
  ["InternalServiceError", 502, "vendor-error", "unknown"],
  ["InternalServiceError.BadResponse", 502, "vendor-error", "unknown"],
  ["InternalServiceTimeout", 504, "vendor-error", "unknown"],
  ["UndefinedError", 500, "vendor-error", "unknown"],
  ["MissingParameter", 400, "vendor-error", "answered"],
  ["MissingAuthenticationToken", 401, "vendor-error", "answered"],
  ["MissingRequestInfo", 400, "vendor-error", "answered"],
  ["MissingSignature", 401, "vendor-error", "answered"],
  ["InvalidTimestamp", 403, "clock-off", "not done"],
  ["InvalidTimestamp", 400, "clock-off", "not done"],
  ["ServiceNotFound", 404, "vendor-error", "answered"],
  ["InvalidActionOrVersion", 404, "vendor-error", "answered"],
  ["InvalidAccessKey", 401, "credentials-rejected", "credentials"],
  ["InvalidClientTokenId", 401, "credentials-rejected", "credentials"],
  ["SignatureDoesNotMatch", 401, "credentials-rejected", "credentials"],
  ["InvalidCredential", 400, "credentials-rejected", "credentials"],
  ["InvalidSecretToken", 401, "credentials-rejected", "credentials"],
  ["ServiceShouldCallSelfApi", 403, "vendor-error", "answered"],
  ["LackPolicy", 403, "access-denied", "answered"],
  ["AccessDenied", 403, "access-denied", "answered"],
  ["LackProjectPolicy", 403, "access-denied", "answered"],
  ["LackProjectPolicy", 401, "access-denied", "answered"],
  ["FailToConnect", 502, "vendor-error", "unknown"],
  ["ServiceUnavailableTemp", 503, "vendor-error", "unknown"],
  ["MethodNotAllowed", 405, "vendor-error", "answered"],
  ["InvalidAuthorization", 400, "vendor-error", "answered"],
  ["FlowLimitExceeded", 429, "throttled", "not done"],
  ["FlowLimitExceeded.QPSOverLimit", 429, "throttled", "not done"],
  ["AccountFlowLimitExceeded", 429, "throttled", "not done"],
  ["AccountFlowLimitExceeded", 400, "throttled", "not done"],
  ["AccountFlowLimitExceeded", 200, "throttled", "not done"],
  ["RequestLimitExceeded", 429, "throttled", "not done"],
  ["UserFlowLimitExceededSomehow", 400, "throttled", "not done"],
  ["SomethingNew", 400, "vendor-error", "answered"],
  ["SomethingNew", 404, "vendor-error", "answered"],
  ["SomethingNew", 200, "vendor-error", "answered"],
  ["SomethingNew", 500, "vendor-error", "unknown"],
  ["SomethingNew", 429, "throttled", "not done"],
  ["", 200, "vendor-error", "answered"],
];

describe("a code", () => {
  it.each(CODES)(
    "%j under status %i is %s, %s",
    (code, status, kind, outcome) => {
      expect(failedAnswer({ status, error: { code } })).toMatchObject({
        kind,
        outcome,
      });
    },
  );

  it.each([
    // A status never overrules a code that is known.
    ["ResourceNotFound", 500, "not-found", "answered"],
    ["RequestForbidden.BillingStatus", 200, "billing", "answered"],
    ["InternalError", 200, "vendor-error", "unknown"],
    ["AccessDenied", 429, "access-denied", "answered"],
  ] satisfies Row[])(
    "%s is itself under status %i",
    (code, status, kind, outcome) => {
      expect(failedAnswer({ status, error: { code } })).toMatchObject({
        kind,
        outcome,
      });
    },
  );

  it.each([
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty",
    "valueOf.x",
    "prototype",
  ])("named as what every object has, %s, is an unknown one", (code) => {
    expect(failedAnswer({ status: 400, error: { code } })).toMatchObject({
      kind: "vendor-error",
      outcome: "answered",
      code,
    });
  });

  it.each([
    "resourcenotfound",
    " ResourceNotFound",
    "NotResourceNotFound",
    "accessdenied",
  ])("is compared exactly: %j is unknown", (code) => {
    expect(failedAnswer({ status: 404, error: { code } })).toMatchObject({
      kind: "vendor-error",
      outcome: "answered",
    });
  });

  it.each([
    ["a\r\nset-cookie: x", undefined],
    ["<script>", undefined],
    ["x".repeat(81), undefined],
    ["", undefined],
    ["证书", undefined],
    ["x".repeat(80), "x".repeat(80)],
    ["A.b-c_1", "A.b-c_1"],
  ])("%j is shown as %j", (code, shown) => {
    expect(failedAnswer({ status: 400, error: { code } }).code).toBe(shown);
  });
});

/** CodeN alone, of a code that nobody knows. */
const NUMBERS: [number, FailureKind, Outcome][] = [
  [100001, "vendor-error", "unknown"],
  [100006, "clock-off", "not done"],
  [100007, "vendor-error", "answered"],
  [100008, "vendor-error", "answered"],
  [100009, "credentials-rejected", "credentials"],
  [100010, "credentials-rejected", "credentials"],
  [100012, "access-denied", "answered"],
  [100013, "access-denied", "answered"],
  [100014, "vendor-error", "unknown"],
  [100015, "vendor-error", "unknown"],
  [100016, "vendor-error", "unknown"],
  [100018, "throttled", "not done"],
  [100019, "vendor-error", "unknown"],
  [100021, "access-denied", "answered"],
  [100023, "vendor-error", "unknown"],
  [100025, "credentials-rejected", "credentials"],
  [100026, "credentials-rejected", "credentials"],
  [100027, "throttled", "not done"],
  [100036, "vendor-error", "answered"],
  [0, "vendor-error", "answered"],
  [NaN, "vendor-error", "answered"],
];

describe("CodeN", () => {
  it.each(NUMBERS)(
    "%d without a known code is %s, %s",
    (codeN, kind, outcome) => {
      const error = { code: "Unheard", codeN };
      expect(failedAnswer({ status: 400, error })).toMatchObject({
        kind,
        outcome,
      });
    },
  );

  it("yields to the code, and to the part before its dot", () => {
    const kind = (code: string) =>
      failedAnswer({ status: 400, error: { code, codeN: 100018 } }).kind;
    expect(kind("AccessDenied")).toBe("access-denied");
    expect(kind("ResourceNotFound.Somewhere")).toBe("not-found");
  });

  it("goes before the status", () => {
    const error = { code: "Unheard", codeN: 100013 };
    expect(failedAnswer({ status: 500, error }).kind).toBe("access-denied");
    expect(failedAnswer({ status: 429, error }).kind).toBe("access-denied");
  });
});

describe("a status without an envelope", () => {
  it.each([
    [200, "vendor-error", "unknown"],
    [204, "vendor-error", "unknown"],
    [302, "vendor-error", "unknown"],
    [400, "vendor-error", "unknown"],
    [401, "vendor-error", "unknown"],
    [403, "vendor-error", "unknown"],
    [404, "vendor-error", "unknown"],
    [429, "throttled", "not done"],
    [500, "vendor-error", "unknown"],
    [502, "vendor-error", "unknown"],
    [503, "vendor-error", "unknown"],
    [504, "vendor-error", "unknown"],
    [599, "vendor-error", "unknown"],
  ] satisfies [number, FailureKind, Outcome][])(
    "%i is %s, %s",
    (status, kind, outcome) => {
      expect(failedAnswer({ status })).toMatchObject({
        kind,
        outcome,
        code: undefined,
      });
    },
  );

  it("of 5xx is the vendor's error, and below it an answer that could not be read", () => {
    expect(failedAnswer({ status: 500 }).message).toMatch(/internal error/);
    expect(failedAnswer({ status: 499 }).message).toMatch(/could not be read/);
  });
});

it("carries the request id, the wait asked for and the cause", () => {
  const cause = new Error("why");
  expect(
    failedAnswer({ status: 429, requestId: "r1", retryAfterMs: 7000, cause }),
  ).toMatchObject({ requestId: "r1", retryAfterMs: 7000, cause });
});

function coded(code: string, cause?: Error): Error {
  return Object.assign(new Error("x", { cause }), { code });
}

describe("instead of an answer", () => {
  it.each([
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "CERT_UNTRUSTED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "ERR_SSL_WRONG_VERSION_NUMBER",
    "HOSTNAME_MISMATCH",
    "INVALID_CA",
    "INVALID_PURPOSE",
    "PATH_LENGTH_EXCEEDED",
  ])("%s is a wrong identity: answered", (code) => {
    expect(failedTransport(coded(code))).toMatchObject({
      kind: "unreachable",
      outcome: "answered",
    });
  });

  it.each([
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EADDRNOTAVAIL",
    "UND_ERR_CONNECT_TIMEOUT",
  ])("%s means that nothing was sent: not done", (code) => {
    expect(failedTransport(coded(code))).toMatchObject({
      kind: "unreachable",
      outcome: "not done",
    });
  });

  it.each([
    "ECONNRESET",
    "EPIPE",
    "ETIMEDOUT",
    "UND_ERR_SOCKET",
    "UND_ERR_HEADERS_TIMEOUT",
    "UND_ERR_BODY_TIMEOUT",
    "UND_ERR_ABORTED",
    "HPE_INVALID_CONSTANT",
    "constructor",
  ])("%s came after sending, or may have: unknown", (code) => {
    expect(failedTransport(coded(code))).toMatchObject({
      kind: "vendor-error",
      outcome: "unknown",
    });
  });

  it.each([
    ["no error at all", undefined],
    ["a text", "ECONNREFUSED"],
    ["an error without a code", new Error("ECONNREFUSED")],
    ["a code that is no text", Object.assign(new Error("x"), { code: 111 })],
  ])("%s is unknown", (_what, error) => {
    expect(failedTransport(error).outcome).toBe("unknown");
  });

  it("is searched for its code in causes and aggregates", () => {
    const both = new AggregateError([
      coded("EOTHER"),
      new AggregateError([coded("ECONNREFUSED")]),
    ]);
    expect(failedTransport(coded("UND_ERR", both)).outcome).toBe("not done");
    expect(
      failedTransport(new Error("x", { cause: coded("CERT_HAS_EXPIRED") }))
        .outcome,
    ).toBe("answered");
  });

  it("prefers a wrong identity to a connection that was refused", () => {
    const error = coded("ECONNREFUSED", coded("CERT_HAS_EXPIRED"));
    expect(failedTransport(error).outcome).toBe("answered");
  });

  it("may be a cause of itself", () => {
    const error = new Error("x");
    error.cause = error;
    expect(failedTransport(error)).toMatchObject({
      outcome: "unknown",
      cause: error,
    });
  });

  it("stays what it is if it has been classified", () => {
    const failure = new VendorFailure("m", {
      kind: "timeout",
      outcome: "unknown",
    });
    expect(failedTransport(failure)).toBe(failure);
  });

  it("never repeats a library's words in its message", () => {
    const failure = failedTransport(
      Object.assign(new Error("secret words"), { code: "ECONNRESET" }),
    );
    expect(failure.message).not.toContain("secret words");
  });
});
