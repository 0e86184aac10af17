/**
 * A model of the vendor, behind the interface of the product's transport: what is above it (signer, client, pacers, observer,
 * deleter, sweep) is the real code. It answers, fails and lies as its seed says, and keeps the truth.
 */
import type {
  Transport,
  TransportAnswer,
  TransportRequest,
} from "../../functions/volcengine/transport.ts";
import type { Unkind } from "../../infra/local/live-emulator/unkind.ts";
import {
  domainRecord,
  namesOf,
  recordOf,
  type Account,
  type Certificate,
} from "./account.ts";
import { fateOf, transportError, type Fate } from "./faults.ts";
import { createLimiter } from "./limiter.ts";
import { servePage, type ServedPage } from "./lies.ts";
import type { Random } from "./random.ts";
import { comparing } from "./statement.ts";
import {
  codeOf,
  refusal,
  toAnswer,
  VENDOR_MARK,
  type Caller,
  type Deletion,
  type Given,
  type Json,
  type Page,
  type Reply,
  type Send,
  type VendorSettings,
} from "./vendor-records.ts";
import type { VirtualClock } from "../world/clock.ts";

function isCertificate(item: unknown): item is Certificate {
  return typeof item === "object" && item !== null && "changedAt" in item;
}

/** Something that happens once so many deletions have taken effect, the last of them without an answer. */
interface Midway {
  /** The vendor is the same afterwards. */
  readonly isHarmless: boolean;
  readonly after: number;
  readonly unanswered: number;
  readonly happen: () => void;
}

/** Milliseconds for which what was deleted is still listed, at the most. */
export const STILL_LISTED_MS = 20_000;

export class VendorModel {
  readonly account: Account;
  readonly sends: Send[] = [];
  readonly pages = new Map<string, Page>();
  readonly deletions: Deletion[] = [];
  /** Access keys that are accepted. */
  readonly keys = new Set<string>();
  throttled = 0;
  settings: VendorSettings;
  /** An error with which everything is answered, as for an account in arrears. */
  closed: string | undefined;
  /** When each chain id was gone for good, in virtual time. */
  readonly gone = new Map<string, number>();
  /** For certificates that are added; those of the beginning count from 0. */
  nextKey = 100_000;
  midway: Midway | undefined;
  /** How often certificates will still come and go between two pages. */
  shifts = 0;
  /** How often one will still be renewed while its listing is read. */
  renewals = 0;
  /** Until then the listings are throttled. */
  busyUntil = -Infinity;
  /** When the deletion of a chain id was last refused. */
  readonly refused = new Map<string, number>();
  /** The chain id that somebody asks for. */
  wanted: string | undefined;
  /** Called when a page of certificates has been served: what came so far, and what would come. */
  onPage: (
    shown: readonly Certificate[],
    rest: readonly Certificate[],
  ) => void = () => undefined;
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
    return this.#clock.now() + this.settings.skew;
  }

  transport(caller: Caller): Transport {
    return {
      send: (request) => this.#send(caller, request),
      close: () => Promise.resolve(),
    };
  }

  /** Lets go of what was noted, for worlds that go on for long. */
  forget(): void {
    this.sends.length = this.deletions.length = 0;
    for (const noted of [this.pages, this.gone, this.refused]) noted.clear();
  }

  /** The living certificates of a chain id. */
  living(chainId: string): Certificate[] {
    return [...this.account.certificates.values()].filter(
      (one) => one.chainId === chainId && one.goneAt === undefined,
    );
  }

  /** All certificates of one chain id cease to be; where the vendor is slow they are listed for a while longer. */
  remove(found: readonly Certificate[], isAtOnce = false): void {
    const { certificates } = this.account;
    const forget = (): void => {
      for (const { key } of found) certificates.delete(key);
    };
    for (const certificate of found) {
      certificate.goneAt = this.#clock.monotonic();
      this.gone.set(certificate.chainId, this.#clock.monotonic());
    }
    if (!isAtOnce && this.settings.unkind.has("deleted-still-listed")) {
      this.#clock.at(
        this.#clock.monotonic() + this.#random.int(500, STILL_LISTED_MS),
        forget,
      );
    } else forget();
  }

  /** The rows of the domain listing, as far as the key sees them. */
  domainRows(): readonly unknown[] {
    const seen = this.account.domains.filter(({ hidden }) => !hidden);
    return [...seen, ...seen.filter(({ twin }) => twin)].map(domainRecord);
  }

  /** The rows of one listing of certificates. */
  certificateRows(filter: Json, anyExpiry = false): readonly Certificate[] {
    const items: Certificate[] = [];
    const wanted = filter["Expiring"] === true;
    for (const certificate of this.account.certificates.values()) {
      if (
        certificate.available !== filter["Available"] ||
        (filter["ProjectName"] !== undefined &&
          certificate.fields["ProjectName"] !== filter["ProjectName"])
      ) {
        continue;
      }
      const { stale } = certificate;
      if (
        stale !== undefined &&
        wanted &&
        this.#clock.monotonic() < stale.until
      )
        items.push({ ...certificate, ...stale });
      const expired =
        certificate.filedAsExpired ?? certificate.notAfter <= this.now;
      if (anyExpiry || expired === wanted) items.push(certificate);
    }
    return this.settings.unkind.has("newest-first") ? items.reverse() : items;
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
      sentAt: this.#clock.monotonic(),
      endedAt: Infinity,
      given: undefined,
    };
    this.sends.push(send);
    this.#trace(`send ${caller.name} ${action} ${request.body}`);
    const fate = fateOf(
      this.settings.faults,
      this.#random,
      this.#clock.monotonic(),
    );
    return new Promise((resolve, reject) => {
      const end = (given: Given, settle: () => void): void => {
        request.signal.removeEventListener("abort", abort);
        if (send.endedAt !== Infinity) return;
        send.endedAt = this.#clock.monotonic();
        send.given = given;
        if (caller.step()) settle();
      };
      const abort = (): void => {
        send.endedAt = this.#clock.monotonic();
        reject(
          request.signal.reason instanceof Error
            ? request.signal.reason
            : new Error("aborted"),
        );
      };
      request.signal.addEventListener("abort", abort, { once: true });
      const failed = transportError(fate);
      const there =
        this.#clock.monotonic() + this.#oneWay() + (fate.delay ?? 0) * 0.5;
      if (!fate.arrives) {
        if (failed !== undefined) {
          this.#clock.at(there, () => {
            end(fate.kind === "refused" ? "not-connected" : "broken", () => {
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
          this.#clock.at(this.#clock.monotonic() + this.#oneWay(), () => {
            this.#arrive(send, request, body, fate);
          });
        }
        this.#clock.at(
          this.#clock.monotonic() + this.#oneWay() + (fate.delay ?? 0) * 0.5,
          () => {
            end(
              failed === undefined ? { code: codeOf(reply) } : "broken",
              () => {
                if (failed !== undefined) reject(failed);
                else resolve(toAnswer(reply));
              },
            );
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
    if (
      send.action !== "DeleteCert" &&
      this.#clock.monotonic() < this.busyUntil
    )
      return refuse("FlowLimitExceeded");
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
    if (limiter(this.#clock.monotonic())) return true;
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
    const found = this.living(chainId);
    // A twin that is listed under another ChainID does not answer to this one, so its binding is not this one's.
    const [first] = found;
    const { missing } = this.settings;
    if (first === undefined) {
      return missing === "fine"
        ? { status: 200, body: { ResponseMetadata: metadata } }
        : refuse(missing);
    }
    if (first.poison !== undefined) {
      this.refused.set(chainId, this.#clock.monotonic());
      return refuse(first.poison);
    }
    for (const certificate of found) {
      const { key } = certificate;
      const answers =
        String(certificate.fields["ChainID"]).toLowerCase() === chainId;
      this.deletions.push({
        caller: send.caller,
        chainId,
        requestId,
        sentAt: send.sentAt,
        at: this.#clock.monotonic(),
        expired: certificate.notAfter <= this.now,
        bound: this.account.domains
          .filter(({ bound }) => answers && bound === key)
          .map(({ name, hidden = false }) => ({
            name: comparing(name),
            hidden,
          })),
        names: namesOf(certificate),
        changedAt: certificate.changedAt,
      });
    }
    this.remove(found);
    this.#trace(`deleted ${requestId} ${chainId}`);
    return this.#isAnswered()
      ? { status: 200, body: { ResponseMetadata: metadata } }
      : refuse("InternalServiceTimeout");
  }

  /** Whether the deletion that just took effect is told to the one who asked. */
  #isAnswered(): boolean {
    const { midway, deletions } = this;
    const { unanswered } = this.settings;
    if (midway !== undefined) {
      const left = midway.after - deletions.length;
      if (left <= 0) {
        this.midway = undefined;
        midway.happen();
      }
      if (left < midway.unanswered) return false;
    }
    return unanswered === 0 || !this.#random.chance(unanswered);
  }

  #list(
    send: Send,
    requestId: string,
    body: Json,
    metadata: Json,
    date: number | undefined,
  ): Reply {
    const { lies, lieRate, keepPages } = this.settings;
    const lie =
      lies.length > 0 && this.#random.chance(lieRate)
        ? this.#random.pick(lies)
        : undefined;
    const ofCertificates = send.action === "ListCertV2";
    const items: readonly unknown[] = ofCertificates
      ? this.certificateRows(body, lie === "filter-ignored")
      : this.domainRows();
    const pageNum = Number(body["PageNum"]);
    const pageSize = Number(body["PageSize"]);
    const asked = {
      pageNum,
      pageSize: Math.min(
        pageSize,
        ofCertificates
          ? this.settings.certificatePageCap
          : this.settings.domainPageCap,
      ),
    };
    const sliced = servePage(items, asked, lie, this.#random, () =>
      ofCertificates
        ? { ChainID: this.#random.hex(32), Status: "OK" }
        : { Domain: `${this.#random.hex(6)}.example.com`, ChainID: "" },
    );
    // Only what is shown is written out: an account of thousands has hundreds of pages.
    const page = {
      ...sliced,
      total:
        lie === undefined
          ? this.#total(send.action, sliced, pageNum)
          : sliced.total,
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
        pageNum,
        pageSize,
        askedAt: send.sentAt,
        all: items,
        expiring: body["Expiring"] === true,
        items: Array.isArray(page.list) ? page.list : [],
        total: page.total,
        key: send.key,
        date,
        lie,
      });
    }
    this.#trace(`page ${requestId} ${lie ?? ""}`);
    if (ofCertificates) {
      const cut = pageNum * asked.pageSize;
      this.onPage(
        items.slice(0, cut).filter(isCertificate),
        items.slice(cut).filter(isCertificate),
      );
    }
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

  /** What `Total` says, by what the vendor takes it to count. */
  #total(
    action: string,
    { list, total }: ServedPage,
    pageNum: number,
  ): unknown {
    const { unkind } = this.settings;
    const [absent, ofPage]: readonly Unkind[] =
      action === "ListCertV2"
        ? ["certificate-total-absent", "certificate-total-of-page"]
        : ["domain-total-absent", "domain-total-of-page"];
    const length = Array.isArray(list) ? list.length : 0;
    if (absent !== undefined && unkind.has(absent)) return undefined;
    if (length === 0 && pageNum > 1) {
      if (unkind.has("total-absent-at-end")) return undefined;
      if (unkind.has("total-zero-at-end")) return 0;
    }
    return ofPage !== undefined && unkind.has(ofPage) ? length : total;
  }
}
