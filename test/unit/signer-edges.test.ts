import { describe, expect, it } from "vitest";
import {
  canonicalQuery,
  createSigner,
  xDate,
  type UnsignedRequest,
  type AccessKey,
} from "../../functions/volcengine/signer.ts";
import file from "../support/signing-vectors.json" with { type: "json" };

/** Requests that were signed once and for all, so that any other signature is noticed. */
const vectors = file.vectors.filter(({ profile }) => profile === "full");
type Vector = (typeof vectors)[number];

function signed(vector: Vector, signer = createSigner(vector), secret = "v1") {
  const request: UnsignedRequest = {
    method: vector.method,
    path: vector.path,
    query: canonicalQuery(
      vector.query.map(([name = "", value = ""]) => [name, value] as const),
    ),
    host: vector.host,
    contentType: vector.headers["content-type"] ?? "",
    body: vector.body,
  };
  const credentials: AccessKey = {
    accessKeyId: vector.accessKeyId,
    secretAccessKey: vector.secretKey,
    sessionToken: vector.sessionToken,
    version: secret,
  };
  const at = vector.xDate.replace(
    /^(....)(..)(..)T(..)(..)(..)Z$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  return signer.sign(request, credentials, Date.parse(at));
}

describe("all headers to send", () => {
  it.each(vectors)("of $name", (vector) => {
    expect(signed(vector)).toStrictEqual(vector.expected.requestHeaders);
  });

  it("hold no session token where there is none", () => {
    const [vector] = vectors;
    expect(Object.keys(signed(vector!))).toEqual([
      "host",
      "content-type",
      "x-date",
      "x-content-sha256",
      "authorization",
    ]);
  });
});

describe("the derived key", () => {
  const [vector] = vectors;
  const other = { ...vector!, secretKey: "another" };
  const nextDay = { ...other, xDate: "20991231T235959Z" };

  it("is kept while version and day are the same", () => {
    const signer = createSigner(vector!);
    const first = signed(vector!, signer);
    expect(signed(other, signer)).toEqual(first);
    expect(signed(other, signer)).not.toEqual(signed(other));
  });

  it("is derived anew for a version, and for a day", () => {
    const signer = createSigner(vector!);
    signed(vector!, signer);
    expect(signed(other, signer, "v2")).toEqual(signed(other));
    signed(vector!, signer, "v2");
    expect(signed(nextDay, signer, "v2")).toEqual(signed(nextDay));
  });
});

describe("a canonical query", () => {
  it.each<[[string, string][], string]>([
    [[], ""],
    [
      [
        ["b", "2"],
        ["a", "1"],
      ],
      "a=1&b=2",
    ],
    [
      [
        ["a", "2"],
        ["a", "1"],
      ],
      "a=2&a=1",
    ],
    [[["a!'()*", "~-._ /+"]], "a%21%27%28%29%2A=~-._%20%2F%2B"],
    [
      [
        ["é", ""],
        ["z", ""],
        ["a", ""],
        ["Z", ""],
      ],
      "Z=&a=&z=&%C3%A9=",
    ],
    [
      [
        ["\u{1F600}", "1"],
        ["\uFF5E", "2"],
      ],
      "%EF%BD%9E=2&%F0%9F%98%80=1",
    ],
  ])("of %j is %s", (pairs, expected) => {
    expect(canonicalQuery(pairs)).toBe(expected);
  });

  it("leaves the pairs as they were", () => {
    const pairs: [string, string][] = [
      ["b", ""],
      ["a", ""],
    ];
    canonicalQuery(pairs);
    expect(pairs[0]).toEqual(["b", ""]);
  });
});

it("a date is cut to the second", () => {
  expect(xDate(Date.UTC(2026, 10, 24, 3, 4, 5, 999))).toBe("20261124T030405Z");
});
