/** Sends the report of a sweep to the operator's topic. */
import type { Mail } from "../janitor/report-text.ts";
import { within } from "./aws-limits.ts";

/**
 * Publishes to a topic; resolves when the mail is on its way. The client comes from the Lambda runtime and is loaded
 * only when there is something to say.
 */
export async function publish(
  topicArn: string,
  { subject, text }: Mail,
): Promise<void> {
  const { PublishCommand, SNSClient } = await import("@aws-sdk/client-sns");
  const client = new SNSClient(within(2, 3000));
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
