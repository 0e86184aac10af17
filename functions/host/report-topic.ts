/** Sends the report of a sweep to the operator's topic. */
import type { Mail } from "../janitor/report-text.ts";

const TIMEOUT_MS = 3000;

/**
 * Publishes to a topic; resolves when the mail is on its way. The client comes from the Lambda runtime and is loaded
 * only when there is something to say.
 */
export async function publish(
  topicArn: string,
  { subject, text }: Mail,
): Promise<void> {
  const { PublishCommand, SNSClient } = await import("@aws-sdk/client-sns");
  const client = new SNSClient({
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: TIMEOUT_MS,
      requestTimeout: TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  try {
    await client.send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: subject,
        Message: text,
      }),
    );
  } finally {
    client.destroy();
  }
}
