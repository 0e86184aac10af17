/** One call to a faulty server, and what is to become of it. */
import { expect } from "vitest";
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
import { hurriedClock } from "./clock.ts";
import { keyOf } from "./key.ts";

const DEADLINE_MS = 120_000;
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

/** Enough for a busy machine; what never answers waits for nobody who calls `skip`. */
const ATTEMPT_MS = 20_000;
const CONNECT_MS = 10_000;

/** The longest wait that takes no time is the longest one that a test has the vendor ask for. */
export const clockOfCalls = () => hurriedClock(3500);

export function connect(origin: URL, clock = clockOfCalls()) {
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
    clock,
    random: () => 0,
    attemptMs: ATTEMPT_MS,
  });
  const pacer = createPacer(clock, 1000, 8);
  /** One call; `ms` is what it took by its own clock. */
  return async (
    deadlineMs = DEADLINE_MS,
  ): Promise<{ answer?: LiveAnswer; failure?: VendorFailure; ms: number }> => {
    const started = clock.monotonic();
    const settled = await withDeadline(
      clock,
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
    return { ...settled, ms: clock.monotonic() - started };
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
