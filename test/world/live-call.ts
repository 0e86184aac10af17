/** One call of the Live client against a vendor that answers step by step, on a virtual clock. */
import { VendorFailure } from "../../functions/janitor/failure.ts";
import {
  createLiveApi,
  type CallOptions,
  type AccessKeySource,
} from "../../functions/volcengine/live-api.ts";
import { createPacer } from "../../functions/volcengine/pacer.ts";
import type {
  TransportAnswer,
  TransportRequest,
} from "../../functions/volcengine/transport.ts";
import { VirtualClock } from "./clock.ts";
import { keyOf } from "./key.ts";

/** What the vendor does with one request. */
export type Step = (request: TransportRequest) => Promise<TransportAnswer>;

export const DATE = "Tue, 24 Nov 2026 12:00:00 GMT";

function answer(status: number, body: string, retryAfter?: string): Step {
  return () =>
    Promise.resolve({
      status,
      date: DATE,
      retryAfter,
      body: new TextEncoder().encode(body),
    });
}

export function envelope(metadata: object, rest: object = {}): string {
  return JSON.stringify({ ResponseMetadata: metadata, ...rest });
}

export const ok = answer(
  200,
  envelope({ RequestId: "r-ok" }, { Result: { a: 1 } }),
);

export function error(code: string, status: number, retryAfter?: string): Step {
  const body = envelope({ RequestId: "r-error", Error: { Code: code } });
  return answer(status, body, retryAfter);
}

export function broken(code: string): Step {
  return () => Promise.reject(Object.assign(new Error("x"), { code }));
}

export const hanging: Step = () => new Promise(() => undefined);
export const reset = broken("ECONNRESET");
export const throttled = error("FlowLimitExceeded", 429);
export const rejected = error("SignatureDoesNotMatch", 401);

export interface World {
  random?: number;
  accessKeys?: Partial<AccessKeySource>;
  options?: Partial<CallOptions>;
  /** Nobody gives leave or is told, as for listings. */
  plain?: boolean;
  /** Milliseconds to the deadline. */
  time?: number;
  clock?: VirtualClock;
}

/** Calls DeleteCert of a vendor that does one step after the other, the last one for ever. */
export async function call(steps: readonly Step[], world: World = {}) {
  const clock = world.clock ?? new VirtualClock();
  const sent: (TransportRequest & { at: number })[] = [];
  const hooks: unknown[] = [];
  const api = createLiveApi({
    endpoint: new URL("https://live.volcengineapi.com"),
    region: "cn-north-1",
    accessKeys: {
      current: () => Promise.resolve(keyOf("v1")),
      refreshed: () => Promise.resolve(keyOf("v1")),
      ...world.accessKeys,
    },
    transport: {
      send(request) {
        sent.push({ ...request, at: clock.monotonic() });
        const step = steps[Math.min(sent.length, steps.length) - 1] ?? hanging;
        return step(request);
      },
      close: () => Promise.resolve(),
    },
    clock,
    random: () => world.random ?? 0,
    attemptMs: 5000,
  });
  const deadline = clock.deadline(
    world.time ?? 60_000,
    new VendorFailure("over", { kind: "timeout", outcome: "unknown" }),
  );
  const work = api.call(
    "DeleteCert",
    { ChainID: "x" },
    {
      deadline,
      pacer: createPacer(clock, 1000, 8),
      maxBytes: 65_536,
      ...(world.plain !== true && {
        permit: (attempt: number) => {
          hooks.push(["permit", attempt]);
          return true;
        },
        ended: (
          attempt: number,
          failure: VendorFailure | undefined,
          requestId?: string,
        ) => {
          hooks.push(["ended", attempt, failure?.kind ?? requestId]);
        },
      }),
      ...world.options,
    },
  );
  const settled = await clock.run(
    work.then(
      (value) => ({ value, failure: undefined }),
      (failure: unknown) => ({ value: undefined, failure }),
    ),
  );
  return {
    ...settled,
    sent,
    hooks,
    clock,
    attempts: sent.length,
    sentAt: sent.map(({ at }) => at),
  };
}
