import { describe, expect, it } from "vitest";
import {
  readAuthorization,
  verifySignature,
  type SignedRequest,
} from "../../infra/local/live-emulator/signature.ts";
import file from "../world/signing-vectors.json" with { type: "json" };

type Vector = (typeof file.vectors)[number];

function requestOf({ expected, ...vector }: Vector): SignedRequest {
  const query = vector.query.map(
    ([name = "", value = ""]): [string, string] => [name, value],
  );
  return {
    method: vector.method,
    path: vector.path,
    query: new URLSearchParams(query).toString(),
    headers: { ...expected.requestHeaders },
    body: Buffer.from(vector.body),
  };
}

function verify(vector: Vector, request: SignedRequest): string {
  const { accessKeyId, secretKey: secretAccessKey, sessionToken } = vector;
  const key = { accessKeyId, secretAccessKey };
  return verifySignature(request, readAuthorization(request.headers), [
    { accessKeyId: "AKLTOTHER", secretAccessKey: "other" },
    sessionToken === undefined ? key : { ...key, sessionToken },
  ]).accessKeyId;
}

/** The text with its last letter or digit replaced by another. */
function oneOff(text: string): string {
  return text.replace(/\w(?=\W*$)/, (last) => (last === "1" ? "2" : "1"));
}

/** Every way to change one character of what is signed. */
function forgeries(vector: Vector): [string, SignedRequest][] {
  const request = requestOf(vector);
  const { headers } = request;
  const change = (name: string, value: string): SignedRequest => ({
    ...request,
    headers: { ...headers, [name]: value },
  });
  const authorization = headers.authorization ?? "";
  const date = String(headers["x-date"]);
  const signed = vector.expected.signedHeaders
    .split(";")
    .filter((name) => name !== "x-date");
  return [
    ["signature", change("authorization", oneOff(authorization))],
    // The seconds: another date would contradict the scope.
    ["x-date", change("x-date", `${oneOff(date.slice(0, -1))}Z`)],
    ...signed.map((name): [string, SignedRequest] => [
      name,
      change(name, oneOff(String(headers[name]))),
    ]),
    ["query", { ...request, query: `${request.query}x` }],
    ["method", { ...request, method: "PUT" }],
    ["path", { ...request, path: "/x" }],
    [
      "body",
      { ...request, body: Buffer.concat([request.body, Buffer.from(" ")]) },
    ],
  ];
}

describe.each(file.vectors.map((vector) => [vector.name, vector] as const))(
  "the verifier, given %s",
  (_, vector) => {
    it("accepts it", () => {
      expect(verify(vector, requestOf(vector))).toBe(vector.accessKeyId);
    });

    it.each(forgeries(vector))("refuses another %s", (_name, forged) => {
      expect(() => verify(vector, forged)).toThrow();
    });

    it("refuses it under another secret", () => {
      const secretKey = oneOff(vector.secretKey);
      expect(() => verify({ ...vector, secretKey }, requestOf(vector))).toThrow(
        "does not match",
      );
    });
  },
);

describe("the verifier", () => {
  it("knows all the vectors", () => {
    expect(file.vectors).toHaveLength(14);
  });

  it("takes a host without its default port, and a query as clients encode it", () => {
    const vector = file.vectors.find(({ name }) => name.startsWith("s09"));
    if (vector === undefined) throw new Error("no such vector");
    const request = requestOf(vector);
    const host = `${String(request.headers.host)}:443`;
    const raw = { ...request, headers: { ...request.headers, host } };
    const query = raw.query.replaceAll("%2A", "*").replaceAll("+", "%20");
    expect(verify(vector, { ...raw, query })).toBe(vector.accessKeyId);
  });
});
