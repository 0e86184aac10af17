/** What the soak and its child processes tell each other. */
import type {
  EmulatedCertificate,
  EmulatedDomain,
} from "../../infra/local/live-emulator/account.ts";

export const KEY = {
  accessKeyId: "AKLTSOAKEXAMPLE000000000000000001",
  secretAccessKey: "SOAK-EXAMPLE-SECRET-VALID-NOWHERE",
};
export const SECRET_ID = "live-cert-janitor/soak";
export const SWEEP_FUNCTION = "expired-sweep";

/** Fixed for the whole soak, so that a process that starts again is found where it was. */
export interface Ports {
  readonly live: number;
  readonly admin: number;
  readonly gateway: number;
  readonly lambda: number;
}

export type ToEmulator =
  | {
      readonly kind: "start";
      readonly ports: Ports;
      readonly certificates: readonly EmulatedCertificate[];
      readonly domains: readonly EmulatedDomain[];
    }
  | { readonly kind: "domain"; readonly domain: EmulatedDomain }
  | { readonly kind: "add"; readonly certificate: EmulatedCertificate }
  | {
      readonly kind: "bind";
      readonly domain: string;
      readonly chainId: string;
    };

export type FromEmulator =
  | { readonly kind: "ready" }
  /** These certificates have been deleted. */
  | { readonly kind: "gone"; readonly chainIds: readonly string[] };

export interface ToFunction {
  readonly kind: "start";
  readonly ports: Ports;
  readonly env: Readonly<Record<string, string>>;
}

/** The state of the function process; memory in bytes, the heap after a collection. */
export interface Vitals {
  readonly rss: number;
  readonly heap: number;
  /** Timers, sockets and servers: what keeps a process alive. */
  readonly resources: number;
  readonly sockets: number;
  /** Listening servers. */
  readonly servers: number;
  /** Listeners of the process itself. */
  readonly listeners: number;
}

export type FromFunction =
  | { readonly kind: "ready"; readonly vitals: Vitals }
  | { readonly kind: "vitals"; readonly vitals: Vitals }
  /** What must not happen: a warning of a leak, a secret in a log line. */
  | { readonly kind: "alarm"; readonly what: string }
  | {
      readonly kind: "lines";
      readonly counts: Readonly<Record<string, number>>;
    };
