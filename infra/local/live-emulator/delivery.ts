import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, FaultKind } from "./faults.ts";

/** An answer, before a fault has its way with it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Longer than any client should be willing to read. */
const HUGE_BYTES = 9 * 1024 * 1024;

/** What a gateway in front says of its own accord. */
const PAGES: Partial<Record<FaultKind, readonly [number, string]>> = {
  "http-502-html": [502, "Bad Gateway"],
  "http-503-html": [503, "Service Temporarily Unavailable"],
  "http-504-after": [504, "Gateway Time-out"],
};

/** The answer that goes out instead, or the same where the fault is about something else. */
function distort(answer: Answer, kind: FaultKind | undefined): Answer {
  if (kind === "not-json") return { ...answer, status: 200, body: "It works!" };
  if (kind === "empty") return { ...answer, status: 200, body: "" };
  if (kind === "huge-body")
    return { ...answer, body: answer.body + " ".repeat(HUGE_BYTES) };
  const page = kind && PAGES[kind];
  if (page === undefined) return answer;
  const [status, title] = page;
  return {
    status,
    headers: { "content-type": "text/html" },
    body: `<html><body><h1>${String(status)} ${title}</h1></body></html>\n`,
  };
}

async function trickle(
  response: ServerResponse,
  body: Buffer,
  ms: number,
): Promise<void> {
  for (const byte of body) {
    // The client has given up.
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await sleep(ms);
  }
  response.end();
}

/**
 * Sends the answer, or does to the connection what the fault says.
 * @param now the emulator's clock, for the `Date` header
 * @returns the status that was sent, 0 for none
 */
export async function deliver(
  response: ServerResponse,
  given: Answer,
  fault: Fault | undefined,
  now: () => number,
): Promise<number> {
  if (fault?.kind === "hang") return 0;
  if (fault?.kind === "reset-before" || fault?.kind === "reset-after") {
    response.socket?.resetAndDestroy();
    return 0;
  }
  if (fault?.kind === "slow") await sleep(fault.ms ?? 0);
  const { status, headers, body } = distort(given, fault?.kind);
  const bytes = Buffer.from(body);
  // Node would take the real clock.
  response.sendDate = false;
  const skew = fault?.kind === "date-skew" ? (fault.seconds ?? 0) : 0;
  response.writeHead(status, {
    ...headers,
    "content-length": String(bytes.length),
    ...(fault?.kind !== "no-date" && {
      date: new Date(now() + skew * 1000).toUTCString(),
    }),
    ...(fault?.kind === "throttle" &&
      fault.retryAfter !== undefined && {
        "retry-after": String(fault.retryAfter),
      }),
  });
  if (fault?.kind === "truncate") {
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => {
      response.destroy();
    });
  } else if (fault?.kind === "trickle") {
    await trickle(response, bytes, fault.ms ?? 0);
  } else {
    response.end(bytes);
  }
  return status;
}
