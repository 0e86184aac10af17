/** One call to a faulty server, and what is to become of it. */
import { expect } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import {
  VendorFailure,
  type FailureKind,
  type Outcome,
} from "../../functions/janitor/failure.ts";
import { withDeadline } from "../../functions/janitor/deadline.ts";
import {
  createLiveApi,
  type LiveAnswer,
} from "../../functions/volcengine/live-api.ts";
import { createPacer } from "../../functions/volcengine/pacer.ts";
import { createTransport } from "../../functions/volcengine/transport.ts";
import {
  http,
  startFaultyServer,
  type FaultyServer,
  type FaultyServerOptions,
  type Reaction,
} from "./faulty-server.ts";
import { keyOf } from "../world/key.ts";

/** An attempt is given up after this long, a connection after the other; three waits between four attempts are 300. */
export const ATTEMPT_MS = 200;
const CONNECT_MS = 120;
const DEADLINE_MS = 1500;
const LATE_MS = 50;
export const CAP = 64 * 1024;

const cleanUp: (() => unknown)[] = [];

/** Ends what {@link serve} and {@link connect} have started. */
export async function endAll(): Promise<void> {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
}

export async function serve(
  reactions: Reaction | readonly Reaction[],
  options?: FaultyServerOptions,
): Promise<FaultyServer> {
  const server = await startFaultyServer([reactions].flat(), options);
  cleanUp.push(() => server.close());
  return server;
}

export function connect(origin: URL, attemptMs = ATTEMPT_MS) {
  const transport = createTransport(origin, CONNECT_MS);
  cleanUp.push(() => transport.close());
  const api = createLiveApi({
    endpoint: origin,
    region: "cn-north-1",
    accessKeys: {
      current: () => Promise.resolve(keyOf("v1")),
      refreshed: () => Promise.resolve(keyOf("v1")),
    },
    transport,
    clock: systemClock,
    random: () => 0,
    attemptMs,
  });
  const pacer = createPacer(systemClock, 1000, 8);
  /** One call, which must settle before its deadline plus 50 ms, whatever comes. */
  return async (
    deadlineMs = DEADLINE_MS,
  ): Promise<{ answer?: LiveAnswer; failure?: VendorFailure; ms: number }> => {
    const started = performance.now();
    const cpu = process.cpuUsage();
    const late = new AbortController();
    const settled = withDeadline(
      systemClock,
      deadlineMs,
      undefined,
      (deadline) =>
        api.call("ListCertV2", {}, { deadline, pacer, maxBytes: CAP }),
    ).then(
      (answer) => ({ answer }),
      (failure: unknown) => {
        if (!(failure instanceof VendorFailure)) throw failure;
        return { failure };
      },
    );
    // Timers fire in their order however busy the machine is, so a stall by others is no failure of ours.
    const tooLate = systemClock
      .sleep(deadlineMs + LATE_MS, late.signal)
      .then(() => {
        throw new Error("the deadline passed");
      });
    const result = await Promise.race([settled, tooLate]).finally(() => {
      late.abort();
      tooLate.catch(() => undefined);
    });
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1000).toBeLessThan(deadlineMs + LATE_MS);
    return { ...result, ms: performance.now() - started };
  };
}

export interface Expected {
  readonly outcome: Outcome;
  readonly kind: FailureKind;
  readonly attempts: number;
}

export const NOT_CONNECTED: Expected = {
  outcome: "not done",
  kind: "unreachable",
  attempts: 4,
};
export const WRONG_PEER: Expected = {
  outcome: "answered",
  kind: "unreachable",
  attempts: 1,
};
export const BROKEN: Expected = {
  outcome: "unknown",
  kind: "vendor-error",
  attempts: 4,
};
export const SILENT: Expected = { ...BROKEN, kind: "timeout" };
export const REFUSED: Expected = { ...WRONG_PEER, kind: "vendor-error" };
export const THROTTLED: Expected = {
  outcome: "not done",
  kind: "throttled",
  attempts: 1,
};

export function expectFailure(
  failure: VendorFailure | undefined,
  expected: Expected,
): void {
  expect({
    outcome: failure?.outcome,
    kind: failure?.kind,
    attempts: failure?.attempts,
    possiblyDone: failure?.possiblyDone,
  }).toEqual({ ...expected, possiblyDone: expected.outcome === "unknown" });
}

export const json = (content: unknown, status = "200 OK", headers?: string[]) =>
  http(status, JSON.stringify(content), headers);
export const SUCCESS = json({
  ResponseMetadata: { RequestId: "r-ok" },
  Result: { Total: 0 },
});
