/** What the routes of the API are given, and what they give. */
import type { Configuration } from "../host/configuration.ts";
import type { Vendor } from "../host/wiring.ts";
import type { Log } from "../janitor/deletion-log.ts";
import { patiently } from "../janitor/patience.ts";
import type { Clock, Deadline, Observation } from "../janitor/ports.ts";
import type { HttpRequest } from "./event.ts";
import type { HttpAnswer } from "./problem.ts";

export interface Api {
  readonly clock: Clock;
  readonly log: Log;
  /** Throws for settings that are wrong; so what is wrong with a request is told first. */
  readonly wired: () => {
    readonly configuration: Configuration;
    readonly vendor: Vendor;
  };
}

/** One request, and what it set going. */
export interface Call {
  readonly request: HttpRequest;
  /** API Gateway's. */
  readonly requestId: string;
  readonly deadline: Deadline;
  /** Whether a DeleteCert was sent, for the answer if the time runs out. */
  hasSent: boolean;
  /** Of the sweep that it started, for the log line. */
  runId: string | undefined;
}

/** Answers one route; rejects with a `Refusal` or another error that the handler has a problem for. */
export type Route = (api: Api, call: Call) => Promise<HttpAnswer>;

/** A reading of the account, repeated for as long as the request has time. */
export function observe(
  { clock, wired }: Api,
  { deadline }: Call,
): Promise<Observation> {
  const { observer } = wired().vendor;
  return patiently(clock, deadline, Infinity, () => observer.observe(deadline));
}
