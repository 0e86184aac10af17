import { describe, expect, it } from "vitest";
import {
  VendorFailure,
  type FailureFacts,
  type FailureKind,
} from "../../functions/janitor/failure.ts";
import { PROBLEMS } from "../../functions/contract/problems.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import {
  invalid,
  jsonAnswer,
  notFound,
  problemAnswer,
  problemOf,
  Refusal,
  type Problem,
} from "../../functions/http/problem.ts";

function failure(kind: FailureKind, over: Partial<FailureFacts> = {}) {
  const facts = { kind, outcome: "answered", ...over } as const;
  return new VendorFailure("It failed.", facts);
}

/** Before anything was sent, and after a DeleteCert; what to do next. */
const TABLE: [FailureKind, before: string, after: string, next: RegExp][] = [
  ["throttled", "vendor-throttled", "vendor-throttled", /Repeat it later\.$/],
  ["billing", "vendor-billing", "vendor-billing", /console, then repeat\.$/],
  [
    ...(["credentials-rejected", "credentials-rejected"] as const),
    ...([
      "credentials-rejected",
      /valid access key into the secret\.$/,
    ] as const),
  ],
  [
    ...(["access-denied", "vendor-access-denied"] as const),
    ...([
      "vendor-access-denied",
      /live:ListCertV2, live:ListDomainDetail and live:DeleteCert to the key\.$/,
    ] as const),
  ],
  // A listing that is refused is not about the certificate that the caller named.
  ["forbidden", "vendor-error", "vendor-refused", /which account owns|safe\.$/],
  [
    ...(["invalid-parameter", "vendor-error"] as const),
    ...(["invalid-request", /Check the chain id\.$|safe\.$/] as const),
  ],
  ["timeout", "vendor-timeout", "vendor-timeout", /is safe\.$/],
  ["too-late", "vendor-timeout", "vendor-timeout", /is safe\.$/],
  ["misconfigured", "misconfigured", "misconfigured", /repeat the request\.$/],
  ["not-set-up", "misconfigured", "misconfigured", /repeat the request\.$/],
  ["not-found", "vendor-error", "vendor-error", /is safe\.$/],
  ["vendor-error", "vendor-error", "vendor-error", /is safe\.$/],
  ["unreachable", "vendor-error", "vendor-error", /is safe\.$/],
  ["clock-off", "vendor-error", "vendor-error", /is safe\.$/],
  ["incomplete-listing", "vendor-error", "vendor-error", /is safe\.$/],
  ["secret-changed", "vendor-error", "vendor-error", /is safe\.$/],
];

describe("a failure of the vendor's", () => {
  it.each(TABLE)("%s is %s, or %s once sent", (kind, before, after, next) => {
    const unsent = problemOf(failure(kind), false);
    expect(unsent.name).toBe(before);
    expect(unsent.detail).toMatch(/^It failed\. Nothing was deleted\. \S/);
    const sent = problemOf(failure(kind), true);
    expect(sent.name).toBe(after);
    expect(sent.detail).toMatch(
      /^It failed\. A DeleteCert had been sent and did not take effect\. \S/,
    );
    for (const { detail } of [unsent, sent]) expect(detail).toMatch(next);
  });

  it("of any attempt that may have taken effect is never said to be without effect", () => {
    for (const [kind] of TABLE) {
      const { detail } = problemOf(failure(kind, { possiblyDone: true }), true);
      expect(detail).toContain(
        "A DeleteCert had been sent and may have taken effect.",
      );
    }
  });

  it.each([
    [
      { code: "A.b", requestId: "r" },
      { code: "A.b", requestId: "r" },
    ],
    [{ code: "A.b" }, { code: "A.b" }],
    [{ requestId: "r" }, { requestId: "r" }],
    [{}, undefined],
  ])("with %j shows the caller %j of the vendor", (facts, vendor) => {
    for (const sent of [true, false]) {
      const problem = problemOf(failure("vendor-error", facts), sent);
      expect(contentOf(problem)["vendor"]).toEqual(vendor);
    }
  });

  it.each([
    [undefined, "5"],
    [0, "0"],
    [1, "1"],
    [2001, "3"],
    [3_600_000, "3600"],
    [3_600_001, "3600"],
    [Infinity, "3600"],
  ])("that throttles for %s ms has a Retry-After of %s", (retryAfterMs, s) => {
    const { headers } = problemOf(failure("throttled", { retryAfterMs }), true);
    expect(headers).toEqual({ "retry-after": s });
    expect(
      problemOf(failure("billing", { retryAfterMs }), true).headers,
    ).toEqual({});
  });
});

function contentOf(problem: Problem): Readonly<Record<string, unknown>> {
  const content: unknown = JSON.parse(problemAnswer(problem, "id=").body);
  if (!isObject(content)) throw new Error("no object");
  return content;
}

describe("an answer", () => {
  it("is JSON, with the request id, and kept by nobody", () => {
    expect(jsonAnswer(202, "id=", { a: 1 })).toEqual({
      statusCode: 202,
      headers: {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-request-id": "id=",
      },
      body: '{"a":1}',
    });
  });

  it.each(Object.entries(PROBLEMS))("of %s is a problem", (name, row) => {
    const [status, title] = row;
    const headers = { allow: "GET" };
    const answer = problemAnswer(
      { name: name as keyof typeof PROBLEMS, detail: "d", headers },
      "id=",
    );
    expect(answer.statusCode).toBe(status);
    expect(answer.headers).toEqual({
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-request-id": "id=",
      allow: "GET",
    });
    expect(JSON.parse(answer.body)).toStrictEqual({
      type: `urn:live-cert-janitor:problem:${name}`,
      title,
      status,
      detail: "d",
      instance: "id=",
    });
  });

  it.each(["x", "é", "证", "😀", "\u0000", '"', "\ud800"])(
    "is below 1 KB whatever the detail holds: %j",
    (character) => {
      const answer = (detail: string) =>
        problemAnswer(
          {
            name: "vendor-access-denied",
            detail,
            vendor: { code: "x".repeat(80), requestId: "x".repeat(80) },
          },
          "i".repeat(64),
        ).body;
      const long = answer(character.repeat(5000));
      expect(Buffer.byteLength(long)).toBeLessThan(1024);
      expect(Buffer.byteLength(long)).toBeGreaterThan(880);
      expect(long).toContain("…");
    },
  );

  it("has a detail of up to 560 bytes in full", () => {
    expect(contentOf(invalid("x".repeat(535)).problem)["detail"]).toMatch(
      /^x{535} Nothing was deleted\.$/,
    );
    const detail = (bytes: number) =>
      contentOf({ name: "misconfigured", detail: "x".repeat(bytes) })["detail"];
    expect(detail(558)).toBe("x".repeat(558));
    expect(detail(559)).toBe(`${"x".repeat(549)}…`);
  });
});

it("a refusal says of what it is, and that nothing was deleted", () => {
  const refusal = invalid("Too much.");
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({
    name: "Refusal",
    message: "Too much. Nothing was deleted.",
    problem: { name: "invalid-request" },
  });
  expect(notFound().problem).toEqual({
    name: "certificate-not-found",
    detail: expect.stringMatching(
      /complete fresh list .* Nothing was deleted\. .*chain id.*PROJECT_NAMES\.$/,
    ) as string,
  });
});
