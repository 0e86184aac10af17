/**
 * What a failed call means: may it be repeated, may it have taken effect, whose fault is it.
 * Sources: DeleteCert's error table, docs/6469/1126818; the common codes, docs/6408/78947 and docs/4/65595.
 */
import {
  VendorFailure,
  type FailureKind,
  type Outcome,
} from "../janitor/failure.ts";

interface Class {
  readonly kind: FailureKind;
  readonly outcome: Outcome;
  readonly message: string;
}

function meaning(kind: FailureKind, outcome: Outcome, message: string): Class {
  return { kind, outcome, message };
}

const UNHEALTHY = meaning(
  "vendor-error",
  "unknown",
  "Volcengine had an internal error.",
);
const THROTTLED = meaning(
  "throttled",
  "not done",
  "Volcengine throttled the call.",
);
const FORBIDDEN = meaning(
  "forbidden",
  "answered",
  "Volcengine says that the account does not have this certificate, or may not touch it.",
);
const REJECTED = meaning(
  "credentials-rejected",
  "credentials",
  "Volcengine rejected the access key.",
);
const DENIED = meaning(
  "access-denied",
  "answered",
  "The access key lacks a permission for this call.",
);
const REFUSED = meaning(
  "vendor-error",
  "answered",
  "Volcengine refused the call.",
);
const UNREADABLE = meaning(
  "vendor-error",
  "unknown",
  "Volcengine's answer could not be read.",
);

const BY_CODE: Readonly<Partial<Record<string, Class>>> = {
  CommonErr: UNHEALTHY,
  UndefinedError: UNHEALTHY,
  InternalError: UNHEALTHY,
  InternalServiceError: UNHEALTHY,
  InternalServiceTimeout: UNHEALTHY,
  FailToConnect: UNHEALTHY,
  ServiceUnavailableTemp: UNHEALTHY,
  FlowLimitExceeded: THROTTLED,
  AccountFlowLimitExceeded: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  InvalidTimestamp: meaning(
    "clock-off",
    "not done",
    "Volcengine says that the time of the request is off.",
  ),
  InvalidParam: meaning(
    "invalid-parameter",
    "answered",
    "Volcengine did not accept a parameter.",
  ),
  ResourceNotFound: meaning(
    "not-found",
    "answered",
    "Volcengine did not find the certificate.",
  ),
  RequestForbidden: FORBIDDEN,
  "RequestForbidden.BillingStatus": meaning(
    "billing",
    "answered",
    "Volcengine Live is not activated for the account, or the account is in arrears.",
  ),
  AccessDenied: DENIED,
  LackPolicy: DENIED,
  LackProjectPolicy: DENIED,
  InvalidAccessKey: REJECTED,
  InvalidClientTokenId: REJECTED,
  SignatureDoesNotMatch: REJECTED,
  InvalidSecretToken: REJECTED,
  InvalidCredential: REJECTED,
  InvalidActionOrVersion: REFUSED,
  ServiceNotFound: REFUSED,
};

const CODE_BY_NUMBER: Readonly<Partial<Record<number, string>>> = {
  100001: "UndefinedError",
  100006: "InvalidTimestamp",
  100007: "ServiceNotFound",
  100008: "InvalidActionOrVersion",
  100009: "InvalidAccessKey",
  100010: "SignatureDoesNotMatch",
  100012: "LackPolicy",
  100013: "AccessDenied",
  100014: "InternalError",
  100015: "FailToConnect",
  100016: "InternalServiceTimeout",
  100018: "FlowLimitExceeded",
  100019: "ServiceUnavailableTemp",
  100021: "LackProjectPolicy",
  100023: "InternalServiceError",
  100025: "InvalidCredential",
  100026: "InvalidSecretToken",
  100027: "AccountFlowLimitExceeded",
};

/** What is known of a failed answer: what was asked, its HTTP status and, where it held an envelope, the envelope's error. */
export interface FailedAnswer {
  readonly action?: string;
  readonly status: number;
  readonly error?: {
    readonly code: string;
    readonly codeN?: number | undefined;
  };
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

function own<T>(
  table: Readonly<Partial<Record<string, T>>>,
  key: string,
): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function classOf({ status, error }: FailedAnswer): Class {
  if (error !== undefined) {
    // Stryker disable next-line StringLiteral: there always is a first part; only the compiler needs the default
    const [family = ""] = error.code.split(".", 1);
    const numbered = CODE_BY_NUMBER[error.codeN ?? 0];
    const known =
      own(BY_CODE, error.code) ??
      own(BY_CODE, family) ??
      (error.code.includes("FlowLimitExceeded") ? THROTTLED : undefined) ??
      // Stryker disable next-line ConditionalExpression: there is no code called undefined
      (numbered === undefined ? undefined : BY_CODE[numbered]);
    if (known !== undefined) return known;
  }
  if (status === 429) return THROTTLED;
  if (status >= 500) return UNHEALTHY;
  return error === undefined ? UNREADABLE : REFUSED;
}

/** Codes are shown and logged, so only what looks like one passes. */
function printableCode(code: string): string | undefined {
  return /^[\w.-]{1,80}$/.test(code) ? code : undefined;
}

/**
 * Classifies an answer that is no success: by the code, then the part before its dot, then `CodeN`, then the status.
 * Without an envelope the answer may come from anything on the way, so its outcome is unknown.
 */
export function failedAnswer(answer: FailedAnswer): VendorFailure {
  const { kind, outcome, message } = classOf(answer);
  // Which permission it is that lacks is the one thing that an operator must know.
  const words =
    answer.action === undefined
      ? message
      : message.replace("this call", answer.action);
  return new VendorFailure(words, {
    kind,
    outcome,
    code:
      answer.error === undefined ? undefined : printableCode(answer.error.code),
    requestId: answer.requestId,
    retryAfterMs: answer.retryAfterMs,
    cause: answer.cause,
  });
}

/** Connection errors that precede the first byte of a request. */
const NOT_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Someone other than the vendor answered, or something in between breaks TLS: nothing to repeat. */
const TLS_IDENTITY =
  /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)/;

function codesOf(error: unknown): string[] {
  // Stryker disable next-line ArrayDeclaration: a code that means nothing changes nothing
  const codes: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; depth++) {
    if ("code" in at && typeof at.code === "string") codes.push(at.code);
    if (at instanceof AggregateError) codes.push(...at.errors.flatMap(codesOf));
    at = at.cause;
  }
  return codes;
}

/** Classifies an error that came instead of an answer. */
export function failedTransport(error: unknown): VendorFailure {
  if (error instanceof VendorFailure) return error;
  const codes = codesOf(error);
  if (codes.some((code) => TLS_IDENTITY.test(code))) {
    return new VendorFailure(
      "The TLS identity of the Volcengine endpoint could not be verified.",
      { kind: "unreachable", outcome: "answered", cause: error },
    );
  }
  if (codes.some((code) => NOT_CONNECTED.has(code))) {
    return new VendorFailure("No connection to Volcengine could be made.", {
      kind: "unreachable",
      outcome: "not done",
      cause: error,
    });
  }
  return new VendorFailure(
    "The connection to Volcengine broke before the answer was complete.",
    { kind: "vendor-error", outcome: "unknown", cause: error },
  );
}
