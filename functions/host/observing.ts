/** The parts that read the account; with nothing of what deletes, so that a preview can be built from them alone. */
import type { Configuration } from "./configuration.ts";
import type { Host } from "./host.ts";
import type { Observer } from "../janitor/ports.ts";
import {
  createLiveApi,
  type LiveApi,
  type AccessKeySource,
} from "../volcengine/live-api.ts";
import { createObserver } from "../volcengine/observer.ts";
import { createPacer } from "../volcengine/pacer.ts";
import { createTransport, type Transport } from "../volcengine/transport.ts";

/** Listing calls a second: the documented limit is 10. */
const LISTS_PER_SECOND = 7.8;
/** Where DeleteCert is paced below one a second, as for BytePlus, ListDomainDetail is limited to one a second too. */
const SLOW_LISTS_PER_SECOND = 0.7;
/** Calls of one action without an answer yet, at the most. */
export const IN_FLIGHT = 8;

/** The signed API and its transport; `attemptMs` bounds one attempt. */
export function createApi(
  { clock, random }: Host,
  { endpoint, region }: Configuration,
  accessKeys: AccessKeySource,
  attemptMs: number,
): { api: LiveApi; transport: Transport } {
  // A connection gets the larger part of an attempt, so that what could not connect is told from what was sent.
  const transport = createTransport(endpoint, attemptMs * 0.6);
  const api = createLiveApi({
    endpoint,
    region,
    accessKeys,
    transport,
    clock,
    random,
    attemptMs,
  });
  return { api, transport };
}

/** Reads of the account, each action at its own pace. */
export function createAccountObserver(
  api: LiveApi,
  { clock }: Host,
  { sendsPerSecond, policy }: Configuration,
): Observer {
  return createObserver({
    api,
    clock,
    certificatePacer: createPacer(clock, LISTS_PER_SECOND, IN_FLIGHT),
    domainPacer: createPacer(
      clock,
      sendsPerSecond < 1 ? SLOW_LISTS_PER_SECOND : LISTS_PER_SECOND,
      IN_FLIGHT,
    ),
    projectNames: policy.projectNames,
  });
}
