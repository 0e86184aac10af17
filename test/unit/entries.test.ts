/** What the functions take from the process that they run in. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { handler as api } from "../../functions/certificates-api.ts";
import { handler as sweep } from "../../functions/expired-sweep.ts";
import { defaultProvider } from "../../functions/host/environment-credentials.ts";
import { lambdaHost, lazily } from "../../functions/host/host.ts";
import { systemClock } from "../../functions/host/clock.ts";

const CONTEXT = {
  awsRequestId: "run-1",
  getRemainingTimeInMillis: () => 29_000,
};

/** What is logged until the test ends; the environment is without settings. */
function logged() {
  vi.stubEnv("VOLCENGINE_SECRET_ID", undefined);
  const info = vi.spyOn(console, "info").mockReturnValue();
  onTestFinished(() => {
    info.mockRestore();
    vi.unstubAllEnvs();
  });
  return info.mock.calls;
}

describe("the entries", () => {
  it("of the API answers an event of another kind, and logs it as a line", async () => {
    const lines = logged();
    expect((await api({}, CONTEXT)).statusCode).toBe(400);
    expect(lines).toEqual([
      [expect.objectContaining({ event: "request", status: 400 })],
    ]);
  });

  it("of the sweep reads its settings when it runs", async () => {
    logged();
    await expect(sweep({}, CONTEXT)).rejects.toThrow(
      /^Nothing was deleted: .*VOLCENGINE_SECRET_ID is not set/,
    );
  });
});

describe("the host that Lambda is", () => {
  it("has the time, the chance and the environment of the process", () => {
    const { env, clock, random } = lambdaHost();
    expect([env, clock, random]).toEqual([
      process.env,
      systemClock,
      Math.random,
    ]);
  });

  it("builds once, and again what failed", () => {
    const build = vi.fn(() => ({}));
    build.mockImplementationOnce(() => {
      throw new Error("not yet");
    });
    const get = lazily(build);
    expect(get).toThrow("not yet");
    expect(get()).toBe(get());
    expect(build).toHaveBeenCalledTimes(2);
  });
});

describe("AWS's keys", () => {
  function keys(id: string, secret: string, token?: string) {
    vi.stubEnv("AWS_ACCESS_KEY_ID", id);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", secret);
    vi.stubEnv("AWS_SESSION_TOKEN", token);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    return defaultProvider()();
  }

  it("are those that Lambda puts into the environment", async () => {
    const pair = { accessKeyId: "AKID", secretAccessKey: "secret" };
    expect(await keys("AKID", "secret")).toEqual(pair);
    expect(await keys("AKID", "secret", "")).toEqual(pair);
    expect(await keys("AKID", "secret", "token")).toEqual({
      ...pair,
      sessionToken: "token",
    });
  });

  it.each([
    ["", "secret"],
    ["AKID", ""],
  ])("are asked for by name where one is missing: %j, %j", async (...pair) => {
    await expect(keys(...pair)).rejects.toThrow(
      "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment.",
    );
  });
});
