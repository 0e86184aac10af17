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

interface Meaning {
  readonly kind: FailureKind;
  readonly outcome: Outcome;
  /** What an operator learns of it. */
  readonly says: RegExp;
}

const UNHEALTHY: Meaning = {
  kind: "vendor-error",
  outcome: "unknown",
  says: /^Volcengine had an internal error\.$/,
};
const THROTTLED: Meaning = {
  kind: "throttled",
  outcome: "not done",
  says: /^Volcengine throttled the call\.$/,
};
const REFUSED: Meaning = {
  kind: "vendor-error",
  outcome: "answered",
  says: /^Volcengine refused the call\.$/,
};
const UNREADABLE: Meaning = {
  kind: "vendor-error",
  outcome: "unknown",
  says: /^Volcengine's answer could not be read\.$/,
};
const REJECTED: Meaning = {
  kind: "credentials-rejected",
  outcome: "credentials",
  says: /rejected the access key\.$/,
};
const DENIED: Meaning = {
  kind: "access-denied",
  outcome: "answered",
  says: /lacks a permission for this call\.$/,
};
const CLOCK: Meaning = {
  kind: "clock-off",
  outcome: "not done",
  says: /time of the request is off\.$/,
};
const FORBIDDEN: Meaning = {
  kind: "forbidden",
  outcome: "answered",
  says: /does not have this certificate, or may not touch it\.$/,
};

/** DeleteCert's own table and the gateway's: each code, the numbers that stand for it, and what it means. */
const KNOWN: [Meaning, codes: string[], numbers: number[]][] = [
  [
    UNHEALTHY,
    [
      ...["CommonErr", "UndefinedError", "InternalError", "InternalError.DB"],
      ...["InternalServiceError", "InternalServiceError.BadResponse"],
      ...["InternalServiceTimeout", "FailToConnect", "ServiceUnavailableTemp"],
    ],
    [100001, 100014, 100015, 100016, 100019, 100023],
  ],
  [
    THROTTLED,
    [
      ...["FlowLimitExceeded", "FlowLimitExceeded.QPSOverLimit"],
      ...["AccountFlowLimitExceeded", "RequestLimitExceeded"],
      "UserFlowLimitExceededSomehow",
    ],
    [100018, 100027],
  ],
  [CLOCK, ["InvalidTimestamp"], [100006]],
  [
    {
      kind: "invalid-parameter",
      outcome: "answered",
      says: /did not accept a parameter\.$/,
    },
    ["InvalidParam", "InvalidParam.BindError"],
    [],
  ],
  [
    {
      kind: "not-found",
      outcome: "answered",
      says: /did not find the certificate\.$/,
    },
    ["ResourceNotFound", "ResourceNotFound.Somewhere"],
    [],
  ],
  [FORBIDDEN, ["RequestForbidden", "RequestForbidden.AccountIDNotAllow"], []],
  [
    {
      kind: "billing",
      outcome: "answered",
      says: /not activated for the account, or the account is in arrears\.$/,
    },
    ["RequestForbidden.BillingStatus"],
    [],
  ],
  [
    DENIED,
    ["AccessDenied", "LackPolicy", "LackProjectPolicy"],
    [100012, 100013, 100021],
  ],
  [
    REJECTED,
    [
      ...["InvalidAccessKey", "InvalidClientTokenId", "SignatureDoesNotMatch"],
      ...["InvalidCredential", "InvalidSecretToken"],
    ],
    [100009, 100010, 100025, 100026],
  ],
  [
    REFUSED,
    ["InvalidActionOrVersion", "ServiceNotFound", "ServiceNotFound.x"],
    [100007, 100008],
  ],
];

function expectMeaning(
  failure: VendorFailure,
  { kind, outcome, says }: Meaning,
): void {
  expect(failure).toMatchObject({ kind, outcome });
  expect(failure.message).toMatch(says);
}

/** A status never overrules a code that is known. */
const STATUSES = [200, 400, 401, 403, 404, 429, 500, 503];

describe("a known code means what it means, whatever the status", () => {
  it.each(
    KNOWN.flatMap(([meaning, codes]) =>
      codes.map((code) => [code, meaning] as const),
    ),
  )("%s", (code, meaning) => {
    for (const status of STATUSES)
      expectMeaning(failedAnswer({ status, error: { code } }), meaning);
    // CodeN yields to the code, and to the part before its dot.
    for (const codeN of [100013, 100018])
      expectMeaning(
        failedAnswer({ status: 400, error: { code, codeN } }),
        meaning,
      );
  });

  it.each(
    KNOWN.flatMap(([meaning, , numbers]) =>
      numbers.map((codeN) => [codeN, meaning] as const),
    ),
  )("CodeN %i, of a code that nobody knows", (codeN, meaning) => {
    for (const status of STATUSES)
      expectMeaning(
        failedAnswer({ status, error: { code: "Unheard", codeN } }),
        meaning,
      );
  });
});

describe("an unknown code is read by the status", () => {
  it.each([
    ...["SomethingNew", "MissingParameter", "MissingSignature", ""],
    // Compared exactly.
    ...["resourcenotfound", " ResourceNotFound", "NotResourceNotFound"],
    ...["accessdenied", "AccessDenied\n"],
    // What every object has.
    ...["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf.x"],
  ])("%j", (code) => {
    for (const codeN of [undefined, 0, NaN, 100036]) {
      const read = (status: number) =>
        failedAnswer({ status, error: { code, codeN } });
      for (const status of [200, 400, 404, 428, 430, 499])
        expectMeaning(read(status), REFUSED);
      expectMeaning(read(429), THROTTLED);
      for (const status of [500, 503, 599])
        expectMeaning(read(status), UNHEALTHY);
    }
  });
});

it.each([
  [UNREADABLE, [200, 204, 302, 400, 401, 403, 404, 428, 430, 499]],
  [THROTTLED, [429]],
  [UNHEALTHY, [500, 502, 503, 504, 599]],
])("without an envelope the status decides: %j", (meaning, statuses) => {
  for (const status of statuses) {
    const failure = failedAnswer({ status });
    expectMeaning(failure, meaning);
    expect(failure.code).toBeUndefined();
  }
});

it.each([
  ["a\r\nset-cookie: x", undefined],
  ["<script>", undefined],
  ["a b", undefined],
  [" ab", undefined],
  ["ab ", undefined],
  ["x".repeat(81), undefined],
  ["", undefined],
  ["证书", undefined],
  ["a", "a"],
  ["x".repeat(80), "x".repeat(80)],
  ["A.b-c_1", "A.b-c_1"],
])("the code %j is shown as %j", (code, shown) => {
  expect(failedAnswer({ status: 400, error: { code } }).code).toBe(shown);
});

it("carries the request id, the wait asked for and the cause", () => {
  const cause = new Error("why");
  expect(
    failedAnswer({ status: 429, requestId: "r1", retryAfterMs: 7000, cause }),
  ).toMatchObject({ requestId: "r1", retryAfterMs: 7000, cause });
});

it("of a denial names the action, since that is what an operator must allow", () => {
  const denied = { status: 403, error: { code: "AccessDenied" } };
  const action = "ListDomainDetail";
  expect(failedAnswer({ ...denied, action }).message).toMatch(
    /permission for ListDomainDetail\.$/,
  );
  const other = { status: 403, error: { code: "RequestForbidden" }, action };
  expectMeaning(failedAnswer(other), FORBIDDEN);
});

function coded(code: unknown, cause?: unknown): Error {
  return Object.assign(new Error("secret words", { cause }), { code });
}

/** An error whose cause at this depth is a refused connection. */
function refusedAt(depth: number): Error {
  return depth === 0
    ? coded("ECONNREFUSED")
    : new Error("x", { cause: refusedAt(depth - 1) });
}

describe("an error instead of an answer", () => {
  const both = new AggregateError([
    coded("EOTHER"),
    new AggregateError([coded("ECONNREFUSED")]),
  ]);
  const own = new Error("x");
  own.cause = own;

  it.each<[string, Outcome, FailureKind, RegExp, unknown[]]>([
    [
      ...(["a wrong identity", "answered", "unreachable"] as const),
      /TLS identity of the Volcengine endpoint could not be verified\.$/,
      [
        ...["ERR_TLS_CERT_ALTNAME_INVALID", "CERT_HAS_EXPIRED"],
        ...["CERT_NOT_YET_VALID", "CERT_UNTRUSTED"],
        ...["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN"],
        ...["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "ERR_SSL_WRONG_VERSION_NUMBER"],
        ...["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "HOSTNAME_MISMATCH"],
        ...["INVALID_CA", "INVALID_PURPOSE", "PATH_LENGTH_EXCEEDED"],
        new Error("x", { cause: coded("CERT_HAS_EXPIRED") }),
        coded("ECONNREFUSED", coded("CERT_HAS_EXPIRED")),
      ],
    ],
    [
      ...(["nothing was sent", "not done", "unreachable"] as const),
      /^No connection to Volcengine could be made\.$/,
      [
        ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"],
        ...["ENETUNREACH", "EADDRNOTAVAIL", "UND_ERR_CONNECT_TIMEOUT"],
        coded("UND_ERR", both),
        refusedAt(4),
        // A code that is no text, beside one that is.
        Object.assign(new AggregateError([refusedAt(0)]), { code: 1 }),
      ],
    ],
    [
      ...(["it may have been sent", "unknown", "vendor-error"] as const),
      /broke before the answer was complete\.$/,
      [
        ...["ECONNRESET", "EPIPE", "ETIMEDOUT", "UND_ERR_SOCKET"],
        ...["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"],
        ...["UND_ERR_ABORTED", "HPE_INVALID_CONSTANT", "constructor"],
        // Not quite an identity.
        ...["XERR_TLS_X", "X_CERT_X", "MY_UNABLE_TO_X", "ERR_TLS", "CERT"],
        "XINVALID_CA",
        ...[undefined, 111, ["CERT_HAS_EXPIRED"]].map((code) => coded(code)),
        new Error("ECONNREFUSED"),
        new Error("x", { cause: { code: "ECONNREFUSED" } }),
        refusedAt(5),
        own,
      ],
    ],
  ])("%s: %s", (_what, outcome, kind, says, errors) => {
    for (const given of errors) {
      const error = typeof given === "string" ? coded(given) : given;
      const failure = failedTransport(error);
      expect(failure, String(given)).toMatchObject({ kind, outcome });
      expect(failure.message).toMatch(says);
      expect(failure.message).not.toContain("secret words");
      expect(failure.cause).toBe(error);
    }
  });

  it.each([undefined, "ECONNREFUSED", { code: "ECONNREFUSED" }])(
    "that is none, %j, is unknown",
    (error) => {
      expect(failedTransport(error).outcome).toBe("unknown");
    },
  );

  it("stays what it is if it has been classified", () => {
    const failure = new VendorFailure("m", {
      kind: "timeout",
      outcome: "unknown",
    });
    expect(failedTransport(failure)).toBe(failure);
    expect(failure).toMatchObject({ attempts: 0, possiblyDone: false });
    expect(failure.name).toBe("VendorFailure");
    expect("cause" in failure).toBe(false);
  });
});
