import { createHmac, hash } from "node:crypto";
import { createRequire } from "node:module";
import type openapiSign from "@volcengine/openapi/lib/base/sign.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  authorization,
  canonicalQuery,
  canonicalRequest,
  createSigner,
  credentialScope,
  signedHeaders,
  signingKey,
  stringToSign,
  xDate,
  type UnsignedRequest,
  type AccessKey,
} from "../../functions/volcengine/signer.ts";
import file from "../world/signing-vectors.json" with { type: "json" };

type Vector = (typeof file.vectors)[number];

const vectors = file.vectors.filter(({ profile }) => profile === "full");

/** Pairs as the file has them; JSON knows no tuples. */
function pairsOf({ query }: Vector): [string, string][] {
  return query.map(([name = "", value = ""]) => [name, value]);
}

function requestOf(vector: Vector): UnsignedRequest {
  return {
    method: vector.method,
    path: vector.path,
    query: canonicalQuery(pairsOf(vector)),
    host: vector.host,
    contentType: vector.headers["content-type"] ?? "",
    body: vector.body,
  };
}

function credentialsOf(vector: Vector): AccessKey {
  return {
    accessKeyId: vector.accessKeyId,
    secretAccessKey: vector.secretKey,
    sessionToken: vector.sessionToken,
    version: "v1",
  };
}

/** `20240102T030405Z` as milliseconds since the epoch. */
function timeOf(date: string): number {
  return Date.parse(
    date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}

function hmac(vector: Vector, text: string): string {
  const key = signingKey(vector.secretKey, vector.xDate.slice(0, 8), vector);
  return createHmac("sha256", key).update(text).digest("hex");
}

describe("signing vectors", () => {
  it("are all of the profile that our signer speaks, and the others are for verifiers", () => {
    const others = file.vectors.filter(({ profile }) => profile !== "full");
    expect(vectors.map(({ name }) => name)).toEqual([
      "s01-full-deletecert-json",
      "s02-full-listcertv2-empty-object",
      "s06-full-get-empty-body",
      "s07-full-sts-session-token",
      "s10-full-chinese-body",
      "s12-full-byteplus-singapore",
      "s14-full-query-encoding",
    ]);
    expect(new Set(others.map(({ profile }) => profile))).toEqual(
      new Set(["node-default", "host", "verifier-only"]),
    );
  });

  it.each(vectors)("$name, byte for byte", (vector) => {
    const { expected, xDate: date, sessionToken } = vector;
    const request = requestOf(vector);
    const scope = credentialScope(date, vector);
    const signed = signedHeaders(sessionToken);
    const canonical = canonicalRequest(
      request,
      expected.payloadHash,
      date,
      sessionToken,
    );
    const text = stringToSign(date, scope, canonical);

    expect(request.query).toBe(expected.canonicalQuery);
    expect(signed).toBe(expected.signedHeaders);
    expect(canonical).toBe(expected.canonicalRequest);
    expect(scope).toBe(expected.credentialScope);
    expect(text).toBe(expected.stringToSign);
    expect(hmac(vector, text)).toBe(expected.signature);
    expect(
      authorization(vector.accessKeyId, scope, signed, expected.signature),
    ).toBe(expected.authorization);
  });

  it.each(vectors)("$name, through sign()", (vector) => {
    const headers = createSigner(vector).sign(
      requestOf(vector),
      credentialsOf(vector),
      timeOf(vector.xDate),
    );
    // Strictly: without a session token there is no such header.
    expect(headers).toStrictEqual(vector.expected.requestHeaders);
  });

  /** Canonical requests as a wrong signer would make them. */
  const mutants: [string, (canonical: string) => string][] = [
    [
      "host before content-type",
      (canonical) =>
        canonical
          .replace(/^(content-type:.*\n)(host:.*\n)/m, "$2$1")
          .replace("content-type;host;", "host;content-type;"),
    ],
    [
      "session token left out",
      (canonical) =>
        canonical
          .replace(/^x-security-token:.*\n/m, "")
          .replace(";x-security-token", ""),
    ],
  ];

  it.each(mutants)("catch a signer with the %s", (_name, mutate) => {
    const caught = vectors.filter((vector) => {
      const { expected, xDate: date } = vector;
      const mutated = mutate(expected.canonicalRequest);
      const text = stringToSign(date, expected.credentialScope, mutated);
      return hmac(vector, text) !== expected.signature;
    });
    expect(caught.length).toBeGreaterThan(0);
  });
});

// By require, since loaders differ in what the default import of this package is.
const official = createRequire(import.meta.url)(
  "@volcengine/openapi/lib/base/sign.js",
) as typeof openapiSign;

/** The official client's signer, told to sign content-type as well: it then signs what ours does. */
class OfficialSigner extends official.default {
  override isSignableHeader(key: string): boolean {
    return key === "content-type" || super.isSignableHeader(key);
  }
}

describe("against the official client", () => {
  const key = fc.stringMatching(/^[A-Za-z0-9+/=_.-]{1,40}$/);
  const text = fc.string({ unit: "binary", maxLength: 40 });
  // Names that it orders as ours does: it takes whole numbers first, and no array of pairs.
  const name = fc
    .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 })
    .filter((candidate) => !/^\d+$|^__proto__$/.test(candidate));
  const generated = fc.record({
    pairs: fc.uniqueArray(fc.tuple(name, text), {
      selector: ([pairName]) => pairName,
      maxLength: 6,
    }),
    body: fc.string({ unit: "binary", minLength: 1, maxLength: 200 }),
    host: fc.constantFrom(
      "live.volcengineapi.com",
      "open.byteplusapi.com",
      "127.0.0.1:8443",
    ),
    contentType: fc.constantFrom(
      "application/json",
      "application/json; charset=utf-8",
    ),
    method: fc.constantFrom("POST", "GET"),
    region: fc.stringMatching(/^[a-z0-9-]{1,40}$/),
    accessKeyId: key,
    secretAccessKey: key,
    sessionToken: fc.option(key, { nil: undefined }),
    now: fc.integer({ min: 0, max: Date.parse("2099-12-31T23:59:59Z") }),
  });

  it("gives the same Authorization for 2,000 requests", () => {
    fc.assert(
      fc.property(generated, ({ pairs, region, now, ...made }) => {
        const { sessionToken, accessKeyId, secretAccessKey } = made;
        const signer = new OfficialSigner(
          {
            region,
            method: made.method,
            pathname: "/",
            params: Object.fromEntries(pairs),
            headers: { host: made.host, "content-type": made.contentType },
            body: made.body,
          },
          "live",
        );
        signer.addAuthorization(
          {
            accessKeyId,
            secretKey: secretAccessKey,
            ...(sessionToken !== undefined && { sessionToken }),
          },
          new Date(now),
        );
        const ours = createSigner({ region, service: "live" }).sign(
          { ...made, path: "/", query: canonicalQuery(pairs) },
          { accessKeyId, secretAccessKey, sessionToken, version: "v1" },
          now,
        );
        const theirs: unknown = signer.request.headers;
        expect(theirs).toMatchObject({ Authorization: ours["authorization"] });
      }),
      { numRuns: 2000 },
    );
  });
});

describe("canonicalQuery", () => {
  it.each([
    [
      "sorts by name",
      [
        ["b", "1"],
        ["a", "2"],
      ],
      "a=2&b=1",
    ],
    [
      "sorts by byte, capitals first",
      [
        ["a", "1"],
        ["B", "2"],
      ],
      "B=2&a=1",
    ],
    [
      "sorts by UTF-8, not UTF-16",
      [
        ["\u{1f600}", "1"],
        ["\uff5e", "2"],
      ],
      "%EF%BD%9E=2&%F0%9F%98%80=1",
    ],
    [
      "sorts before it encodes",
      [
        ["é", "2"],
        ["~", "1"],
        ["z", ""],
        ["Z", ""],
      ],
      "Z=&z=&~=1&%C3%A9=2",
    ],
    [
      "keeps the order of equal names",
      [
        ["a", "2"],
        ["a", "1"],
      ],
      "a=2&a=1",
    ],
    ["keeps an empty value", [["a", ""]], "a="],
    [
      "encodes all but the unreserved",
      [["!'()*", " +/~-_."]],
      "%21%27%28%29%2A=%20%2B%2F~-_.",
    ],
    ["is empty without pairs", [], ""],
  ] satisfies [string, [string, string][], string][])(
    "%s",
    (_rule, pairs, query) => {
      expect(canonicalQuery(Object.freeze(pairs))).toBe(query);
    },
  );
});

describe("xDate", () => {
  it.each([
    ["2024-01-02T03:04:05.999Z", "20240102T030405Z"],
    ["2026-12-31T23:59:59.000Z", "20261231T235959Z"],
    ["1970-01-01T00:00:00.000Z", "19700101T000000Z"],
  ])("of %s is %s", (iso, date) => {
    expect(xDate(Date.parse(iso))).toBe(date);
  });
});

describe("the derived key", () => {
  const request: UnsignedRequest = {
    method: "POST",
    path: "/",
    query: "Action=DeleteCert&Version=2023-01-01",
    host: "live.volcengineapi.com",
    contentType: "application/json",
    body: "{}",
  };
  const scope = { region: "cn-north-1", service: "live" };
  const noon = Date.parse("2026-11-24T12:00:00Z");
  const one: AccessKey = {
    accessKeyId: "AK",
    secretAccessKey: "first",
    version: "v1",
  };

  it("is kept within a version and a day: another text of the same version changes nothing", () => {
    const signer = createSigner(scope);
    const first = signer.sign(request, one, noon);
    const same = signer.sign(
      request,
      { ...one, secretAccessKey: "other" },
      noon,
    );
    expect(same).toEqual(first);
  });

  it.each([
    [
      "a new version",
      { ...one, secretAccessKey: "second", version: "v2" },
      noon,
    ],
    ["a new day", one, noon + 86_400_000],
    ["the day before", one, noon - 86_400_000],
  ])("is derived anew for %s", (_what, credentials, now) => {
    const signer = createSigner(scope);
    signer.sign(request, one, noon);
    const fresh = createSigner(scope).sign(request, credentials, now);
    expect(signer.sign(request, credentials, now)).toEqual(fresh);
    expect(fresh["authorization"]).not.toBe(
      signer.sign(request, one, noon)["authorization"],
    );
  });

  it.each([
    ["region", { ...scope, region: "ap-singapore-1" }],
    ["service", { ...scope, service: "cdn" }],
  ])("depends on the %s", (_what, other) => {
    expect(signingKey("secret", "20261124", other).export()).not.toEqual(
      signingKey("secret", "20261124", scope).export(),
    );
  });

  it("does not appear in what is sent, nor does the secret", () => {
    const sent = JSON.stringify(createSigner(scope).sign(request, one, noon));
    expect(sent).not.toContain("first");
    expect(sent).not.toContain(
      signingKey("first", "20261124", scope).export().toString("hex"),
    );
    expect(sent).toContain(hash("sha256", "{}"));
  });
});
