import { validateHeaderName, validateHeaderValue } from "node:http";

/** An answer, ready to be written. */
export interface GatewayAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

/** An answer of API Gateway itself: `{"message": ...}`. */
export function ownAnswer(statusCode: number, message: string): GatewayAnswer {
  return {
    statusCode,
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify({ message })),
  };
}

const MALFORMED = ownAnswer(500, "Internal Server Error");

/** The gateway frames the message itself. */
const FRAMING = new Set(["connection", "content-length", "transfer-encoding"]);

const BASE64 = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.every((item) => typeof item === "string")
  );
}

/** Throws what Node throws for a name or value that HTTP does not allow. */
function parseHeaders(value: unknown): Map<string, string> {
  const headers = new Map<string, string>();
  if (!isRecord(value)) throw new TypeError("headers are no object");
  for (const [key, given] of Object.entries(value)) {
    if (!["string", "number", "boolean"].includes(typeof given))
      throw new TypeError("a header is neither text, number nor boolean");
    const name = key.toLowerCase();
    const text = String(given);
    validateHeaderName(name);
    validateHeaderValue(name, text);
    if (!FRAMING.has(name)) headers.set(name, text);
  }
  return headers;
}

function parseBody(body: unknown, isBase64Encoded: unknown): Buffer {
  if (typeof body !== "string") throw new TypeError("the body is not a string");
  if (isBase64Encoded !== undefined && typeof isBase64Encoded !== "boolean")
    throw new TypeError("isBase64Encoded is not a boolean");
  if (isBase64Encoded !== true) return Buffer.from(body);
  if (!BASE64.test(body)) throw new TypeError("the body is not base64");
  return Buffer.from(body, "base64");
}

function parseStructured(
  result: Readonly<Record<string, unknown>>,
): GatewayAnswer {
  const statusCode = result["statusCode"];
  if (
    typeof statusCode !== "number" ||
    !Number.isInteger(statusCode) ||
    statusCode < 200 ||
    statusCode > 599
  )
    throw new TypeError("statusCode is not a final HTTP status");
  const headers = parseHeaders(result["headers"] ?? {});
  const cookies = result["cookies"] ?? [];
  if (!isStrings(cookies)) throw new TypeError("cookies are no list of texts");
  for (const cookie of cookies) validateHeaderValue("set-cookie", cookie);
  const body = parseBody(result["body"] ?? "", result["isBase64Encoded"]);
  if (!headers.has("content-type"))
    headers.set("content-type", "text/plain; charset=utf-8");
  const own = headers.get("set-cookie");
  const all = own === undefined ? cookies : [own, ...cookies];
  return {
    statusCode,
    headers: {
      ...Object.fromEntries(headers),
      ...(all.length > 0 && { "set-cookie": all }),
    },
    body,
  };
}

/**
 * Turns what a function returned into the answer that API Gateway would give.
 *
 * A result without `statusCode` is the body of a 200; a malformed one becomes API Gateway's own 500.
 * Follows "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway", "Lambda function response for format 2.0".
 * @param payload the function's result as JSON text
 */
export function answerOf(payload: string): GatewayAnswer {
  const result: unknown = JSON.parse(payload);
  if (!isRecord(result) || !Object.hasOwn(result, "statusCode"))
    return {
      statusCode: 200,
      headers: { "content-type": "application/json" },
      body: Buffer.from(payload),
    };
  try {
    return parseStructured(result);
  } catch {
    return MALFORMED;
  }
}
