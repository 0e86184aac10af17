/** When the client of the vendor asks again, over real sockets: as it was told, and on another connection. */
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import {
  ATTEMPT_MS,
  connect,
  endAll,
  expectFailure,
  json,
  serve,
  SUCCESS,
  THROTTLED,
} from "../support/faulty-call.ts";
import {
  http,
  resetConnection,
  say,
  type Reaction,
} from "../support/faulty-server.ts";

afterEach(endAll);

describe("429 is not done", () => {
  const inSeconds = (seconds: number) =>
    new Date(Date.now() + seconds * 1000).toUTCString();

  it.each<[string, () => string[], number, number, number]>([
    // Waits of 500 ms each, four attempts at the most: the deadline is far behind them.
    ["without Retry-After 500 ms later each", () => [], 20_000, 4, 1500],
    ["one second later, as asked", () => ["retry-after: 1"], 20_000, 4, 3000],
    [
      "at a date, as asked",
      () => [`retry-after: ${inSeconds(2.5)}`],
      20_000,
      4,
      1400,
    ],
    [
      "500 ms later if the date is past",
      () => [`retry-after: ${inSeconds(-9)}`],
      20_000,
      4,
      1500,
    ],
    [
      "500 ms later if the header says nothing",
      () => ["retry-after: soon"],
      20_000,
      4,
      1500,
    ],
    [
      "never before an absurd number",
      () => ["retry-after: 99999999999"],
      5000,
      1,
      0,
    ],
    [
      "never before a number beyond all numbers",
      () => [`retry-after: ${"9".repeat(400)}`],
      5000,
      1,
      0,
    ],
    [
      "never before an absurd date",
      () => ["retry-after: Fri, 31 Dec 9999 23:59:59 GMT"],
      5000,
      1,
      0,
    ],
  ])("and repeated %s", async (_, headers, deadlineMs, attempts, least) => {
    const server = await serve((socket) => {
      socket.write(http("429 Too Many Requests", "", headers()));
    });
    const { failure, ms } = await connect(server.origin)(deadlineMs);
    expectFailure(failure, { ...THROTTLED, attempts });
    expect(server.requests).toHaveLength(attempts);
    expect(ms).toBeGreaterThan(least - 100);
  });

  it("and the call succeeds once the vendor has room", async () => {
    const server = await serve([say(http("429 Too Many")), say(SUCCESS)]);
    const { answer } = await connect(server.origin)();
    expect(answer).toMatchObject({ requestId: "r-ok", attempts: 2 });
  });
});

describe("a connection that is kept", () => {
  it("and is closed just before the next call costs one attempt, not the call", async () => {
    const server = await serve(say(SUCCESS));
    const call = connect(server.origin);
    expect((await call()).answer?.attempts).toBe(1);
    server.endAll();
    expect((await call()).answer?.attempts).toBeLessThanOrEqual(2);
    expect(server.connections).toBe(2);
  });

  it.each<[string, Reaction]>([
    ["FIN", (socket) => socket.end()],
    ["a reset", resetConnection],
  ])("and met with %s on its second use is replaced", async (_, reaction) => {
    const server = await serve([say(SUCCESS), reaction, say(SUCCESS)]);
    const call = connect(server.origin);
    expect((await call()).answer?.attempts).toBe(1);
    expect(server.connections).toBe(1);
    expect((await call()).answer?.attempts).toBe(2);
    expect(server.connections).toBe(2);
  });

  it("is not used again once the client gave up, so a slow success answers no other call", async () => {
    const late: Reaction = (socket) => {
      setTimeout(() => socket.write(SUCCESS), ATTEMPT_MS + 60);
    };
    const second = json({ ResponseMetadata: { RequestId: "r-second" } });
    const server = await serve([late, say(second), say(second)]);
    const call = connect(server.origin);
    const { answer } = await call();
    expect(answer).toMatchObject({ requestId: "r-second", attempts: 2 });
    await systemClock.sleep(100);
    expect((await call()).answer?.requestId).toBe("r-second");
    expect(server.connections).toBe(2);
  });
});
