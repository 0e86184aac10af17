/** What the contract lets the HTTP API answer, stated once more. */

const STATUS: Readonly<Record<string, number>> = {
  "invalid-request": 400,
  "no-such-route": 404,
  "method-not-allowed": 405,
  "certificate-not-found": 404,
  "certificate-in-use": 409,
  "certificate-protected": 409,
  "sweep-running": 409,
  "vendor-throttled": 503,
  "vendor-error": 502,
  "vendor-timeout": 504,
};
/** Whatever was asked, a vendor that fails may be the answer. */
const TROUBLE = ["vendor-throttled", "vendor-error", "vendor-timeout"];

export interface Answer {
  readonly status: number;
  /** `ok`, or the problem's name. */
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** @throws Error that says what is no answer of the contract; connection errors as they come */
export async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, {
    ...init,
    signal: AbortSignal.timeout(40_000),
  });
  const text = await response.text();
  const { status, headers } = response;
  const what = `${init.method ?? "GET"} ${new URL(url).pathname}: ${String(status)} ${text.slice(0, 200)}`;
  let body: Readonly<Record<string, unknown>>;
  try {
    body = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new NoAnswer(`no JSON in ${what}`);
  }
  if ((headers.get("x-request-id") ?? "") === "")
    throw new NoAnswer(`no x-request-id in ${what}`);
  if (response.ok) {
    if (headers.get("content-type") !== "application/json")
      throw new NoAnswer(`another content type: ${what}`);
    return { status, name: "ok", body };
  }
  const name = /^urn:live-cert-janitor:problem:([\w-]+)$/.exec(
    String(body["type"]),
  )?.[1];
  if (
    name === undefined ||
    STATUS[name] !== status ||
    body["status"] !== status ||
    headers.get("content-type") !== "application/problem+json"
  )
    throw new NoAnswer(`no problem of the contract: ${what}`);
  return { status, name, body };
}

/** The API answered, and not as the contract says. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** Whether the answer is one of these or a vendor's trouble. */
export function isOneOf(answer: Answer, permitted: readonly string[]): boolean {
  return permitted.includes(answer.name) || TROUBLE.includes(answer.name);
}
