/** Lambda entry: the HTTP API. */
import {
  BadConfiguration,
  readConfiguration,
  type Configuration,
  type Foresight,
} from "./host/configuration.ts";
import {
  noRoute,
  readChainId,
  readHttpRequest,
  readQuery,
  readRequestId,
  type HttpRequest,
} from "./http/event.ts";
import {
  invalid,
  jsonAnswer,
  problemAnswer,
  problemOf,
  Refusal,
  type HttpAnswer,
  type Problem,
} from "./http/problem.ts";
import { lambdaStart } from "./http/start-sweep.ts";
import { BadPayload, readSweepPayload } from "./host/sweep-payload.ts";
import {
  inventory,
  inventoryEntries,
  readCursor,
} from "./janitor/inventory.ts";
import { patiently } from "./janitor/patience.ts";
import { deleteOne, type DeletionResult } from "./janitor/delete-one.ts";
import { judge, judgeOne } from "./janitor/verdict.ts";
import { NO_LONGER_NEEDED, withDeadline } from "./janitor/deadline.ts";
import { VendorFailure } from "./janitor/failure.ts";
import type { Deadline } from "./janitor/ports.ts";
import openapi from "./http/openapi.json" with { type: "json" };
import { lambdaHost, lazily, type Host } from "./host/host.ts";
import { createVendor, type Vendor } from "./host/wiring.ts";

/** Of the Lambda context, what the API uses. */
export interface ApiContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

const LONGEST_MS = 25_000;
const KEEP_MS = 2_000;
const ATTEMPT_MS = 5_000;
/** Timers of the HTTP client come late; past this the answer goes out without them. */
const LATE_MS = 250;
/** The longest that a sweep lasts: until then another one is not started. */
const SWEEP_MS = 900_000;
const BOOLEAN = ["true", "false"];

/** What a request has set going, for its log line and for the answer if its time runs out. */
interface Trace {
  /** A DeleteCert was sent. */
  sent: boolean;
  /** Of the sweep that it started. */
  runId: string | undefined;
}

interface Wired {
  readonly configuration: Configuration & Foresight;
  readonly vendor: Vendor;
}

const NOT_FOUND: Problem = {
  name: "certificate-not-found",
  detail:
    "A complete fresh list of the account does not have this certificate. Nothing was deleted. Check the chain id and the setting PROJECT_NAMES.",
};

/** The answer to a DELETE, or the problem that it met. */
function deletionAnswer(
  deletion: DeletionResult,
  chainId: string,
  requestId: string,
): HttpAnswer {
  switch (deletion.outcome) {
    case "deleted":
    case "alreadyGone":
    case "wouldDelete": {
      const [{ name, notAfter, domains }] =
        deletion.judgement.certificate.records;
      return jsonAnswer(200, requestId, {
        chainId,
        outcome: deletion.outcome,
        requestId: deletion.requestId,
        certificate: { name, notAfter, domains },
      });
    }
    case "absent":
      throw new Refusal(NOT_FOUND);
    case "refused": {
      const isProtected = deletion.because === "protected";
      const seen = deletion.judgement.details.find(({ reason }) =>
        isProtected
          ? reason === "protected"
          : reason === "in-use" || reason === "domain-not-visible",
      );
      throw new Refusal({
        name: isProtected ? "certificate-protected" : "certificate-in-use",
        detail: `Nothing was deleted: ${seen?.because.slice(0, 400) ?? ""}. To delete it all the same add force=true; there is no undo.`,
      });
    }
    case "failed": {
      const problem = problemOf(deletion.failure, deletion.sent);
      throw new Refusal(
        deletion.stillListed === true
          ? {
              ...problem,
              detail: `${problem.detail} A fresh list still has the certificate.`,
            }
          : problem,
      );
    }
  }
}

/** What any error of a request becomes. */
function problemFor(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof VendorFailure) return problemOf(error, false);
  if (error instanceof BadConfiguration) {
    return { name: "misconfigured", detail: error.message };
  }
  if (error instanceof BadPayload) {
    return { name: "invalid-request", detail: error.message };
  }
  return {
    name: "internal-error",
    detail:
      "The request could not be completed. GET /certificates tells what is still there; the log of the function has more under this request id.",
  };
}

/** The handler over a host. Never rejects: whatever comes, the answer is one of the contract's. */
export function createApiHandler(
  host: Host,
  startSweep = lambdaStart(host.env["SWEEP_FUNCTION_NAME"]),
): (event: unknown, context: ApiContext) => Promise<HttpAnswer> {
  const { clock, log } = host;
  const wired = lazily((): Wired => {
    const configuration = readConfiguration(host.env);
    return {
      configuration,
      vendor: createVendor(host, configuration, ATTEMPT_MS),
    };
  });
  let noSweepBefore = -Infinity;

  const observe = ({ observer }: Vendor, deadline: Deadline) =>
    patiently(clock, deadline, Infinity, () => observer.observe(deadline));

  const list = async (
    request: HttpRequest,
    requestId: string,
    deadline: Deadline,
  ): Promise<HttpAnswer> => {
    const { verdict, state, limit, cursor } = readQuery(request, {
      verdict: ["delete", "keep"],
      state: ["expired", "valid", "expiring"],
      limit: /^([1-9]\d{0,2}|1000)$/,
      cursor: /^[\w-]{1,1000}$/,
    });
    const after = cursor === undefined ? undefined : readCursor(cursor);
    if (cursor !== undefined && after === undefined) {
      throw invalid("The cursor must be the `next` of an earlier answer.");
    }
    const { configuration, vendor } = wired();
    const observation = await observe(vendor, deadline);
    const { policy, warnDays } = configuration;
    const now = clock.now();
    return jsonAnswer(
      200,
      requestId,
      inventory(
        inventoryEntries(
          judge(observation, policy, now),
          observation.domains,
          warnDays,
          now,
        ),
        {
          verdict,
          state,
          after,
          limit: limit === undefined ? 1000 : Number(limit),
        },
      ),
    );
  };

  const explain = async (
    request: HttpRequest,
    requestId: string,
    deadline: Deadline,
  ): Promise<HttpAnswer> => {
    const chainId = readChainId(request);
    readQuery(request, {});
    const { configuration, vendor } = wired();
    const observation = await observe(vendor, deadline);
    const { policy, warnDays } = configuration;
    const now = clock.now();
    const judgement = judgeOne(observation, chainId, policy, now);
    if (judgement === undefined) throw new Refusal(NOT_FOUND);
    const { domains } = observation;
    const [entry] = inventoryEntries([judgement], domains, warnDays, now);
    const ids = new Set(
      judgement.certificate.records.flatMap((record) => record.ids),
    );
    return jsonAnswer(200, requestId, {
      ...entry,
      ids: [...ids],
      boundDomains: domains
        .filter(({ boundTo }) => boundTo !== undefined && ids.has(boundTo))
        .map(({ name }) => name),
      readAt: observation.readAt,
    });
  };

  const removeOne = async (
    request: HttpRequest,
    requestId: string,
    deadline: Deadline,
    trace: Trace,
  ): Promise<HttpAnswer> => {
    const chainId = readChainId(request);
    const { force, dryRun } = readQuery(request, {
      force: BOOLEAN,
      dryRun: BOOLEAN,
    });
    if ((request.body ?? "") !== "") {
      throw invalid(
        "A DELETE takes no body; dryRun and force belong into the query, as in ?dryRun=true.",
      );
    }
    const { configuration, vendor } = wired();
    const deletion = await deleteOne(
      {
        ...vendor,
        clock,
        log: (line) => {
          if (line["event"] === "delete-attempt") trace.sent = true;
          log(line);
        },
      },
      configuration.policy,
      {
        chainId,
        force: force === "true",
        dryRun: dryRun === "true",
        asked: { apiRequestId: requestId, caller: request.caller },
      },
      deadline,
    );
    return deletionAnswer(deletion, chainId, requestId);
  };

  const sweepNow = async (
    request: HttpRequest,
    requestId: string,
    trace: Trace,
  ): Promise<HttpAnswer> => {
    readQuery(request, {});
    if (!/^application\/json\s*(;|$)/i.test(request.contentType)) {
      throw invalid("The content-type must be application/json.");
    }
    let payload: unknown;
    try {
      payload = JSON.parse(request.body ?? "");
    } catch {
      throw invalid("The body must be JSON, {} at the least.");
    }
    const { dryRun } = readSweepPayload(payload, wired().configuration);
    const wait = noSweepBefore - clock.now();
    if (wait > 0) {
      throw new Refusal({
        name: "sweep-running",
        detail:
          "No sweep was started: this API started one that may still be running. Read its report first, or repeat later.",
        headers: { "retry-after": String(Math.ceil(wait / 1000)) },
      });
    }
    // A dry run writes nothing, so nothing is lost if the next sweep overlaps it.
    if (!dryRun) noSweepBefore = clock.now() + SWEEP_MS;
    try {
      // Whoever starts a sweep by hand wants to read what it found; the body may still say otherwise.
      const order = Object.assign({ report: true }, payload);
      const runId = await startSweep(JSON.stringify(order));
      trace.runId = runId;
      return jsonAnswer(202, requestId, {
        runId,
        mode: dryRun ? "dry-run" : "delete",
        report: `Log group of the sweep function, lines with message.runId = "${runId}"; the last of them is the summary.`,
      });
    } catch (error) {
      const mayRun =
        error instanceof Refusal && error.problem.name === "vendor-timeout";
      if (!mayRun) noSweepBefore = -Infinity;
      throw error;
    }
  };

  const respond = (
    request: HttpRequest,
    requestId: string,
    deadline: Deadline,
    trace: Trace,
  ): Promise<HttpAnswer> => {
    switch (request.routeKey) {
      case "GET /certificates":
        return list(request, requestId, deadline);
      case "GET /certificates/{chainId}":
        return explain(request, requestId, deadline);
      case "DELETE /certificates/{chainId}":
        return removeOne(request, requestId, deadline, trace);
      case "POST /sweeps":
        return sweepNow(request, requestId, trace);
      case "GET /openapi.json":
        readQuery(request, {});
        return Promise.resolve(jsonAnswer(200, requestId, openapi));
      default:
        return Promise.reject(noRoute(request));
    }
  };

  return async (event, context) => {
    const requestId = readRequestId(event) || context.awsRequestId;
    const request = readHttpRequest(event);
    let answer: HttpAnswer;
    let failure: unknown;
    const trace: Trace = { sent: false, runId: undefined };
    try {
      if (request === undefined) {
        throw invalid(
          "The event is none of API Gateway with payload format 2.0.",
        );
      }
      const time = Math.min(
        LONGEST_MS,
        context.getRemainingTimeInMillis() - KEEP_MS,
      );
      const finished = new AbortController();
      answer = await Promise.race([
        withDeadline(clock, time, undefined, (deadline) =>
          respond(request, requestId, deadline, trace),
        ),
        clock.sleep(time + LATE_MS, finished.signal).then(() => {
          const facts = { kind: "timeout", outcome: "unknown" } as const;
          throw new Refusal(
            problemOf(
              new VendorFailure("The time for the request ran out.", {
                ...facts,
                possiblyDone: trace.sent,
              }),
              trace.sent,
            ),
          );
        }),
      ]).finally(() => {
        finished.abort(NO_LONGER_NEEDED);
      });
    } catch (error) {
      failure = error;
      answer = problemAnswer(problemFor(error), requestId);
    }
    log({
      event: "request",
      apiRequestId: requestId,
      routeKey: request?.routeKey.slice(0, 80),
      caller: request?.caller,
      status: answer.statusCode,
      runId: trace.runId,
      // Names only: what a library says in its message may hold what it was given.
      ...(failure instanceof Error && {
        problem: problemFor(failure).name,
        error: failure.name,
      }),
    });
    return answer;
  };
}

export const handler = createApiHandler(lambdaHost());
