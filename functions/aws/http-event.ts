/** Reads an API Gateway event of payload format 2.0, whatever was sent in its place. */
import { isObject } from "../janitor/certificate.ts";

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly routeKey: string;
  readonly requestId: string;
  /** As API Gateway delivers it: decoded once, never again. */
  readonly chainId: string;
  readonly query: ReadonlyMap<string, string>;
  /** Text of the body; undefined without one. */
  readonly body: string | undefined;
  readonly contentType: string;
  /** IAM ARN or JWT subject of the caller. */
  readonly caller: string;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function own(of: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

/** Only what looks like a request id is repeated in answers and logs. */
export function readRequestId(event: unknown): string {
  try {
    const id = text(
      own(object(own(object(event), "requestContext")), "requestId"),
    );
    return /^[\w=+/.-]{1,64}$/.test(id) ? id : "";
  } catch {
    return "";
  }
}

function readCaller(context: Readonly<Record<string, unknown>>): string {
  const authorizer = object(own(context, "authorizer"));
  const caller =
    text(own(object(own(authorizer, "iam")), "userArn")) ||
    text(own(object(own(object(own(authorizer, "jwt")), "claims")), "sub"));
  return caller.slice(0, 256) || "unknown";
}

/** The request, or undefined for an event that is none of payload format 2.0. Never throws. */
export function readHttpRequest(event: unknown): HttpRequest | undefined {
  try {
    const fields = object(event);
    const context = object(own(fields, "requestContext"));
    const http = object(own(context, "http"));
    const method = text(own(http, "method"));
    const path = text(own(fields, "rawPath"));
    const routeKey = text(own(fields, "routeKey"));
    if (
      own(fields, "version") !== "2.0" ||
      method === "" ||
      !path.startsWith("/") ||
      routeKey === ""
    ) {
      return undefined;
    }
    const query = new Map<string, string>();
    const parameters = own(fields, "queryStringParameters") ?? {};
    if (!isObject(parameters)) return undefined;
    for (const [name, value] of Object.entries(parameters)) {
      if (typeof value !== "string") return undefined;
      query.set(name, value);
    }
    const body = own(fields, "body") ?? undefined;
    if (body !== undefined && typeof body !== "string") return undefined;
    return {
      method,
      path,
      routeKey,
      requestId: readRequestId(event),
      chainId: text(own(object(own(fields, "pathParameters")), "chainId")),
      query,
      body:
        body !== undefined && own(fields, "isBase64Encoded") === true
          ? Buffer.from(body, "base64").toString()
          : body,
      contentType: text(own(object(own(fields, "headers")), "content-type")),
      caller: readCaller(context),
    };
  } catch {
    return undefined; // a getter or proxy that throws is no event either
  }
}
