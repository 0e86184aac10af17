/**
 * Volcengine request signing, HMAC-SHA256. Pure: it does no I/O and takes the date.
 * Source: docs/6469/1126804 and docs/6369/67270; the names follow those pages.
 * It resembles AWS SigV4, but label, key derivation, terminator and header names differ.
 */
import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";

const ALGORITHM = "HMAC-SHA256";

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** Version of the secret they come from; stands for the key in caches and evidence. */
  readonly version: string;
}

/** A request before signing. Header names in lower case; `host` without `:80` and `:443`. */
export interface UnsignedRequest {
  readonly method: string;
  readonly path: string;
  /** Result of {@link canonicalQuery}, which is also what goes on the wire. */
  readonly query: string;
  readonly host: string;
  readonly contentType: string;
  /** The exact text whose UTF-8 bytes are sent. */
  readonly body: string;
}

/** Where a signature is valid, besides its day. */
export interface SigningScope {
  readonly region: string;
  readonly service: string;
}

/** Percent-encodes as UTF-8 all but the unreserved characters of RFC 3986. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The canonical query: sorted by decoded name in byte order, equal names in the order given. */
export function canonicalQuery(
  pairs: readonly (readonly [string, string])[],
): string {
  return [...pairs]
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join("&");
}

/** `YYYYMMDDTHHMMSSZ` of a time in milliseconds since the epoch. */
export function xDate(now: number): string {
  const at = new Date(now);
  const day =
    at.getUTCFullYear() * 10_000 +
    (at.getUTCMonth() + 1) * 100 +
    at.getUTCDate();
  const time =
    at.getUTCHours() * 10_000 + at.getUTCMinutes() * 100 + at.getUTCSeconds();
  return `${String(day)}T${String(time).padStart(6, "0")}Z`;
}

/** The names of the signed headers, sorted and joined as the Authorization header shows them. */
export function signedHeaders(sessionToken: string | undefined): string {
  const names = "content-type;host;x-content-sha256;x-date";
  return sessionToken === undefined ? names : `${names};x-security-token`;
}

/** Step 1 of the vendor's page: one line for each part, the headers in the order of {@link signedHeaders}. */
export function canonicalRequest(
  { method, path, query, contentType, host }: UnsignedRequest,
  bodyHash: string,
  date: string,
  sessionToken: string | undefined,
): string {
  const token =
    sessionToken === undefined ? "" : `x-security-token:${sessionToken}\n`;
  return `${method}
${path}
${query}
content-type:${contentType}
host:${host}
x-content-sha256:${bodyHash}
x-date:${date}
${token}
${signedHeaders(sessionToken)}
${bodyHash}`;
}

export function credentialScope(date: string, scope: SigningScope): string {
  return `${date.slice(0, 8)}/${scope.region}/${scope.service}/request`;
}

/** Step 2. */
export function stringToSign(
  date: string,
  credentialScopeText: string,
  canonical: string,
): string {
  const hashed = hash("sha256", canonical);
  return `${ALGORITHM}
${date}
${credentialScopeText}
${hashed}`;
}

/** Step 3: the key for one day, region and service, as a `KeyObject`: with a raw buffer Node prepares it anew for every signature. */
export function signingKey(
  secretAccessKey: string,
  day: string,
  scope: SigningScope,
): KeyObject {
  const parts = [day, scope.region, scope.service, "request"];
  return createSecretKey(
    parts.reduce<Buffer>(
      (key, part) => createHmac("sha256", key).update(part).digest(),
      Buffer.from(secretAccessKey),
    ),
  );
}

export function authorization(
  accessKeyId: string,
  credentialScopeText: string,
  signed: string,
  signature: string,
): string {
  return `${ALGORITHM} Credential=${accessKeyId}/${credentialScopeText}, SignedHeaders=${signed}, Signature=${signature}`;
}

export interface Signer {
  /** All headers to send with the request, signed for the time `now` in milliseconds since the epoch. */
  sign(
    request: UnsignedRequest,
    accessKey: AccessKey,
    now: number,
  ): Record<string, string>;
}

/** A signer that keeps the scope's text and the derived key until the secret's version or the day changes. */
export function createSigner(scope: SigningScope): Signer {
  let kept:
    { version: string; day: string; scope: string; key: KeyObject } | undefined;
  return {
    sign(request, accessKey, now) {
      const { accessKeyId, secretAccessKey, sessionToken, version } = accessKey;
      const date = xDate(now);
      const day = date.slice(0, 8);
      if (kept?.version !== version || kept.day !== day) {
        const key = signingKey(secretAccessKey, day, scope);
        kept = { version, day, scope: credentialScope(date, scope), key };
      }
      const bodyHash = hash("sha256", request.body);
      const canonical = canonicalRequest(request, bodyHash, date, sessionToken);
      const signature = createHmac("sha256", kept.key)
        .update(stringToSign(date, kept.scope, canonical))
        .digest("hex");
      const headers: Record<string, string> = {
        host: request.host,
        "content-type": request.contentType,
        "x-date": date,
        "x-content-sha256": bodyHash,
        authorization: authorization(
          accessKeyId,
          kept.scope,
          signedHeaders(sessionToken),
          signature,
        ),
      };
      if (sessionToken !== undefined) {
        headers["x-security-token"] = sessionToken;
      }
      return headers;
    },
  };
}
