import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { startLoopbackServer } from "../loopback-server.ts";
import type {
  Account,
  Action,
  EmulatedCertificate,
  EmulatedDomain,
} from "./account.ts";
import { startAdmin } from "./admin.ts";
import { deleteCert } from "./delete-cert.ts";
import { deliver, type Answer } from "./delivery.ts";
import {
  failureBody,
  LiveError,
  newRequestId,
  successBody,
} from "./envelope.ts";
import {
  createFaultQueue,
  failureInstead,
  isBeforeTheService,
  type Fault,
} from "./faults.ts";
import { createGatekeeper, readCall, type Call } from "./gatekeeper.ts";
import { listCertV2 } from "./list-cert-v2.ts";
import { listDomainDetail } from "./list-domain-detail.ts";
import { previousPage, readParameters } from "./parameters.ts";
import type { Credentials } from "./signature.ts";
import { DEFAULT_SWITCHES, type Switches } from "./switches.ts";

const LOG_ENTRIES = 100_000;

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ["ListCertV2", listCertV2],
  ["ListDomainDetail", listDomainDetail],
  ["DeleteCert", deleteCert],
]);

export interface LiveEmulatorOptions {
  /** @default 0, a free port */
  readonly port?: number;
  /** Of the admin routes. @default 0, a free port */
  readonly adminPort?: number;
  readonly credentials: readonly Credentials[];
  /** What there is at first; it is copied. @default nothing */
  readonly account?: {
    readonly certificates?: readonly EmulatedCertificate[];
    readonly domains?: readonly EmulatedDomain[];
  };
  readonly switches?: Partial<Switches>;
  /** Told of each request as it arrives: the account may change between two pages. */
  readonly onCall?: (action: string, body: string) => void;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** One request, as it came and as it was answered. */
export interface LogEntry {
  readonly at: number;
  /** Empty where the request named none. */
  readonly action: string;
  /** 0 until an answer is sent, and for good where none is. */
  status: number;
  code?: string;
  chainId?: string;
}

export interface LiveEmulator {
  readonly url: string;
  readonly adminUrl: string;
  readonly account: Account;
  readonly switches: Switches;
  /** How many requests came by action, refused ones included. */
  counts(): Readonly<Record<string, number>>;
  /** The latest requests, oldest first. */
  readonly log: readonly LogEntry[];
  /** Those of the log that asked for anything but a listing, whatever came of it. */
  writes(): readonly LogEntry[];
  setCredentials(list: readonly Credentials[]): void;
  /** @throws TypeError on a fault that means nothing */
  fault(fault: Fault): void;
  clearFaults(): void;
  close(): Promise<void>;
}

/** For the log alone: a body that cannot be read is a failure later, in its turn. */
function chainIdOf(body: Buffer): string | undefined {
  try {
    return readParameters(body).text("ChainID");
  } catch {
    return undefined;
  }
}

/** A result that says that there are more, or fewer, than there are. */
function withTotal(result: object | undefined, delta: number): object {
  const total: unknown = Reflect.get(result ?? {}, "Total");
  return typeof total === "number"
    ? { ...result, Total: total + delta }
    : { ...result };
}

/**
 * Starts a Volcengine Live that knows certificates and domains, checks signatures and keeps state, on 127.0.0.1 only.
 * Follows the pages of product 6469: docs/6469/1126803 (common parameters), 1126804 (signature), 1121981 (structure),
 * and one page for each action.
 */
export async function startLiveEmulator(
  options: LiveEmulatorOptions,
): Promise<LiveEmulator> {
  const now = options.now ?? Date.now;
  const account: Account = {
    certificates: (options.account?.certificates ?? []).map((one) => ({
      ...one,
    })),
    domains: (options.account?.domains ?? []).map((one) => ({ ...one })),
    foreign: new Set(),
  };
  const switches: Switches = { ...DEFAULT_SWITCHES, ...options.switches };
  const faults = createFaultQueue();
  const gatekeeper = createGatekeeper(options.credentials, ACTIONS);
  const counts = new Map<string, number>();
  const log: LogEntry[] = [];

  function record(call: Call): LogEntry {
    const chainId = chainIdOf(call.body);
    const entry: LogEntry = {
      at: now(),
      action: call.action,
      status: 0,
      ...(chainId !== undefined && { chainId }),
    };
    log.push(entry);
    // Seldom, since it moves every entry that stays.
    if (log.length > 2 * LOG_ENTRIES) log.splice(0, log.length - LOG_ENTRIES);
    counts.set(call.action, (counts.get(call.action) ?? 0) + 1);
    return entry;
  }

  function perform(call: Call, fault: Fault | undefined): object | undefined {
    const action = gatekeeper.admit(call, switches, now());
    const failure = fault && failureInstead(fault);
    if (failure !== undefined) throw failure;
    const parameters = readParameters(call.body);
    const result = action({
      parameters:
        fault?.kind === "repeat-page" ? previousPage(parameters) : parameters,
      account,
      switches,
      now: now(),
    });
    return fault?.kind === "total-lies"
      ? withTotal(result, fault.delta ?? 0)
      : result;
  }

  function answer(
    call: Call,
    fault: Fault | undefined,
    entry: LogEntry,
  ): Answer {
    const context = {
      requestId: newRequestId(now()),
      action: call.action,
      version: call.version,
      region: gatekeeper.regionOf(call),
      requestIdCasing: switches.requestIdCasing,
    };
    let status = 200;
    let body: string;
    try {
      body = successBody(context, perform(call, fault));
    } catch (error) {
      if (!(error instanceof LiveError)) throw error;
      entry.code = error.code;
      status = error.status;
      body = failureBody(context, error);
    }
    return {
      status,
      headers: { "content-type": "application/json; charset=utf-8" },
      body,
    };
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const call = await readCall(request);
    const entry = record(call);
    options.onCall?.(call.action, call.body.toString());
    const fault = faults.take(call.action);
    const given: Answer =
      fault !== undefined && isBeforeTheService(fault)
        ? { status: 200, headers: {}, body: "" }
        : answer(call, fault, entry);
    if (switches.latencyMs > 0) await sleep(switches.latencyMs);
    entry.status = await deliver(response, given, fault, now);
  }

  const server = await startLoopbackServer(
    options.port ?? 0,
    (request, response) => {
      serve(request, response).catch(() => response.destroy());
    },
  );
  const handle = {
    url: server.url,
    account,
    switches,
    counts: () => Object.fromEntries(counts),
    log,
    writes: () => log.filter(({ action }) => !/^(List|Describe)/.test(action)),
    setCredentials: gatekeeper.setCredentials,
    fault: faults.add,
    clearFaults: faults.clear,
  };
  const admin = await startAdmin(options.adminPort ?? 0, {
    ...handle,
    pendingFaults: faults.pending,
  });
  return {
    ...handle,
    adminUrl: admin.url,
    async close() {
      await Promise.all([server.close(), admin.close()]);
    },
  };
}
