/** One deletion of a certificate, told by what the account and the vendor do in turn, on a virtual clock. */
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import { readDomain } from "../../functions/janitor/in-use.ts";
import {
  deleteOne,
  type DeletionRequest,
} from "../../functions/janitor/delete-one.ts";
import {
  VendorFailure,
  type FailureFacts,
} from "../../functions/janitor/failure.ts";
import type {
  DeletionOrder,
  Observation,
  Deleter,
} from "../../functions/janitor/ports.ts";
import type { Policy } from "../../functions/janitor/verdict.ts";
import { VirtualClock } from "../world/clock.ts";

export const ID = "be37f7c23b514c4987f4860000000001";
export const OTHER = "be37f7c23b514c4987f4860000000002";

export type Fields = Readonly<Record<string, unknown>>;

/** A domain without a certificate. */
const FREE: Fields = { Domain: "free.example.com", ChainID: "" };

export function fields(over: Fields = {}): Fields {
  return {
    ChainID: ID,
    CertName: "live-2024",
    CertDomainList: [],
    NotBefore: "2024-01-01T00:00:00Z",
    NotAfter: "2025-01-01T00:00:00Z",
    Status: "Expire",
    ProjectName: "default",
    ...over,
  };
}

function certificatesOf(items: readonly Fields[]) {
  const records = items.map(readCertificateRecord);
  return uniteListings([{ expiring: true, records }]);
}

export function failure(over: Partial<FailureFacts> = {}): VendorFailure {
  return new VendorFailure("It failed.", {
    kind: "vendor-error",
    outcome: "unknown",
    attempts: 1,
    ...over,
  });
}

export const lost = failure({ possiblyDone: true });
export const notFound = failure({ kind: "not-found", outcome: "answered" });
export const forbidden = failure({ kind: "forbidden", outcome: "answered" });

/** What happens in turn; the last of each goes on for ever. */
export interface Story {
  /** Readings of the account: its certificates, or why there are none. */
  reads?: (readonly Fields[] | Error)[];
  domains?: readonly Fields[];
  isSettled?: boolean;
  /** Fresh lists after a DeleteCert. */
  lists?: (readonly Fields[] | Error)[];
  /** DeleteCert: its failure, or undefined for success. */
  deletes?: (Error | undefined)[];
  deleteTakes?: number;
  time?: number;
  policy?: Partial<Policy>;
  request?: Partial<DeletionRequest>;
}

function nth<T>(list: readonly T[], call: number): T | undefined {
  return list[Math.min(call, list.length) - 1];
}

export async function deletion(story: Story = {}) {
  const clock = new VirtualClock();
  const lines: Fields[] = [];
  const orders: DeletionOrder[] = [];
  const calls = { reads: 0, lists: 0 };
  const certificates = (of: readonly Fields[] | Error | undefined) => {
    if (of instanceof Error) throw of;
    return certificatesOf(of ?? []);
  };
  const deleter: Deleter = {
    async deleteCertificate(order) {
      orders.push(order);
      const given = nth(story.deletes ?? [undefined], orders.length);
      if (order.permit(1)) await clock.sleep(story.deleteTakes ?? 10);
      if (given instanceof VendorFailure) order.ended(1, given);
      if (given instanceof Error) throw given;
      order.ended(1, undefined, "r-delete");
      return { requestId: "r-delete", attempts: 1 };
    },
  };
  const observer = {
    async observe(): Promise<Observation> {
      const call = ++calls.reads;
      const startedAt = clock.monotonic();
      await clock.sleep(100);
      return {
        certificates: certificates(nth(story.reads ?? [[fields()]], call)),
        domains: (story.domains ?? [FREE]).flatMap(
          (item) => readDomain(item) ?? [],
        ),
        startedAt,
        isSettled: story.isSettled ?? true,
        readAt: { certificates: "", domains: "" },
        requestId: `r-read-${String(call)}`,
        secretVersion: `v${String(call)}`,
      };
    },
    async listCertificates() {
      const call = ++calls.lists;
      await clock.sleep(100);
      return {
        certificates: certificates(nth(story.lists ?? [[]], call)),
        requestId: `r-list-${String(call)}`,
      };
    },
  };
  const work = deleteOne(
    {
      observer,
      deleter,
      clock,
      log: (line) => {
        lines.push(line);
      },
    },
    {
      graceDays: 7,
      unseenDomains: "keep",
      projectNames: [],
      protect: [],
      ...story.policy,
    },
    {
      chainId: ID,
      force: false,
      dryRun: false,
      asked: { caller: "me" },
      ...story.request,
    },
    clock.deadline(story.time ?? 25_000),
  );
  const outcome = await clock.run(work);
  return { outcome, orders, calls, lines, clock };
}
