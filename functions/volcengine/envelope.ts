/** What an answer of the Live OpenAPI says: `ResponseMetadata` and `Result`. Source: docs/6469/1121981. */
import { isObject } from "../contract/parsers.ts";
import { failedAnswer } from "./errors.ts";
import type { TransportAnswer } from "./transport.ts";

// Stryker disable next-line StringLiteral: under another name the module does not load
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true });

export interface Envelope {
  readonly result: unknown;
  readonly requestId: string;
}

/** Milliseconds to wait as `Retry-After` says, in seconds or as a date; undefined if it says nothing. */
function retryAfterMs(
  { retryAfter = "" }: TransportAnswer,
  now: number,
): number | undefined {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** A request id is shown and logged, so only what looks like one passes. */
function printable(id: unknown): string {
  return typeof id === "string" && /^[\w.-]{1,80}$/.test(id) ? id : "";
}

/**
 * The one place where an answer becomes a success or a failure: any `Error` is a failure, whatever the status.
 * Throws what {@link failedAnswer} makes of it.
 * @param now milliseconds since the epoch
 */
export function readEnvelope(
  action: string,
  answer: TransportAnswer,
  now: number,
): Envelope {
  const facts = {
    action,
    status: answer.status,
    retryAfterMs: retryAfterMs(answer, now),
  };
  let envelope: unknown;
  try {
    envelope = JSON.parse(STRICT_UTF8.decode(answer.body));
  } catch (cause) {
    throw failedAnswer({ ...facts, cause });
  }
  const metadata = isObject(envelope)
    ? envelope["ResponseMetadata"]
    : undefined;
  if (!isObject(envelope) || !isObject(metadata)) throw failedAnswer(facts);
  const requestId =
    printable(metadata["RequestId"]) || printable(metadata["RequestID"]);
  const error = metadata["Error"] ?? undefined;
  if (error !== undefined) {
    const { Code: code, CodeN: codeN } = isObject(error) ? error : {};
    throw failedAnswer({
      ...facts,
      requestId,
      error: {
        code: typeof code === "string" ? code : "",
        codeN: typeof codeN === "number" ? codeN : undefined,
      },
    });
  }
  if (answer.status < 200 || answer.status > 299) {
    throw failedAnswer({ ...facts, requestId });
  }
  return { result: envelope["Result"], requestId };
}
