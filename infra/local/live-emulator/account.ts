import type { Parameters } from "./parameters.ts";
import type { Switches } from "./switches.ts";

/** A certificate of the account; what ListCertV2 shows of it follows from these fields and the clock. */
export interface EmulatedCertificate {
  /** The key of DeleteCert. */
  chainId: string;
  certId: string;
  /** Its identifier in the Certificate Center. */
  chainIdVolc: string;
  name: string;
  domains: readonly string[];
  /** RFC 3339 with zone. */
  notBefore: string;
  /** RFC 3339 with zone. */
  notAfter: string;
  createTime: string;
  projectName: string;
  available: boolean;
  /** Listed instead of what would be listed; undefined leaves the field out. */
  overrides?: Readonly<Record<string, unknown>>;
  /** The listings that have it, whatever its fields say. */
  listedIn?: readonly {
    readonly available: boolean;
    readonly expiring: boolean;
  }[];
  /** What every DeleteCert of it is refused with. */
  refusal?: { readonly code: string; readonly status: number };
  /** Listed for every project that is asked for. */
  ignoresProjectFilter?: boolean;
}

/** A domain of the account. */
export interface EmulatedDomain {
  domain: string;
  vhost?: string;
  type: "push" | "pull-flv";
  /** What ListDomainDetail calls `ChainID`: empty for none, and not always the chain id of a certificate. */
  chainId: string;
  /** The wildcard name that the bound certificate supports. */
  certDomain: string;
  /** 0 normal, 1 in review, 2 disabled, 3 deleted, 4 rejected, 5 stopped for arrears, 6 blocked. */
  status: number;
  projectName: string;
  http2?: boolean;
  region?: "cn" | "cn-global" | "cn-oversea";
  /** Listed instead of what would be listed; undefined leaves the field out. */
  overrides?: Readonly<Record<string, unknown>>;
}

/** The state behind the emulator; tests may change all of it at any time. */
export interface Account {
  readonly certificates: EmulatedCertificate[];
  readonly domains: EmulatedDomain[];
  /** Chain ids that belong to somebody else. */
  readonly foreign: Set<string>;
}

/** What an action is given. `now` is the emulator's clock, in milliseconds since the epoch. */
export interface ActionInput {
  readonly parameters: Parameters;
  readonly account: Account;
  readonly switches: Readonly<Switches>;
  readonly now: number;
}

/** Performs an action at once and gives its `Result`, or undefined where the action has none. */
export type Action = (input: ActionInput) => object | undefined;

/** Parsing the dates of 25,000 certificates for each page would take longer than everything else. */
const instants = new Map<string, number>();

/** Milliseconds since the epoch, NaN for what is no date. */
export function instantOf(text: string): number {
  let at = instants.get(text);
  if (at === undefined) {
    at = Date.parse(text);
    if (instants.size > 100_000) instants.clear();
    instants.set(text, at);
  }
  return at;
}
