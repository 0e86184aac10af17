import type { IncomingMessage } from "node:http";
import { readBody } from "../loopback-server.ts";
import type { Action } from "./account.ts";
import { liveError } from "./envelope.ts";
import {
  readAuthorization,
  verifySignature,
  type Credentials,
  type SignedRequest,
} from "./signature.ts";
import { createRateLimit, type Switches } from "./switches.ts";

const VERSION = "2023-01-01";
const MAX_BODY_BYTES = 1024 * 1024;

/** A request of the API, as its line and headers show it. */
export interface Call extends SignedRequest {
  readonly action: string;
  readonly version: string;
  readonly body: Buffer;
}

/** Reads a request to the end of its body, whatever it asks for. */
export async function readCall(request: IncomingMessage): Promise<Call> {
  const { url = "", method = "", headers } = request;
  const mark = url.indexOf("?");
  const query = mark < 0 ? "" : url.slice(mark + 1);
  const parameters = new URLSearchParams(query);
  return {
    method,
    path: (mark < 0 ? url : url.slice(0, mark)) || "/",
    query,
    action: parameters.get("Action") ?? "",
    version: parameters.get("Version") ?? "",
    body: await readBody(request, MAX_BODY_BYTES),
    headers,
  };
}

/** Stands before the actions: docs/6469/1126803 (common parameters), docs/6469/1121981 (common errors). */
interface Gatekeeper {
  /**
   * All checks in their order, up to the body.
   * @returns the action that the call may perform
   * @throws LiveError the first check that fails
   */
  readonly admit: (
    call: Call,
    switches: Readonly<Switches>,
    now: number,
  ) => Action;
  /** Any region passes and is echoed, since Live is not regional; empty where the call names none. */
  readonly regionOf: (call: Call) => string;
  readonly setCredentials: (list: readonly Credentials[]) => void;
}

export function createGatekeeper(
  initial: readonly Credentials[],
  actions: ReadonlyMap<string, Action>,
): Gatekeeper {
  let credentials = initial;
  const isWithinRate = createRateLimit();
  return {
    admit(call, switches, now) {
      if (call.path !== "/") throw liveError("InvalidActionOrVersion");
      if (call.method !== "POST") throw liveError("MethodNotAllowed");
      if (call.action === "" || call.version === "")
        throw liveError("MissingParameter");
      const authorization = readAuthorization(call.headers);
      const skew = Math.abs(now - authorization.signedAt);
      // NaN, of a time that is none, is within no window.
      const isTimely = skew <= switches.skewSeconds * 1000;
      if (!isTimely)
        throw liveError("InvalidTimestamp", {
          status: switches.timestampStatus,
        });
      if (authorization.service !== "live") throw liveError("ServiceNotFound");
      const action = actions.get(call.action);
      if (action === undefined || call.version !== VERSION)
        throw liveError("InvalidActionOrVersion", {
          message: `Could not find operation ${call.action} for version ${call.version}.`,
        });
      const { denied = [] } = verifySignature(call, authorization, credentials);
      if (denied.includes(call.action) || denied.includes("*"))
        throw liveError("AccessDenied", {
          message: `User is not authorized to perform: live:${call.action} on resource: *`,
        });
      if (!isWithinRate(call.action, switches.perSecond))
        throw liveError("FlowLimitExceeded");
      return action;
    },
    regionOf(call) {
      return (
        /Credential=[^/,\s]*\/[^/,\s]*\/([^/,\s]+)\//.exec(
          call.headers.authorization ?? "",
        )?.[1] ?? ""
      );
    },
    setCredentials(list) {
      credentials = list;
    },
  };
}
