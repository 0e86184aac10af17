/** The situations that every client meets: an emulator, and a wire in front of it that sees what goes back and forth. */
import {
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import {
  readBody,
  startLoopbackServer,
} from "../../infra/local/loopback-server.ts";
import type { Fault } from "../../infra/local/live-emulator/faults.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
  type LiveEmulatorOptions,
} from "../../infra/local/live-emulator/server.ts";
import type { TransportAnswer } from "../../functions/volcengine/transport.ts";
import { certificateOf, domainOf, KEY } from "../world/official-client.ts";
import type { Command, Key } from "./official-clients-drivers.ts";

interface WireRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request and its answer; status 0 where there was none. */
export interface Exchange {
  readonly request: WireRequest;
  readonly answer: TransportAnswer;
}

type Tamper = (request: WireRequest) => WireRequest;

const MAX_BODY_BYTES = 1024 * 1024;

/** Passes requests on as they are, so that a signature over the host stays good; `tamper` changes them on the way. */
async function startWire(target: string, tamper: Tamper) {
  const exchanges: Exchange[] = [];
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const { url = "", method = "", headers } = request;
    const given = (await readBody(request, MAX_BODY_BYTES)).toString("utf8");
    const asked = tamper({ url, headers, body: given });
    const came = await new Promise<IncomingMessage>((resolve, reject) => {
      forward(
        target + asked.url,
        { method, headers: asked.headers, agent: false },
        resolve,
      )
        .on("error", reject)
        .end(asked.body);
    }).catch(() => undefined);
    const answer = {
      status: came?.statusCode ?? 0,
      date: came?.headers.date,
      retryAfter: came?.headers["retry-after"],
      body: came ? await readBody(came, MAX_BODY_BYTES) : Buffer.of(),
    };
    exchanges.push({ request: asked, answer });
    if (came === undefined) response.destroy();
    else response.writeHead(answer.status, came.headers).end(answer.body);
  };
  const server = await startLoopbackServer(0, (request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  return {
    host: server.url.replace("http://", ""),
    exchanges,
    close: () => server.close(),
  };
}

export interface World {
  readonly emulator: LiveEmulator;
  /** Where clients call. */
  readonly host: string;
  readonly exchanges: readonly Exchange[];
}

/** Runs `work` against an emulator of its own. */
export async function inWorld<T>(
  options: Partial<LiveEmulatorOptions>,
  work: (world: World) => Promise<T>,
  tamper: Tamper = (request) => request,
): Promise<T> {
  const emulator = await startLiveEmulator({ credentials: [KEY], ...options });
  const wire = await startWire(emulator.url, tamper);
  try {
    return await work({ emulator, ...wire });
  } finally {
    await wire.close();
    await emulator.close();
  }
}

/** One call and what it must come to, by the vendor's pages. */
export interface Situation {
  readonly title: string;
  readonly status: number;
  readonly code?: string;
  readonly codeN?: number;
  /** @default one certificate */
  readonly emulator?: Partial<LiveEmulatorOptions>;
  readonly fault?: Fault;
  /** @default the emulator's */
  readonly key?: Key;
  /** @default DeleteCert */
  readonly action?: string;
  /** @default that of the one certificate */
  readonly body?: object;
  /** The body has a type that a typed client cannot send. */
  readonly untyped?: boolean;
  readonly tamper?: Tamper;
}

export const CERTIFICATE = certificateOf(1);
const FOREIGN = certificateOf(2).chainId;
const MISSING = certificateOf(3).chainId;
const TOKEN = "STS2/token+of=the/session";
export const SESSION_KEY = { ...KEY, sessionToken: TOKEN };

/** What any client tells of a situation, with what was on the wire. */
export function meet<T>(
  { emulator: options, fault, key, action, body, tamper }: Situation,
  call: (command: Command) => Promise<T>,
): Promise<{
  told: T;
  exchanges: readonly Exchange[];
  emulator: LiveEmulator;
}> {
  return inWorld(
    { account: { certificates: [CERTIFICATE] }, ...options },
    async ({ emulator, host, exchanges }) => {
      emulator.account.foreign.add(FOREIGN);
      // A client may ask again.
      if (fault !== undefined) emulator.fault({ times: 9, ...fault });
      const told = await call({
        host,
        ...(key ?? KEY),
        action: action ?? "DeleteCert",
        body: body ?? { ChainID: CERTIFICATE.chainId },
      });
      return { told, exchanges, emulator };
    },
    tamper,
  );
}

/** A failure, and what brings it about. */
function is(
  status: number,
  code: string,
  title: string,
  more: Partial<Situation>,
): Situation {
  return { title, status, code, ...more };
}

function failing(status: number, code: string, codeN?: number): Situation {
  const number = codeN === undefined ? {} : { codeN };
  const title = `${code}, ${String(status)}${codeN === undefined ? "" : `, CodeN ${String(codeN)}`}`;
  const fault = { kind: "error", status, code, ...number } as const;
  return { title, status, code, ...number, fault };
}

/** An HTTP 200 that says that it failed. */
function common(title: string, codeN?: number): Situation {
  const number = codeN === undefined ? {} : { codeN };
  const fault = { kind: "CommonErr", ...number } as const;
  return is(200, "CommonErr", title, { ...number, fault });
}

const UNKNOWN = { body: { ChainID: MISSING } };
const switched = (switches: LiveEmulatorOptions["switches"] & object) => ({
  emulator: { switches },
});
const BOUND: Partial<LiveEmulatorOptions> = {
  switches: { bound: "refuse" },
  account: {
    certificates: [CERTIFICATE],
    domains: [
      { ...domainOf("直播.example.com"), chainId: CERTIFICATE.chainId },
    ],
  },
};

/** DeleteCert's error table, docs/6469/1126818: by what brings each about where something does, else by a fault. */
const SERVICE_ERRORS: readonly Situation[] = [
  common("CommonErr in an HTTP 200"),
  common("CommonErr in an HTTP 200 with CodeN", 100099),
  common("CommonErr in an HTTP 200 with a CodeN of 0", 0),
  is(400, "InvalidParam", "InvalidParam: an empty chain id", {
    body: { ChainID: "" },
  }),
  is(
    400,
    "InvalidParam",
    "InvalidParam: a bound certificate, where that is refused",
    { emulator: BOUND },
  ),
  is(
    400,
    "InvalidParam.BindError",
    "InvalidParam.BindError: a chain id that is a number",
    { body: { ChainID: 5 }, untyped: true },
  ),
  failing(400, "InvalidParam.BindError"),
  is(
    403,
    "RequestForbidden",
    "RequestForbidden: an unknown chain id, where that is forbidden",
    { ...switched({ missing: "RequestForbidden" }), ...UNKNOWN },
  ),
  is(
    403,
    "RequestForbidden.AccountIDNotAllow",
    "RequestForbidden.AccountIDNotAllow: another account's",
    { body: { ChainID: FOREIGN } },
  ),
  failing(403, "RequestForbidden.BillingStatus"),
  is(404, "ResourceNotFound", "ResourceNotFound: an unknown chain id", UNKNOWN),
  is(500, "InternalError", "InternalError", { fault: { kind: "http-500" } }),
  failing(500, "InternalError.DB"),
  failing(502, "InternalServiceError"),
  failing(502, "InternalServiceError", 100023),
  failing(502, "InternalServiceError.BadResponse"),
  failing(504, "InternalServiceTimeout"),
  {
    ...failing(200, "CommonErr"),
    title: "CommonErr instead of a list",
    action: "ListCertV2",
    body: {},
  },
  is(400, "InvalidParam", "InvalidParam: a page that there is not", {
    action: "ListDomainDetail",
    body: { PageNum: 0, PageSize: 10 },
  }),
];

const clockOff = (minutes: number): Partial<LiveEmulatorOptions> => ({
  now: () => Date.now() - minutes * 60_000,
});
const WITH_TOKEN = { emulator: { credentials: [SESSION_KEY] } };
const WRONG = { secretAccessKey: "wrong" };

/** What comes before the service: keys, clocks, limits, and what stands in front of everything. */
const GATE_ERRORS: readonly Situation[] = [
  is(401, "SignatureDoesNotMatch", "a wrong secret key", {
    key: { ...KEY, ...WRONG },
  }),
  is(401, "InvalidAccessKey", "an unknown access key", {
    key: { ...KEY, accessKeyId: "AKLTUNKNOWN" },
  }),
  is(401, "InvalidSecretToken", "a wrong session token", {
    ...WITH_TOKEN,
    key: { ...KEY, sessionToken: "wrong" },
  }),
  is(
    401,
    "InvalidSecretToken",
    "no session token where there has to be one",
    WITH_TOKEN,
  ),
  is(401, "InvalidSecretToken", "a session token where there is none", {
    key: SESSION_KEY,
  }),
  is(
    401,
    "SignatureDoesNotMatch",
    "a right session token with a wrong secret key",
    { ...WITH_TOKEN, key: { ...SESSION_KEY, ...WRONG } },
  ),
  is(403, "InvalidTimestamp", "a clock 16 minutes behind the vendor's", {
    emulator: clockOff(-16),
  }),
  is(403, "InvalidTimestamp", "a clock 16 minutes ahead of the vendor's", {
    emulator: clockOff(16),
  }),
  is(
    400,
    "InvalidTimestamp",
    "a clock that is off, by the other pages' status",
    { emulator: { ...clockOff(-16), switches: { timestampStatus: 400 } } },
  ),
  is(403, "AccessDenied", "no permission", {
    emulator: { credentials: [{ ...KEY, denied: ["DeleteCert"] }] },
  }),
  is(429, "FlowLimitExceeded", "the rate limit", switched({ perSecond: 0 })),
  { title: "a gateway's page", status: 502, fault: { kind: "http-502-html" } },
  { title: "a lost answer", status: 0, fault: { kind: "reset-after" } },
];

/** Another time within the same ten seconds, so that the date stays that of the scope. */
function otherSecond(xDate: string): string {
  return xDate.replace(/\d(?=Z$)/, (digit) => String((Number(digit) + 1) % 10));
}

function tampered(title: string, tamper: Tamper): Situation {
  return {
    title: `${title} changed on the way`,
    status: 401,
    code: "SignatureDoesNotMatch",
    body: { ChainID: MISSING },
    tamper,
  };
}

/** What the signature covers, whoever signs. */
const FORGERIES: readonly Situation[] = [
  tampered("the body", (request) => ({
    ...request,
    body: request.body.replace(MISSING, CERTIFICATE.chainId),
  })),
  tampered("the action", (request) => ({
    ...request,
    url: request.url.replace("DeleteCert", "ListCertV2"),
  })),
  tampered("X-Date", ({ headers, ...request }) => ({
    ...request,
    headers: { ...headers, "x-date": otherSecond(String(headers["x-date"])) },
  })),
  tampered("X-Content-Sha256", ({ headers, ...request }) => ({
    ...request,
    headers: { ...headers, "x-content-sha256": "0".repeat(64) },
  })),
];

const RENAMED = switched({ requestIdCasing: "RequestID" });
const SUCCESSES: readonly Situation[] = [
  { title: "a deletion", status: 200 },
  {
    title: "a deletion with a session token",
    status: 200,
    ...WITH_TOKEN,
    key: SESSION_KEY,
  },
  { title: "a clock 14 minutes ahead", status: 200, emulator: clockOff(14) },
  { title: "an answer with RequestID", status: 200, ...RENAMED },
  is(404, "ResourceNotFound", "an error with RequestID", {
    ...RENAMED,
    ...UNKNOWN,
  }),
];

export const SITUATIONS: readonly Situation[] = [
  ...SUCCESSES,
  ...SERVICE_ERRORS,
  ...GATE_ERRORS,
  ...FORGERIES,
];
