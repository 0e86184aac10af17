/**
 * Volcengine request signing, HMAC-SHA256. Pure: it does no I/O and takes the date.
 * Source: docs/6469/1126804 and docs/6369/67270; the names follow those pages.
 * It resembles AWS SigV4, but label, key derivation, terminator and header names differ.
 */
import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";

const ALGORITHM = "HMAC-SHA256";

export interface Credentials {
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
  const iso = new Date(now).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

/** The names of the signed headers, sorted and joined as the Authorization header shows them. */
export function signedHeaders(sessionToken: string | undefined): string {
  const names = "content-type;host;x-content-sha256;x-date";
  return sessionToken === undefined ? names : `${names};x-security-token`;
}

export function canonicalRequest(
  request: UnsignedRequest,
  bodyHash: string,
  date: string,
  sessionToken: string | undefined,
): string {
  const token =
    sessionToken === undefined ? "" : `x-security-token:${sessionToken}\n`;
  return `${request.method}\n${request.path}\n${request.query}\ncontent-type:${request.contentType}\nhost:${request.host}\nx-content-sha256:${bodyHash}\nx-date:${date}\n${token}\n${signedHeaders(sessionToken)}\n${bodyHash}`;
}

export function credentialScope(date: string, scope: SigningScope): string {
  return `${date.slice(0, 8)}/${scope.region}/${scope.service}/request`;
}

export function stringToSign(
  date: string,
  credentialScopeText: string,
  canonical: string,
): string {
  return `${ALGORITHM}\n${date}\n${credentialScopeText}\n${hash("sha256", canonical)}`;
}

/** The key for one day, region and service, as a `KeyObject`: with a raw buffer Node prepares it anew for every signature. */
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
    credentials: Credentials,
    now: number,
  ): Record<string, string>;
}

/**
 * A signer that keeps the derived key until the secret's version or the day changes, and the texts of the date until
 * the second does: to write a date costs a fifth of a signature.
 */
export function createSigner(scope: SigningScope): Signer {
  let cached: { version: string; day: string; key: KeyObject } | undefined;
  let dated: { second: number; date: string; scopeText: string } | undefined;
  return {
    sign(request, credentials, now) {
      const second = Math.floor(now / 1000);
      if (dated?.second !== second) {
        const date = xDate(now);
        dated = { second, date, scopeText: credentialScope(date, scope) };
      }
      const { date, scopeText } = dated;
      const day = date.slice(0, 8);
      if (cached?.version !== credentials.version || cached.day !== day) {
        cached = {
          version: credentials.version,
          day,
          key: signingKey(credentials.secretAccessKey, day, scope),
        };
      }
      const { sessionToken } = credentials;
      const bodyHash = hash("sha256", request.body);
      const signature = createHmac("sha256", cached.key)
        .update(
          stringToSign(
            date,
            scopeText,
            canonicalRequest(request, bodyHash, date, sessionToken),
          ),
        )
        .digest("hex");
      const headers: Record<string, string> = {
        host: request.host,
        "content-type": request.contentType,
        "x-date": date,
        "x-content-sha256": bodyHash,
        authorization: authorization(
          credentials.accessKeyId,
          scopeText,
          signedHeaders(sessionToken),
          signature,
        ),
      };
      if (sessionToken !== undefined)
        headers["x-security-token"] = sessionToken;
      return headers;
    },
  };
}
