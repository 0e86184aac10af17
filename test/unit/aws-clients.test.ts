/** How long AWS may take, by the real SDK clients: the machine's own clock has no part in it. */
import dns from "node:dns";
import { once } from "node:events";
import { createServer } from "node:http";
import { setImmediate as soon } from "node:timers/promises";
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import { readConfiguration } from "../../functions/host/configuration.ts";
import { publish } from "../../functions/host/report-topic.ts";
import { createVendor } from "../../functions/host/wiring.ts";
import { lambdaStart } from "../../functions/http/start-sweep.ts";
import { withDeadline } from "../../functions/janitor/deadline.ts";
import { startLoopbackServer } from "../../infra/local/loopback-server.ts";
import { startSnsEmulator } from "../../infra/local/sns-emulator.ts";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:reports";

/** A deletion whose key has to be read first, from a vendor that is not reached then. */
async function readKey(): Promise<void> {
  const vendor = createVendor(
    { env: {}, clock: systemClock, random: () => 0, log: () => undefined },
    readConfiguration({
      VOLCENGINE_SECRET_ID: "live/key",
      VOLCENGINE_ENDPOINT: "http://127.0.0.1:1",
    }),
    5000,
  );
  try {
    await withDeadline(systemClock, 60_000, undefined, (deadline) =>
      vendor.deleter.deleteCertificate({
        chainId: "x",
        secretVersion: "v1",
        sendBefore: Infinity,
        deadline,
        permit: () => true,
        ended: () => undefined,
      }),
    );
  } finally {
    await vendor.close();
  }
}

const CALLS = {
  "the start of a sweep": {
    variable: "AWS_ENDPOINT_URL_LAMBDA",
    call: () => lambdaStart("sweep")("{}"),
    says: "did not answer in time, so a sweep may have started",
  },
  "the report": {
    variable: "AWS_ENDPOINT_URL_SNS",
    call: () => publish(TOPIC, { subject: "s", text: "t" }),
    says: "ms",
  },
  "the reading of the key": {
    variable: "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    call: readKey,
    says: "TimeoutError",
  },
} as const;
const NAMES = Object.keys(CALLS) as (keyof typeof CALLS)[];

beforeEach(() => {
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe("AWS that hangs", () => {
  /** Calls, and lets exactly `ms` pass at each of the `attempts` that is counted. */
  async function outwait(
    { call, says }: (typeof CALLS)[keyof typeof CALLS],
    counted: () => number,
    attempts: number,
    ms: number,
  ): Promise<void> {
    // A retry follows at once, in the fake clock's next millisecond.
    vi.spyOn(Math, "random").mockReturnValue(0);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const ended = vi.fn();
    const rejected = expect(call().finally(ended)).rejects.toThrow(says);
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      await vi.advanceTimersByTimeAsync(attempt > 1 ? 1 : 0);
      while (counted() < attempt && ended.mock.calls.length === 0) {
        await soon();
        await vi.advanceTimersByTimeAsync(0);
      }
      await vi.advanceTimersByTimeAsync(ms - 1);
      expect(counted()).toBe(attempt);
      expect(ended).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
    }
    await rejected;
    expect(counted()).toBe(attempts);
  }

  it.each([
    ["the start of a sweep", 1, 5000],
    ["the report", 2, 3000],
    ["the reading of the key", 2, 4000],
  ] as const)(
    "with its answer ends %s after %i times %i ms",
    async (name, attempts, ms) => {
      let asked = 0;
      const server = await startLoopbackServer(0, () => {
        asked += 1;
      });
      onTestFinished(() => server.close());
      vi.stubEnv(CALLS[name].variable, server.url);
      await outwait(CALLS[name], () => asked, attempts, ms);
    },
  );

  it.each([
    ["the start of a sweep", 1, 5000],
    ["the report", 2, 3000],
    ["the reading of the key", 2, 2000],
  ] as const)(
    "before it is reached ends %s after %i times %i ms",
    async (name, attempts, ms) => {
      // The look-up of the name never comes to an end.
      const lookup = vi.spyOn(dns, "lookup").mockReturnValue();
      vi.stubEnv(CALLS[name].variable, "http://silent.invalid");
      const counted = () => lookup.mock.calls.length;
      await outwait(CALLS[name], counted, attempts, ms);
    },
  );
});

it.each(NAMES)("%s leaves no connection open", async (name) => {
  const server = createServer({ keepAliveTimeout: 0 }, (_, response) => {
    response.writeHead(400).end("{}");
  });
  const closed = new Promise((resolve) => {
    server.once("connection", (socket) => socket.once("close", resolve));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  vi.stubEnv(CALLS[name].variable, `http://127.0.0.1:${String(port)}`);
  await expect(CALLS[name].call()).rejects.toThrow();
  await closed;
});

it("the report goes to its topic with subject and text", async () => {
  const mailbox = await startSnsEmulator();
  onTestFinished(() => mailbox.close());
  vi.stubEnv("AWS_ENDPOINT_URL_SNS", mailbox.url);
  await publish(TOPIC, { subject: "1 deleted", text: "a\nb" });
  expect(mailbox.messages).toEqual([
    { topicArn: TOPIC, subject: "1 deleted", message: "a\nb" },
  ]);
});
