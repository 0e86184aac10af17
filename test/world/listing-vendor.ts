/** A reading of an account whose vendor pages as it likes, on a virtual clock. */
import { VendorFailure } from "../../functions/janitor/failure.ts";
import { createObserver } from "../../functions/volcengine/observer.ts";
import { createPacer } from "../../functions/volcengine/pacer.ts";
import {
  certificate,
  domain as domainNamed,
  id,
  type Fields,
} from "./account.ts";
import { VirtualClock } from "./clock.ts";

export interface Asked extends Fields {
  readonly action: string;
  readonly PageNum: number;
  readonly PageSize: number;
}

/** What the vendor says to one listing call: its Result, and where they matter its clock and the key that signed. */
interface Said {
  result: unknown;
  vendorTime?: number | undefined;
  secretVersion?: string;
  takes?: number;
}

export type Vendor = (asked: Asked) => Said;

type Action = "ListCertV2" | "ListDomainDetail";

export function domain(n: number): Fields {
  return domainNamed(`d${String(n)}.example.com`);
}

export function upTo<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index + 1));
}

/** The page that was asked for, of a list, by pages of at most `cap`. */
export function pageOf(
  list: readonly Fields[],
  asked: Asked,
  cap = Infinity,
): Fields[] {
  const size = Math.min(asked.PageSize, cap);
  return list.slice((asked.PageNum - 1) * size, asked.PageNum * size);
}

/** Only this listing has certificates. */
function isExpired({ action, Available, Expiring }: Asked): boolean {
  return action === "ListCertV2" && Available === true && Expiring === true;
}

/** A vendor with so many certificates and domains that pages as documented. */
export function honest(certificates: number, domains = 0): Vendor {
  return (asked) => {
    const isDomains = asked.action === "ListDomainDetail";
    const list = isDomains
      ? upTo(domains, domain)
      : upTo(isExpired(asked) ? certificates : 0, (n) => certificate(n));
    const name = isDomains ? "DomainList" : "CertList";
    return { result: { [name]: pageOf(list, asked), Total: list.length } };
  };
}

/** Another answer in place of the honest one for expired certificates, or for domains. */
export function but(
  which: Action,
  answer: (asked: Asked, call: number) => Partial<Said>,
  others = honest(0),
): Vendor {
  let calls = 0;
  return (asked) => {
    const isIt =
      which === "ListCertV2" ? isExpired(asked) : asked.action === which;
    return isIt ? { result: {}, ...answer(asked, ++calls) } : others(asked);
  };
}

export function observe(vendor: Vendor, projectNames: readonly string[] = []) {
  const clock = new VirtualClock();
  const asked: Asked[] = [];
  const caps = new Set<number>();
  const pacer = createPacer(clock, 1e6, 8);
  const observer = createObserver({
    api: {
      async call(action, body, { maxBytes, deadline }) {
        deadline.signal.throwIfAborted();
        const ask = { PageNum: NaN, PageSize: NaN, ...body, action };
        asked.push(ask);
        caps.add(maxBytes);
        const { result, ...said } = vendor(ask);
        await clock.sleep(said.takes ?? 1);
        return {
          result,
          requestId: `r${String(asked.length)}`,
          vendorTime: "vendorTime" in said ? said.vendorTime : clock.now(),
          secretVersion: said.secretVersion ?? "v1",
          attempts: 1,
        };
      },
    },
    clock,
    certificatePacer: pacer,
    domainPacer: pacer,
    projectNames,
  });
  const deadline = clock.deadline(600_000);
  return {
    asked,
    caps,
    clock,
    pages: (which: Action) =>
      asked
        .filter((ask) =>
          which === "ListCertV2" ? isExpired(ask) : ask.action === which,
        )
        .map(({ PageNum }) => PageNum),
    seen: clock.run(observer.observe(deadline)),
    list: () => clock.run(observer.listCertificates(deadline)),
  };
}

export function chainIds(count: number): string[] {
  return upTo(count, id);
}

export async function idsOf(vendor: Vendor): Promise<string[]> {
  const { certificates } = await observe(vendor).seen;
  return certificates.map(({ chainId }) => chainId);
}

export async function failureOf(vendor: Vendor): Promise<VendorFailure> {
  const failure: unknown = await observe(vendor).seen.catch(
    (error: unknown) => error,
  );
  if (failure instanceof VendorFailure) return failure;
  throw new Error("there was evidence", { cause: failure });
}
