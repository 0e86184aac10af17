/** A sweep or a single deletion, told by what the account and the vendor do in turn, on a virtual clock. */
import {
  deleteOne,
  type DeletionRequest,
} from "../../functions/janitor/delete-one.ts";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import type {
  Deleter,
  DeletionOrder,
  Observer,
} from "../../functions/janitor/ports.ts";
import {
  NoEvidence,
  sweep,
  type SweepSettings,
} from "../../functions/janitor/sweep.ts";
import type { Policy } from "../../functions/janitor/verdict.ts";
import {
  failure,
  id,
  many,
  NOW,
  observed,
  POLICY,
  type Fields,
} from "./account.ts";
import { VirtualClock } from "./clock.ts";

/** Answers in turn; the last of each list goes on for ever. */
export interface Story {
  /** What the account has at first: a DeleteCert that succeeds removes it. @default three that may be deleted */
  readonly account?: readonly Fields[];
  /** What each reading shows or fails with. @default the account as it is then */
  readonly reads?: readonly (readonly Fields[] | Error)[];
  readonly readTakes?: number | ((read: number) => number);
  readonly domains?: readonly Fields[];
  /** Whether the n-th reading was settled. @default always */
  readonly isSettled?: (read: number) => boolean;
  /** What the lists after a DeleteCert show. @default the account as it is then */
  readonly lists?: readonly (readonly Fields[] | Error)[];
  /** What DeleteCert fails with, or undefined for success. */
  readonly deletes?: (order: DeletionOrder, call: number) => unknown;
  readonly deleteTakes?: number;
  readonly policy?: Partial<Policy>;
}

function nth<T>(list: readonly T[] | undefined, call: number): T | undefined {
  return list?.[Math.min(call, list.length) - 1];
}

/** The ports as the story has them, on a clock of their own. Reading `n` is signed by version `vn` of the secret. */
function world(story: Story) {
  const clock = new VirtualClock(NOW);
  const account = story.account ?? many(3);
  const gone = new Set<unknown>();
  const orders: DeletionOrder[] = [];
  const calls = { reads: 0, lists: 0 };
  const lines: Fields[] = [];
  let turn = 0;
  const shown = (given: readonly Fields[] | Error | undefined) => {
    if (given instanceof Error) throw given;
    const left = account.filter((item) => !gone.has(item["ChainID"]));
    return observed(given ?? left, story.domains);
  };
  const observer: Observer = {
    async observe({ signal }) {
      const call = ++calls.reads;
      const startedAt = clock.monotonic();
      const takes = story.readTakes ?? 1000;
      await clock.sleep(
        typeof takes === "number" ? takes : takes(call),
        signal,
      );
      return {
        ...shown(nth(story.reads, call)),
        startedAt,
        isSettled: story.isSettled?.(call) ?? true,
        readAt: { certificates: "", domains: "" },
        requestId: `r-read-${String(call)}`,
        secretVersion: `v${String(call)}`,
      };
    },
    async listCertificates({ signal }) {
      const call = ++calls.lists;
      await clock.sleep(1000, signal);
      return {
        certificates: shown(nth(story.lists, call)).certificates,
        requestId: `r-list-${String(call)}`,
      };
    },
  };
  const deleter: Deleter = {
    async deleteCertificate(order) {
      const call = orders.push(order);
      const given = story.deletes?.(order, call);
      if (given instanceof VendorFailure && given.attempts === 0) throw given;
      // As a pacer does: one after the other.
      const wait = Math.max(0, turn - clock.monotonic());
      turn = clock.monotonic() + wait + 128;
      await clock.sleep(wait);
      if (clock.monotonic() >= order.sendBefore || !order.permit(1)) {
        throw failure({ kind: "too-late", outcome: "not done", attempts: 0 });
      }
      await clock.sleep(story.deleteTakes ?? 100);
      if (given instanceof VendorFailure) order.ended(1, given);
      if (given !== undefined) AbortSignal.abort(given).throwIfAborted();
      gone.add(order.chainId);
      order.ended(1, undefined, "r-delete");
      return { requestId: "r-delete", attempts: 1 };
    },
  };
  const log = (line: Fields): void => {
    lines.push(line);
  };
  return {
    clock,
    orders,
    calls,
    lines,
    parts: { observer, deleter, clock, log },
  };
}

/** The lines of one kind. */
export function events(lines: readonly Fields[], event: string): Fields[] {
  return lines.filter((line) => line["event"] === event);
}

export interface DeletionStory extends Story {
  readonly time?: number;
  readonly request?: Partial<DeletionRequest>;
}

/** Deletes certificate 1, by default the only one there is. */
export async function deletion(story: DeletionStory = {}) {
  const { parts, clock, ...seen } = world({ account: many(1), ...story });
  const work = deleteOne(
    parts,
    { ...POLICY, ...story.policy },
    {
      chainId: id(1),
      force: false,
      dryRun: false,
      asked: { caller: "me" },
      ...story.request,
    },
    clock.deadline(story.time ?? 25_000),
  );
  return { outcome: await clock.run(work), clock, ...seen };
}

export interface SweepStory extends Story {
  /** Milliseconds that the host gives the function. */
  readonly lifetime?: number;
  readonly settings?: Partial<SweepSettings>;
}

/** Sweeps; `error` is what it rejected with, and its report is given all the same. */
export async function swept(story: SweepStory = {}) {
  const { parts, clock, ...seen } = world(story);
  const lifetime = story.lifetime ?? 900_000;
  const work = sweep(
    {
      ...parts,
      runId: "run",
      remainingMs: () => lifetime - clock.monotonic(),
    },
    {
      policy: { ...POLICY, ...story.policy },
      maxDeletions: 100,
      dryRun: false,
      ...story.settings,
    },
  );
  const { report, error } = await clock.run(
    work.then(
      (report) => ({ report, error: undefined }),
      (error: unknown) => {
        if (!(error instanceof NoEvidence)) throw error;
        return { report: error.report, error };
      },
    ),
  );
  return { report, error, clock, ...seen };
}
