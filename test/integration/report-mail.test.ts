import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../functions/aws/clock.ts";
import { createSweepHandler } from "../../functions/expired-sweep.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import {
  startSecretsManagerEmulator,
  type SecretsManagerEmulator,
} from "../../infra/local/secrets-manager-emulator.ts";
import {
  startSnsEmulator,
  type SnsEmulator,
} from "../../infra/local/sns-emulator.ts";
import {
  awsEnvironment,
  certificate,
  domain,
  KEY,
  SECRET_ID,
} from "../support/world.ts";

/** The report of a sweep, by the real SDK client, to an SNS that takes what SNS takes. */
const TOPIC = "arn:aws:sns:us-east-1:123456789012:reports";

let live: LiveEmulator;
let secrets: SecretsManagerEmulator;
let mailbox: SnsEmulator;
let log: Readonly<Record<string, unknown>>[] = [];

beforeEach(async () => {
  log = [];
  secrets = await startSecretsManagerEmulator({
    secrets: { [SECRET_ID]: JSON.stringify(KEY) },
  });
  mailbox = await startSnsEmulator({ topicArns: [TOPIC] });
  awsEnvironment(secrets.url);
  process.env["AWS_ENDPOINT_URL_SNS"] = mailbox.url;
});
afterEach(() => Promise.all([live.close(), secrets.close(), mailbox.close()]));

/** Sweeps an account that holds one expired certificate of this name. */
async function sweepOf(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  live = await startLiveEmulator({
    credentials: [KEY],
    account: {
      certificates: [certificate(1, -30, { name })],
      domains: [domain("unbound.example.com")],
    },
  });
  const handler = createSweepHandler({
    env: {
      VOLCENGINE_SECRET_ID: SECRET_ID,
      VOLCENGINE_ENDPOINT: live.url,
      REPORT_TOPIC_ARN: TOPIC,
      ...env,
    },
    clock: systemClock,
    random: Math.random,
    log: (line) => log.push(line),
  });
  await handler(
    {},
    { awsRequestId: "run-1", getRemainingTimeInMillis: () => 900_000 },
  );
}

it.each([
  ["an emoji where a name is cut", `${"n".repeat(39)}😀`],
  ["half a character, as JSON can write it", "half \ud83d here"],
  ["the other half", "\ude00"],
  ["a character that no text may hold", "never \uffff \u{1fffe}"],
  ["a control character", "bell \u0007"],
])("a name with %s is no reason for a mail to be refused", async (_, name) => {
  await sweepOf(name);
  expect(log.map(({ event }) => event)).not.toContain("report-not-sent");
  expect(mailbox.messages).toHaveLength(1);
  expect(mailbox.messages[0]?.message.isWellFormed()).toBe(true);
});

it("a mail names its stack and the vendor's product", async () => {
  await sweepOf("any", { STACK_NAME: "Janitor-sports", PROVIDER: "byteplus" });
  expect(mailbox.messages[0]?.subject).toBe(
    "1 deleted [Janitor-sports, BytePlus MediaLive]",
  );
  expect(mailbox.messages[0]?.message).toMatch(
    /^Stack Janitor-sports: sweep of BytePlus MediaLive, /,
  );
});

it("a report that could not be sent is a line that an alarm can see", async () => {
  await sweepOf("any", { REPORT_TOPIC_ARN: `${TOPIC}-gone` });
  expect(log.at(-1)).toEqual({
    event: "report-not-sent",
    runId: "run-1",
    error: "NotFoundException",
  });
});
