import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { liveError } from "./envelope.ts";

/**
 * Verifies requests signed with HMAC-SHA256 in their headers: docs/6469/1126804 and docs/6369/67270. It shares nothing
 * with the signer of the product, so that a mistake there cannot hide here.
 */

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Actions that the owner of the key may not perform; `*` for all. */
  readonly denied?: readonly string[];
}

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  /** As in the request line, without the question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** What an `Authorization` header says. */
interface Authorization {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  readonly scope: string;
  readonly xDate: string;
  /** Milliseconds since the epoch; NaN where X-Date is no time. */
  readonly signedAt: number;
  readonly signedHeaders: string;
  readonly signature: string;
}

const SHAPE =
  /^HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([^,\s]*)$/;
const X_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

function header(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name] ?? "";
  return (typeof value === "string" ? value : value.join(",")).trim();
}

function timeOf(xDate: string): number {
  if (!X_DATE.test(xDate)) return NaN;
  return Date.parse(xDate.replace(X_DATE, "$1-$2-$3T$4:$5:$6Z"));
}

/**
 * Reads the credentials that a request claims, without believing them.
 * @throws LiveError `MissingAuthenticationToken`, `InvalidAuthorization`, `MissingSignature`, `InvalidCredential`,
 * `MissingRequestInfo`
 */
export function readAuthorization(headers: IncomingHttpHeaders): Authorization {
  const text = header(headers, "authorization");
  if (text === "") throw liveError("MissingAuthenticationToken");
  const [, credential = "", signedHeaders = "", signature = ""] =
    SHAPE.exec(text) ?? [];
  // Nothing else about the list of headers is checked: SDKs sign different ones, in different orders.
  if (!signedHeaders.toLowerCase().split(";").includes("x-date"))
    throw liveError("InvalidAuthorization");
  if (signature === "") throw liveError("MissingSignature");
  const parts = credential.split("/");
  const [accessKeyId, date, region, service, end] = parts;
  if (
    parts.length !== 5 ||
    !accessKeyId ||
    !date ||
    !region ||
    !service ||
    end !== "request"
  )
    throw liveError("InvalidCredential");
  const xDate = header(headers, "x-date");
  if (xDate === "") throw liveError("MissingRequestInfo");
  if (xDate.slice(0, 8) !== date)
    throw liveError("InvalidCredential", {
      message: "The date of the credential scope is not the one of X-Date.",
    });
  return {
    accessKeyId,
    region,
    service,
    scope: parts.slice(1).join("/"),
    xDate,
    signedAt: timeOf(xDate),
    signedHeaders,
    signature,
  };
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) =>
      `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Decoded and encoded again, since some clients put on the wire what they encode for the signature. */
function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => ({ name, value, bytes: Buffer.from(name) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ name, value }) => `${encode(name)}=${encode(value)}`)
    .join("&");
}

function canonicalHeaders(
  headers: IncomingHttpHeaders,
  signedHeaders: string,
): string {
  return signedHeaders
    .split(";")
    .map((given) => {
      const name = given.toLowerCase();
      const value = header(headers, name);
      const signed =
        name === "host" ? value.replace(/:(?:80|443)$/, "") : value;
      return `${name}:${signed}\n`;
    })
    .join("");
}

/**
 * Whether the owner of one of the keys signed this request.
 * @returns the key that did
 * @throws LiveError `InvalidAccessKey`, `InvalidSecretToken`, `SignatureDoesNotMatch`
 */
export function verifySignature(
  { method, path, query, headers, body }: SignedRequest,
  authorization: Authorization,
  accepted: readonly Credentials[],
): Credentials {
  const { accessKeyId, region, service, scope, xDate, signedHeaders } =
    authorization;
  const credentials = accepted.find((one) => one.accessKeyId === accessKeyId);
  if (credentials === undefined) throw liveError("InvalidAccessKey");
  if (header(headers, "x-security-token") !== (credentials.sessionToken ?? ""))
    throw liveError("InvalidSecretToken");
  const hash = sha256(body);
  const sentHash = header(headers, "x-content-sha256");
  const canonicalRequest = [
    method,
    path || "/",
    canonicalQuery(query),
    canonicalHeaders(headers, signedHeaders),
    signedHeaders,
    hash,
  ].join("\n");
  const stringToSign = [
    "HMAC-SHA256",
    xDate,
    scope,
    sha256(canonicalRequest),
  ].join("\n");
  const date = hmac(credentials.secretAccessKey, xDate.slice(0, 8));
  const key = hmac(hmac(hmac(date, region), service), "request");
  if (
    (sentHash !== "" && sentHash !== hash) ||
    hmac(key, stringToSign).toString("hex") !== authorization.signature
  )
    throw liveError("SignatureDoesNotMatch");
  return credentials;
}
