/** Signing one DeleteCert request: ours beside the floor, the vendor's official signer and aws4. */
import openapi from "@volcengine/openapi";
import aws4 from "aws4";
import { createHmac, createSecretKey, hash } from "node:crypto";
import {
  canonicalQuery,
  canonicalRequest,
  createSigner,
  credentialScope,
  stringToSign,
  xDate,
} from "../../functions/volcengine/signer.ts";
import { compared, inTurns, type Bench, type Figure } from "./figure.ts";

const ROUNDS = 151;
const SCOPE = { region: "cn-north-1", service: "live" };
const HOST = "live.volcengineapi.com";
const KEY = {
  accessKeyId: "AKLTEXAMPLE0000000000000000000001",
  secretAccessKey: "EXAMPLE-SECRET-KEY-NOT-REAL-0001",
  version: "1",
};
const PARAMS = { Action: "DeleteCert", Version: "2023-01-01" };
const QUERY = canonicalQuery(Object.entries(PARAMS));
const BODY = JSON.stringify({ ChainID: "be37f7c23b514c4987f4860000000001" });

const REQUEST = {
  method: "POST",
  path: "/",
  query: QUERY,
  host: HOST,
  contentType: "application/json",
  body: BODY,
};

/** Microseconds of one call, over `calls` of them, a millisecond apart on their clock. */
function timed(calls: number, sign: (now: number) => unknown): () => number {
  return () => {
    const from = Date.UTC(2026, 10, 24);
    let seen = 0;
    const started = performance.now();
    for (let i = 0; i < calls; i++) {
      // The result is looked at, lest it be optimized away.
      if (sign(from + i) !== undefined) seen += 1;
    }
    return ((performance.now() - started) * 1000) / seen;
  };
}

function ours(): (now: number) => unknown {
  const signer = createSigner(SCOPE);
  return (now) => signer.sign(REQUEST, KEY, now);
}

/** What no signer can leave out: the hash of the body, that of the canonical request, and one HMAC, of the same bytes. */
function floor(): (now: number) => unknown {
  const date = xDate(Date.UTC(2026, 10, 24));
  const canonical = canonicalRequest(
    REQUEST,
    hash("sha256", BODY),
    date,
    undefined,
  );
  const text = stringToSign(date, credentialScope(date, SCOPE), canonical);
  const key = createSecretKey(Buffer.alloc(32, 7));
  return () => {
    hash("sha256", BODY);
    hash("sha256", canonical);
    return createHmac("sha256", key).update(text).digest("hex");
  };
}

function official(): (now: number) => unknown {
  return (now) => {
    const request = {
      region: SCOPE.region,
      method: "POST",
      params: PARAMS,
      headers: { "content-type": "application/json" },
      body: BODY,
    };
    new openapi.Signer(request, SCOPE.service).addAuthorization(
      { accessKeyId: KEY.accessKeyId, secretKey: KEY.secretAccessKey },
      new Date(now),
    );
    return request.headers;
  };
}

function amazon(): (now: number) => unknown {
  return (now) =>
    aws4.sign(
      {
        ...SCOPE,
        host: HOST,
        method: "POST",
        path: `/?${QUERY}`,
        headers: {
          "Content-Type": "application/json",
          "X-Amz-Date": xDate(now),
        },
        body: BODY,
      },
      {
        accessKeyId: KEY.accessKeyId,
        secretAccessKey: KEY.secretAccessKey,
      },
    ).headers;
}

export async function measureSigning({
  rounds: count,
}: Bench): Promise<Figure[]> {
  const rounds = await inTurns(count(ROUNDS), {
    ours: timed(2000, ours()),
    floor: timed(2000, floor()),
    official: timed(100, official()),
    aws4: timed(400, amazon()),
  });
  const name = "sign one DeleteCert request";
  return [
    compared(rounds, "ours", "floor", {
      name,
      peer: "1 HMAC + 2 SHA-256",
      unit: "us",
      target: { atMost: 1.5 },
    }),
    compared(rounds, "ours", "official", {
      name,
      peer: "@volcengine/openapi",
      unit: "us",
      target: { atMost: 1 / 25 },
    }),
    compared(rounds, "ours", "aws4", {
      name,
      peer: "aws4",
      unit: "us",
      target: { atMost: 1 / 4 },
    }),
  ];
}
