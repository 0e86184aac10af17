/** What the model of the vendor is told, what it notes, and the form of its answers. */
import type { TransportAnswer } from "../../functions/volcengine/transport.ts";
import type { Faults } from "./faults.ts";
import type { LimiterKind } from "./limiter.ts";
import type { Lie } from "./lies.ts";

/** What every message of the vendor holds: it must never show up in a log. */
export const VENDOR_MARK = "VENDOR-WORDS-9b1f";

export interface VendorSettings {
  readonly faults: Faults;
  readonly lies: readonly Lie[];
  /** Probability that a page is a lie. */
  readonly lieRate: number;
  readonly limiter: LimiterKind;
  /** One way, in milliseconds, with a uniform jitter on top. */
  readonly latency: number;
  readonly jitter: number;
  /** The vendor's own bound on a page, whatever was asked. */
  readonly pageCap: number;
  /** Milliseconds by which the vendor's clock is ahead of the true time. */
  readonly skew: number;
  readonly missing: "ResourceNotFound" | "RequestForbidden";
  /** Served pages are kept for the checks. */
  readonly keepPages: boolean;
}

/** One process that calls. */
export interface Caller {
  readonly name: string;
  /** Called before each continuation; false: the process is gone. */
  step(): boolean;
}

export interface Send {
  readonly caller: string;
  readonly action: string;
  readonly chainId: string;
  /** What was asked, to tell repetitions. */
  readonly asked: string;
  readonly key: string;
  readonly sentAt: number;
  endedAt: number;
}

export interface Page {
  readonly action: string;
  /** All that was asked but the page's number. */
  readonly filter: string;
  readonly expiring: boolean;
  readonly items: readonly unknown[];
  readonly total: unknown;
  readonly key: string;
  readonly date: number | undefined;
  readonly lie: Lie | undefined;
}

/** A deletion that took place, with the truth at that moment. */
export interface Deletion {
  readonly caller: string;
  readonly chainId: string;
  readonly requestId: string;
  readonly at: number;
  readonly expired: boolean;
  readonly bound: boolean;
  readonly changedAt: number;
}

export type Json = Readonly<Record<string, unknown>>;

export interface Reply {
  readonly status: number;
  readonly body: Json | string;
  readonly retryAfter?: string;
  readonly date?: number | undefined;
}

const ERROR_STATUS: Readonly<Record<string, number>> = {
  InvalidParam: 400,
  CommonErr: 200,
  InternalError: 500,
  "InternalError.DB": 500,
  InternalServiceTimeout: 504,
  ResourceNotFound: 404,
  FlowLimitExceeded: 429,
  SomethingNew: 418,
};

/** The reply as the transport hands it over. */
export function toAnswer(reply: Reply): TransportAnswer {
  return {
    status: reply.status,
    date:
      reply.date === undefined ? undefined : new Date(reply.date).toUTCString(),
    retryAfter: reply.retryAfter,
    body: new TextEncoder().encode(
      typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body),
    ),
  };
}

/** A refusal by a vendor, or a proxy before it, that echoes what it was sent. */
export function refusal(code: string, metadata: Json, echo: unknown): Reply {
  return {
    status: ERROR_STATUS[code] ?? 403,
    body: {
      ResponseMetadata: {
        ...metadata,
        Error: {
          Code: code,
          Message: `${VENDOR_MARK} ${JSON.stringify(echo)}`,
        },
      },
    },
  };
}
