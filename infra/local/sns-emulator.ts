import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  readBody,
  startLoopbackServer,
  type LoopbackServer,
} from "./loopback-server.ts";
import { ServiceError } from "./service-error.ts";

export interface PublishedMessage {
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly message: string;
}

export interface SnsEmulatorOptions {
  /** @default 0, a free port */
  readonly port?: number;
  /** The topics that exist. @default every one */
  readonly topicArns?: readonly string[];
  readonly onMessage?: (message: PublishedMessage) => void;
}

export interface SnsEmulator extends LoopbackServer {
  /** What was published, oldest first. */
  readonly messages: readonly PublishedMessage[];
}

const NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/";

/** "Publish": at most 256 KB. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/** What XML 1.0, in which messages travel on, has no way to hold. */
const NO_TEXT =
  /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\p{Noncharacter_Code_Point}/u;

/** Every byte of a form may be sent as three. */
const MAX_BODY_BYTES = 4 * MAX_MESSAGE_BYTES;

function invalid(what: string): ServiceError {
  return new ServiceError("InvalidParameter", `Invalid parameter: ${what}`);
}

function parsePublish(form: URLSearchParams): PublishedMessage {
  if (form.get("Action") !== "Publish")
    throw new ServiceError("InvalidAction", "The action is not valid.");
  const topicArn = form.get("TopicArn");
  const message = form.get("Message");
  const subject = form.get("Subject") ?? undefined;
  if (
    topicArn === null ||
    !/^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w.-]+$/.test(topicArn)
  )
    throw invalid("TopicArn");
  if (message === null || message === "") throw invalid("Empty message");
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES)
    throw invalid("Message too long");
  if (NO_TEXT.test(message)) throw invalid("Message");
  // "Subjects must be UTF-8 text with no line breaks or control characters, and less than 100 characters long."
  if (
    subject !== undefined &&
    (/\p{Cc}/u.test(subject) || subject === "" || subject.length >= 100)
  )
    throw invalid("Subject");
  return { topicArn, subject, message };
}

/** None of the texts put in here holds what a client sent. */
function publishResponse(messageId: string, requestId: string): string {
  return `<PublishResponse xmlns="${NAMESPACE}"><PublishResult><MessageId>${messageId}</MessageId></PublishResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></PublishResponse>`;
}

function errorResponse(error: ServiceError, requestId: string): string {
  return `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${error.code}</Code><Message>${error.message}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}

/**
 * Starts an SNS that knows `Publish` to a topic and keeps what it was given, on 127.0.0.1 only. Signatures are not
 * looked at.
 * Follows the "Publish" page of the SNS API reference, protocol AWS Query (forms in, XML out).
 */
export async function startSnsEmulator({
  port = 0,
  topicArns,
  onMessage,
}: SnsEmulatorOptions = {}): Promise<SnsEmulator> {
  const messages: PublishedMessage[] = [];

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await readBody(request, MAX_BODY_BYTES);
    const requestId = randomUUID();
    response.setHeader("content-type", "text/xml");
    response.setHeader("x-amzn-requestid", requestId);
    try {
      const published = parsePublish(
        new URLSearchParams(body.toString("utf8")),
      );
      if (topicArns?.includes(published.topicArn) === false)
        throw new ServiceError("NotFound", "Topic does not exist", 404);
      messages.push(published);
      response.end(publishResponse(randomUUID(), requestId));
      onMessage?.(published);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      response.statusCode = error.statusCode;
      response.end(errorResponse(error, requestId));
    }
  }

  const server = await startLoopbackServer(port, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  return { ...server, messages };
}
