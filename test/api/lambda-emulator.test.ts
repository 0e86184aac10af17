import {
  InvokeCommand,
  LambdaClient,
  type InvokeCommandInput,
} from "@aws-sdk/client-lambda";
import {
  PublishCommand,
  SNSClient,
  SNSServiceException,
  type PublishCommandInput,
} from "@aws-sdk/client-sns";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  startLambdaEmulator,
  type FailedRun,
  type LambdaEmulator,
} from "../../infra/local/lambda-emulator.ts";
import type { LambdaContext } from "../../infra/local/lambda-runtime.ts";
import {
  startSnsEmulator,
  type PublishedMessage,
  type SnsEmulator,
} from "../../infra/local/sns-emulator.ts";

// As on Lambda, nothing but the environment leads the clients to the service.
beforeEach(() => {
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
});

describe("Lambda", () => {
  let emulator: LambdaEmulator;
  let client: LambdaClient;
  let failed: FailedRun[];
  let seen: { event: unknown; context: LambdaContext }[];
  let release: () => void;

  beforeEach(async () => {
    failed = [];
    seen = [];
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    emulator = await startLambdaEmulator({
      functions: {
        echo: {
          timeoutMs: 60_000,
          handler: (event, context) => {
            seen.push({ event, context });
            return Promise.resolve({ got: event });
          },
        },
        gated: {
          timeoutMs: 60_000,
          handler: async (event, context) => {
            await gate;
            seen.push({ event, context });
          },
        },
        broken: {
          timeoutMs: 60_000,
          handler: () => Promise.reject(new TypeError("no evidence")),
        },
        endless: { timeoutMs: 50, handler: () => new Promise(() => undefined) },
      },
      onError: (run) => failed.push(run),
    });
    vi.stubEnv("AWS_ENDPOINT_URL_LAMBDA", emulator.url);
    client = new LambdaClient({ maxAttempts: 1 });
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    client.destroy();
    await emulator.close();
  });

  async function invoke(
    FunctionName: string,
    input: Partial<InvokeCommandInput> = {},
  ) {
    const answer = await client.send(
      new InvokeCommand({ FunctionName, ...input }),
    );
    const text = Buffer.from(answer.Payload ?? []).toString();
    return { ...answer, text, requestId: answer.$metadata.requestId };
  }

  it("accepts an asynchronous invocation before it runs, and runs it under the same id", async () => {
    const answer = await invoke("gated", {
      InvocationType: "Event",
      Payload: JSON.stringify({ dryRun: true }),
    });
    expect(answer).toMatchObject({ StatusCode: 202, text: "" });
    expect(answer.requestId).toMatch(
      /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    );
    expect(seen).toEqual([]);
    const idle = vi.fn();
    const waiting = emulator.idle().then(idle);
    await invoke("echo", { InvocationType: "RequestResponse" });
    expect(idle).not.toHaveBeenCalled();
    release();
    await waiting;
    expect(seen.map(({ event }) => event)).toEqual([{}, { dryRun: true }]);
    expect(seen[1]?.context.awsRequestId).toBe(answer.requestId);
    expect(seen[0]?.context.awsRequestId).not.toBe(answer.requestId);
    expect(failed).toEqual([]);
  });

  it("answers a synchronous invocation with the result", async () => {
    const answer = await invoke("echo", { Payload: '{"a":[1]}' });
    expect(answer).toMatchObject({
      StatusCode: 200,
      text: '{"got":{"a":[1]}}',
      ExecutedVersion: "$LATEST",
    });
    expect(answer.FunctionError).toBeUndefined();
    expect(seen[0]?.context.awsRequestId).toBe(answer.requestId);
  });

  it.each([
    ["broken", '"errorType":"TypeError","errorMessage":"no evidence"'],
    ["endless", "Task timed out after 0.05 seconds"],
  ])(
    "reports a function error of %s to a waiting caller",
    async (name, text) => {
      const answer = await invoke(name);
      expect(answer).toMatchObject({
        StatusCode: 200,
        FunctionError: "Unhandled",
      });
      expect(answer.text).toContain(text);
      expect(failed).toEqual([]);
    },
  );

  it("tells onError of failed asynchronous runs, once", async () => {
    const ids = [];
    for (const name of ["broken", "endless"])
      ids.push((await invoke(name, { InvocationType: "Event" })).requestId);
    await emulator.idle();
    expect(failed.map((run) => run.functionName)).toEqual([
      "broken",
      "endless",
    ]);
    expect(failed.map((run) => run.awsRequestId)).toEqual(ids);
    expect(failed[0]?.error).toBeInstanceOf(TypeError);
    expect(String(failed[1]?.error)).toContain("timed out");
  });
});

describe("SNS", () => {
  const TopicArn = "arn:aws:sns:us-east-1:123456789012:reports";
  let emulator: SnsEmulator;
  let client: SNSClient;
  let told: PublishedMessage[];

  beforeEach(async () => {
    told = [];
    emulator = await startSnsEmulator({
      topicArns: [TopicArn],
      onMessage: (message) => told.push(message),
    });
    vi.stubEnv("AWS_ENDPOINT_URL_SNS", emulator.url);
    client = new SNSClient({ maxAttempts: 1 });
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    client.destroy();
    await emulator.close();
  });

  const publish = (input: PublishCommandInput) =>
    client.send(new PublishCommand(input));

  it("keeps a message exactly, and tells of it", async () => {
    const Message = "a&b=c+d %20 <x> 证书\n\u{1f600}\n";
    const answer = await publish({ TopicArn, Subject: "Ä & B", Message });
    expect(answer.MessageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    const kept = { topicArn: TopicArn, subject: "Ä & B", message: Message };
    expect(emulator.messages).toEqual([kept]);
    expect(told).toEqual([kept]);
  });

  it("takes 256 KB, and not one byte more", async () => {
    const Message = "é".repeat(128 * 1024);
    await publish({ TopicArn, Message });
    await expect(publish({ TopicArn, Message: `${Message}x` })).rejects.toThrow(
      "Message too long",
    );
    expect(emulator.messages).toHaveLength(1);
  });

  it.each([
    [
      "an unknown topic",
      { TopicArn: `${TopicArn}x`, Message: "m" },
      "NotFoundException",
      404,
    ],
    [
      "an empty message",
      { TopicArn, Message: "" },
      "InvalidParameterException",
      400,
    ],
    [
      "a line break in the subject",
      { TopicArn, Subject: "a\nb", Message: "m" },
      "InvalidParameterException",
      400,
    ],
    [
      "what is no text",
      { TopicArn, Message: "a\u0007b" },
      "InvalidParameterException",
      400,
    ],
    [
      "a long subject",
      { TopicArn, Subject: "s".repeat(100), Message: "m" },
      "InvalidParameterException",
      400,
    ],
  ])("refuses %s", async (_, input, name, httpStatusCode) => {
    const error: unknown = await publish(input).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(SNSServiceException);
    expect(error).toMatchObject({ name, $metadata: { httpStatusCode } });
    expect(emulator.messages).toEqual([]);
    expect(told).toEqual([]);
  });
});
