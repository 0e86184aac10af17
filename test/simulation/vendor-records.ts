/** What the model of the vendor is told, what it notes, and the form of its answers. */
import type { Unkind } from "../../infra/local/live-emulator/unkind.ts";
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
  readonly certificatePageCap: number;
  readonly domainPageCap: number;
  /** Milliseconds by which the vendor's clock is ahead of the true time. */
  readonly skew: number;
  /** What is said of a chain id that does not exist. */
  readonly missing: "ResourceNotFound" | "RequestForbidden" | "fine";
  /** Probability that a deletion takes effect without a word of it. */
  readonly unanswered: number;
  readonly unkind: ReadonlySet<Unkind>;
  /** Served pages are kept for the checks. */
  readonly keepPages: boolean;
}

/** A vendor that does what one hopes of it. */
export const KIND = {
  faults: { kinds: [], rate: 0 },
  lies: [],
  lieRate: 0,
  certificatePageCap: 1000,
  domainPageCap: 1000,
  skew: 0,
  missing: "ResourceNotFound",
  unanswered: 0,
  unkind: new Set<Unkind>(),
} as const satisfies Partial<VendorSettings>;

/** One process that calls. */
export interface Caller {
  readonly name: string;
  /** Called before each continuation; false: the process is gone. */
  step(): boolean;
}

/** What a client was given for a request: the vendor's code, '' for success, or a transport that failed. */
export type Given = "not-connected" | "broken" | { readonly code: string };

export interface Send {
  readonly caller: string;
  readonly action: string;
  readonly chainId: string;
  /** What was asked, to tell repetitions. */
  readonly asked: string;
  readonly key: string;
  readonly sentAt: number;
  endedAt: number;
  /** Undefined: given up before anything came. */
  given: Given | undefined;
}

export interface Page {
  readonly action: string;
  /** All that was asked but the page's number. */
  readonly filter: string;
  readonly pageNum: number;
  readonly pageSize: number;
  readonly expiring: boolean;
  readonly askedAt: number;
  /** All that the listing had then, as the vendor keeps it. */
  readonly all: readonly unknown[];
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
  readonly sentAt: number;
  readonly at: number;
  readonly expired: boolean;
  /** The domains that it really served, in the comparing form. */
  readonly bound: readonly {
    readonly name: string;
    readonly hidden: boolean;
  }[];
  /** What it covered, in the same form. */
  readonly names: readonly string[];
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
  OperationDenied: 409,
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

/** The code that a reply holds: '' for success, "unreadable" for none that can be read. */
export function codeOf({ body }: Reply): string {
  if (typeof body === "string") return "unreadable";
  const { Error: error } = body["ResponseMetadata"] as {
    Error?: { Code: string };
  };
  return error?.Code ?? "";
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
