import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { APIGatewayProxyEventV2WithIAMAuthorizer } from "aws-lambda";
import type { RequestTarget, RouteMatch } from "./gateway-routes.ts";

type RequestContext = APIGatewayProxyEventV2WithIAMAuthorizer["requestContext"];

/** The IAM identity that every request of the local gateway is given. */
export type Caller = RequestContext["authorizer"]["iam"];

export interface EventInput {
  readonly request: IncomingMessage;
  readonly target: RequestTarget;
  readonly match: RouteMatch;
  readonly body: Buffer;
  readonly accountId: string;
  readonly caller: Caller;
  readonly port: number;
  readonly now: Date;
}

const API_ID = "localgateway";
const DOMAIN = `${API_ID}.execute-api.us-east-1.amazonaws.com`;

/** Headers about one connection, which a proxy does not pass on. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Common log format, always UTC: `10/Jul/2026:19:19:05 +0000`. */
function clfTime(now: Date): string {
  const day = String(now.getUTCDate()).padStart(2, "0");
  const month = MONTHS[now.getUTCMonth()] ?? "";
  const time = now.toISOString().slice(11, 19);
  return `${day}/${month}/${String(now.getUTCFullYear())}:${time} +0000`;
}

/** Adds a value to those of the same name, comma-joined without a space, as captures of the live service show. */
function append(map: Map<string, string>, name: string, value: string): void {
  const before = map.get(name);
  map.set(name, before === undefined ? value : `${before},${value}`);
}

function headersOf(request: IncomingMessage): {
  headers: Map<string, string>;
  cookies: string[];
} {
  const headers = new Map<string, string>();
  const cookies: string[] = [];
  const { rawHeaders } = request;
  // Node's own `headers` drops some repeats and joins others with a space.
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    const value = rawHeaders[index + 1] ?? "";
    if (name === "cookie")
      cookies.push(
        ...value
          .split(";")
          .map((cookie) => cookie.trim())
          .filter((cookie) => cookie !== ""),
      );
    else if (!HOP_BY_HOP.has(name)) append(headers, name, value);
  }
  return { headers, cookies };
}

function queryOf(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query))
    append(parameters, name, value);
  return parameters;
}

/** Text and JSON reach the function as they are, everything else as base64; a body without a type counts as text. */
function isText(contentType: string): boolean {
  const mediaType = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
  return (
    mediaType === "" ||
    mediaType.startsWith("text/") ||
    /^application\/(?:json|xml|javascript|[\w.-]+\+(?:json|xml))$/.test(
      mediaType,
    )
  );
}

/**
 * The event that API Gateway would hand to a function for this request.
 * Follows "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway", payload format version 2.0.
 */
export function buildEvent({
  request,
  target,
  match,
  body,
  accountId,
  caller,
  port,
  now,
}: EventInput): APIGatewayProxyEventV2WithIAMAuthorizer {
  const { headers, cookies } = headersOf(request);
  const sourceIp = request.socket.remoteAddress ?? "127.0.0.1";
  headers.set("content-length", String(body.length));
  headers.set(
    "x-amzn-trace-id",
    `Root=1-${Math.floor(now.getTime() / 1000).toString(16)}-${randomBytes(12).toString("hex")}`,
  );
  append(headers, "x-forwarded-for", sourceIp);
  headers.set("x-forwarded-port", String(port));
  headers.set("x-forwarded-proto", "http");
  const query = queryOf(target.query);
  const text = isText(headers.get("content-type") ?? "");
  const { routeKey, pathParameters } = match;
  // fromEntries defines the keys, so that a parameter named __proto__ arrives like any other.
  return {
    version: "2.0",
    routeKey,
    rawPath: target.path,
    rawQueryString: target.query,
    ...(cookies.length > 0 && { cookies }),
    headers: Object.fromEntries(headers),
    ...(query.size > 0 && { queryStringParameters: Object.fromEntries(query) }),
    requestContext: {
      accountId,
      apiId: API_ID,
      authorizer: { iam: caller },
      domainName: DOMAIN,
      domainPrefix: API_ID,
      http: {
        method: request.method ?? "",
        path: target.path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp,
        userAgent: headers.get("user-agent") ?? "",
      },
      requestId: `${randomBytes(11).toString("base64url")}=`,
      routeKey,
      stage: "$default",
      time: clfTime(now),
      timeEpoch: now.getTime(),
    },
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    ...(body.length > 0 && { body: body.toString(text ? "utf8" : "base64") }),
    isBase64Encoded: body.length > 0 && !text,
  };
}
