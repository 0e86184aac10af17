/** Answers of the HTTP API: JSON, or RFC 9457 problem details. */
import { PROBLEMS, type ProblemName } from "../contract/problems.ts";
import type { VendorFailure } from "../janitor/failure.ts";

/** A structured response of payload format 2.0. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Problem {
  readonly name: ProblemName;
  /** What happened, what was not done and what to do next; in our words, with nothing from outside unescaped. */
  readonly detail: string;
  readonly vendor?:
    | {
        readonly code?: string | undefined;
        readonly requestId?: string | undefined;
      }
    | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with a problem. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** A refusal of what the caller sent, before anything was called. */
export function invalid(detail: string): Refusal {
  return new Refusal({
    name: "invalid-request",
    detail: `${detail} Nothing was deleted.`,
  });
}

/** Of the detail as JSON; with the rest an answer stays below 1 KB. */
const MAX_DETAIL_BYTES = 560;

function shortened(detail: string): string {
  const bytes = (text: string): number =>
    Buffer.byteLength(JSON.stringify(text));
  if (bytes(detail) <= MAX_DETAIL_BYTES) return detail;
  let short = detail.slice(0, MAX_DETAIL_BYTES);
  while (bytes(short) > MAX_DETAIL_BYTES) short = short.slice(0, -10);
  return `${short}…`;
}

export function jsonAnswer(
  statusCode: number,
  requestId: string,
  content: unknown,
): HttpAnswer {
  return {
    statusCode,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-request-id": requestId,
    },
    body: JSON.stringify(content),
  };
}

/** The problem as an answer below 1 KB; `requestId` is API Gateway's. */
export function problemAnswer(problem: Problem, requestId: string): HttpAnswer {
  const [status, title] = PROBLEMS[problem.name];
  const { headers, ...answer } = jsonAnswer(status, requestId, {
    type: `urn:live-cert-janitor:problem:${problem.name}`,
    title,
    status,
    detail: shortened(problem.detail),
    instance: requestId,
    // Undefined is left out.
    vendor: problem.vendor,
  });
  return {
    ...answer,
    headers: {
      ...headers,
      "content-type": "application/problem+json",
      ...problem.headers,
    },
  };
}

/** The account does not have what the caller named; only after a reading that shows all that there is. */
export function notFound(): Refusal {
  return new Refusal({
    name: "certificate-not-found",
    detail:
      "A complete fresh list of the account does not have this certificate. Nothing was deleted. Check the chain id and the setting PROJECT_NAMES.",
  });
}

const NOT_SENT = "Nothing was deleted.";

/** `sent`: whether a DeleteCert had gone out before the failure. */
export function problemOf(failure: VendorFailure, sent: boolean): Problem {
  const vendor =
    failure.code === undefined && failure.requestId === undefined
      ? undefined
      : { code: failure.code, requestId: failure.requestId };
  const undone = !sent
    ? NOT_SENT
    : failure.possiblyDone
      ? "A DeleteCert had been sent and may have taken effect."
      : "A DeleteCert had been sent and did not take effect.";
  const problem = (
    name: ProblemName,
    next: string,
    headers: Readonly<Record<string, string>> = {},
  ): Problem => ({
    name,
    detail: `${failure.message} ${undone} ${next}`,
    vendor,
    headers,
  });
  // Refusals of a listing are none of the certificate or the chain id that the caller named.
  if (!sent && ["forbidden", "invalid-parameter"].includes(failure.kind)) {
    return problem("vendor-error", "Repeating the request is safe.");
  }
  switch (failure.kind) {
    case "throttled":
      return problem("vendor-throttled", "Repeat it later.", {
        "retry-after": String(
          Math.min(Math.ceil((failure.retryAfterMs ?? 5000) / 1000), 3600),
        ),
      });
    case "billing":
      return problem(
        "vendor-billing",
        "Settle it in the Volcengine console, then repeat.",
      );
    case "credentials-rejected":
      return problem(
        "credentials-rejected",
        "Put a valid access key into the secret.",
      );
    case "access-denied":
      return problem(
        "vendor-access-denied",
        "Allow live:ListCertV2, live:ListDomainDetail and live:DeleteCert to the key.",
      );
    case "forbidden":
      return problem(
        "vendor-refused",
        "Check in the Volcengine console which account owns the certificate.",
      );
    case "invalid-parameter":
      return problem("invalid-request", "Check the chain id.");
    case "timeout":
    case "too-late":
      return problem("vendor-timeout", "Repeating the request is safe.");
    case "misconfigured":
    case "not-set-up":
      return problem("misconfigured", "Then repeat the request.");
    case "not-found":
    case "vendor-error":
    case "unreachable":
    case "clock-off":
    case "incomplete-listing":
    case "secret-changed":
      return problem("vendor-error", "Repeating the request is safe.");
  }
}
