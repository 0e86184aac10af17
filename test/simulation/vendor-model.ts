/**
 * A model of the vendor, behind the interface of the product's transport: what is above it (signer, client, pacers, observer,
 * remover, sweep) is the real code. It answers, fails and lies as its seed says, and keeps the truth.
 */
import type {
  Transport,
  TransportAnswer,
  TransportRequest,
} from "../../functions/volcengine/transport.ts";
import {
  domainRecord,
  identifiers,
  recordOf,
  type Account,
  type Certificate,
} from "./account.ts";
import { fateOf, transportError, type Fate } from "./faults.ts";
import { createLimiter } from "./limiter.ts";
import { servePage, type Lie } from "./lies.ts";
import type { Random } from "./random.ts";
import {
  refusal,
  toAnswer,
  VENDOR_MARK,
  type Caller,
  type Deletion,
  type Json,
  type Page,
  type Reply,
  type Send,
  type VendorSettings,
} from "./vendor-records.ts";
import type { VirtualClock } from "./virtual-clock.ts";

function isCertificate(item: unknown): item is Certificate {
  return typeof item === "object" && item !== null && "changedAt" in item;
}

export class VendorModel {
  readonly account: Account;
  readonly sends: Send[] = [];
  readonly pages = new Map<string, Page>();
  readonly deletions: Deletion[] = [];
  /** Access keys that are accepted. */
  readonly keys = new Set<string>();
  throttled = 0;
  arrivals: number[] = [];
  settings: VendorSettings;
  /** An error with which everything is answered, as for an account in arrears. */
  closed: string | undefined;
  #requests = 0;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #trace: (line: string) => void;
  readonly #limiters = new Map<string, (time: number) => boolean>();

  constructor(
    clock: VirtualClock,
    account: Account,
    settings: VendorSettings,
    random: Random,
    trace: (line: string) => void,
  ) {
    this.#clock = clock;
    this.account = account;
    this.settings = settings;
    this.#random = random;
    this.#trace = trace;
  }

  get now(): number {
    return this.#clock.wall + this.settings.skew;
  }

  transport(caller: Caller): Transport {
    return {
      send: (request) => this.#send(caller, request),
      close: () => Promise.resolve(),
    };
  }

  /** Whether an honest reading would find a domain bound to it. */
  isBound(certificate: Certificate): boolean {
    const ids = identifiers(certificate);
    return this.account.domains.some(({ boundTo }) =>
      ids.has(boundTo.toLowerCase()),
    );
  }

  #oneWay(): number {
    const { latency, jitter } = this.settings;
    return latency + this.#random.next() * jitter;
  }

  #send(caller: Caller, request: TransportRequest): Promise<TransportAnswer> {
    const action = /Action=(\w+)/.exec(request.path)?.[1] ?? "";
    const body = JSON.parse(request.body) as Json;
    const authorization = request.headers["authorization"] ?? "";
    const send: Send = {
      caller: caller.name,
      action,
      chainId: typeof body["ChainID"] === "string" ? body["ChainID"] : "",
      asked: request.body,
      key: /Credential=([^/]+)\//.exec(authorization)?.[1] ?? "",
      sentAt: this.#clock.time,
      endedAt: Infinity,
    };
    this.sends.push(send);
    this.#trace(`send ${caller.name} ${action} ${request.body}`);
    const fate = fateOf(this.settings.faults, this.#random, this.#clock.time);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        request.signal.removeEventListener("abort", abort);
        if (send.endedAt !== Infinity) return;
        send.endedAt = this.#clock.time;
        if (caller.step()) settle();
      };
      const abort = (): void => {
        send.endedAt = this.#clock.time;
        reject(
          request.signal.reason instanceof Error
            ? request.signal.reason
            : new Error("aborted"),
        );
      };
      request.signal.addEventListener("abort", abort, { once: true });
      const failed = transportError(fate);
      const there = this.#clock.time + this.#oneWay() + (fate.delay ?? 0) * 0.5;
      if (!fate.arrives) {
        if (failed !== undefined) {
          this.#clock.at(there, () => {
            end(() => {
              reject(failed);
            });
          });
        }
        return;
      }
      this.#clock.at(there, () => {
        const reply = this.#arrive(send, request, body, fate);
        if (fate.kind === "answer-lost") return;
        if (fate.kind === "duplicated") {
          this.#clock.at(this.#clock.time + this.#oneWay(), () => {
            this.#arrive(send, request, body, fate);
          });
        }
        this.#clock.at(
          this.#clock.time + this.#oneWay() + (fate.delay ?? 0) * 0.5,
          () => {
            end(() => {
              if (failed !== undefined) reject(failed);
              else resolve(toAnswer(reply));
            });
          },
        );
      });
    });
  }

  /** The request is here: what is said back, and what really happens. */
  #arrive(
    send: Send,
    request: TransportRequest,
    body: Json,
    fate: Fate,
  ): Reply {
    const requestId = `r${String(++this.#requests)}`;
    const date = fate.kind === "no-date" ? undefined : this.now;
    const metadata = {
      [this.#requests % 2 === 0 ? "RequestId" : "RequestID"]: requestId,
      Action: send.action,
      Version: "2023-01-01",
      Service: "live",
      Region: "cn-north-1",
    };
    const refuse = (code: string, more: Partial<Reply> = {}): Reply => {
      this.#trace(`refuse ${requestId} ${code}`);
      return { ...refusal(code, metadata, request.headers), date, ...more };
    };
    const signedAt = (request.headers["x-date"] ?? "").replace(
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
      "$1-$2-$3T$4:$5:$6Z",
    );
    if (!(Math.abs(Date.parse(signedAt) - this.now) <= 900_000))
      return refuse("InvalidTimestamp");
    if (!this.keys.has(send.key)) return refuse("InvalidAccessKey");
    if (this.closed !== undefined) return refuse(this.closed);
    if (!this.#isWithinLimit(send.action))
      return refuse("FlowLimitExceeded", fate.throttle ?? {});
    if (fate.kind === "throttled") {
      return refuse(
        this.#random.pick(["FlowLimitExceeded", "AccountFlowLimitExceeded"]),
        fate.throttle ?? {},
      );
    }
    if (fate.kind === "error" && fate.code !== undefined && !fate.done)
      return refuse(fate.code);
    const reply =
      send.action === "DeleteCert"
        ? this.#delete(send, requestId, metadata, refuse)
        : this.#list(send, requestId, body, metadata, date);
    if (fate.kind === "error" && fate.code !== undefined)
      return refuse(fate.code);
    if (fate.kind === "unreadable") {
      return {
        status: fate.status ?? 502,
        body: `<html>${VENDOR_MARK} ${JSON.stringify(request.headers)}</html>`,
        date,
      };
    }
    return { date, ...reply };
  }

  #isWithinLimit(action: string): boolean {
    let limiter = this.#limiters.get(action);
    if (limiter === undefined) {
      limiter = createLimiter(this.settings.limiter);
      this.#limiters.set(action, limiter);
    }
    if (action === "DeleteCert") this.arrivals.push(this.#clock.time);
    if (limiter(this.#clock.time)) return true;
    this.throttled += 1;
    return false;
  }

  #delete(
    send: Send,
    requestId: string,
    metadata: Json,
    refuse: (code: string) => Reply,
  ): Reply {
    const chainId = send.chainId.toLowerCase();
    const found = [...this.account.certificates.values()].filter(
      (certificate) => certificate.chainId === chainId,
    );
    // A twin that is listed under another ChainID does not answer to this one, so its binding is not this one's.
    const [first] = found;
    if (first === undefined) return refuse(this.settings.missing);
    if (first.poison !== undefined) return refuse(first.poison);
    for (const certificate of found) {
      this.account.certificates.delete(certificate.key);
      this.deletions.push({
        caller: send.caller,
        chainId,
        requestId,
        at: this.#clock.time,
        expired: certificate.notAfter <= this.now,
        bound:
          String(certificate.fields["ChainID"]).toLowerCase() === chainId &&
          this.isBound(certificate),
        changedAt: certificate.changedAt,
      });
    }
    this.#trace(`deleted ${requestId} ${chainId}`);
    return { status: 200, body: { ResponseMetadata: metadata } };
  }

  #list(
    send: Send,
    requestId: string,
    body: Json,
    metadata: Json,
    date: number | undefined,
  ): Reply {
    const { lies, lieRate, pageCap, keepPages } = this.settings;
    const lie =
      lies.length > 0 && this.#random.chance(lieRate)
        ? this.#random.pick(lies)
        : undefined;
    const ofCertificates = send.action === "ListCertV2";
    const items: readonly unknown[] = ofCertificates
      ? this.#certificates(body, lie)
      : this.account.domains.map(domainRecord);
    const asked = {
      pageNum: Number(body["PageNum"]),
      pageSize: Math.min(Number(body["PageSize"]), pageCap),
    };
    const sliced = servePage(items, asked, lie, this.#random, () =>
      ofCertificates
        ? { ChainID: this.#random.hex(32), Status: "OK" }
        : { Domain: `${this.#random.hex(6)}.example.com`, ChainID: "" },
    );
    // Only what is shown is written out: an account of thousands has hundreds of pages.
    const page = {
      ...sliced,
      list: Array.isArray(sliced.list)
        ? sliced.list.map((item: unknown) =>
            isCertificate(item) ? recordOf(item, this.now) : item,
          )
        : sliced.list,
    };
    if (keepPages) {
      this.pages.set(requestId, {
        action: send.action,
        filter: JSON.stringify({ ...body, PageNum: 0 }),
        expiring: body["Expiring"] === true,
        items: Array.isArray(page.list) ? page.list : [],
        total: page.total,
        key: send.key,
        date,
        lie,
      });
    }
    this.#trace(`page ${requestId} ${lie ?? ""}`);
    const result = {
      [ofCertificates ? "CertList" : "DomainList"]: page.list,
      Total: page.total,
    };
    return {
      status: 200,
      body: {
        ResponseMetadata: metadata,
        ...(page.hasResult && { Result: result }),
      },
    };
  }

  #certificates(body: Json, lie: Lie | undefined): readonly Certificate[] {
    const items: Certificate[] = [];
    for (const certificate of this.account.certificates.values()) {
      const expired = certificate.notAfter <= this.now;
      if (
        certificate.available === body["Available"] &&
        (lie === "filter-ignored" || expired === body["Expiring"]) &&
        (body["ProjectName"] === undefined ||
          certificate.fields["ProjectName"] === body["ProjectName"])
      ) {
        items.push(certificate);
      }
    }
    return items;
  }
}
