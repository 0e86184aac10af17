/** The HTTP API: finds the route, keeps the time limit, turns every error into a problem and logs one line. */
import { routeNamed, ROUTES, type RouteName } from "../contract/routes.ts";
import { BadConfiguration, readConfiguration } from "../host/configuration.ts";
import { lazily, type Host } from "../host/host.ts";
import { BadPayload } from "../host/sweep-payload.ts";
import { createVendor } from "../host/wiring.ts";
import { orLeftBehind, withDeadline } from "../janitor/deadline.ts";
import { VendorFailure } from "../janitor/failure.ts";
import type { Api, Call, Route } from "./api.ts";
import { deleteCertificate } from "./delete.ts";
import { noRoute, readHttpRequest, readQuery, readRequestId } from "./event.ts";
import { explain } from "./explain.ts";
import { list } from "./list.ts";
import { openapi } from "./openapi.ts";
import {
  invalid,
  jsonAnswer,
  problemAnswer,
  problemOf,
  Refusal,
  type HttpAnswer,
  type Problem,
} from "./problem.ts";
import {
  createStartSweep,
  lambdaStart,
  type StartSweep,
} from "./start-sweep.ts";

/** Of the Lambda context, what the API uses. */
export interface ApiContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

const LONGEST_MS = 25_000;
/** Kept free of what the host gives, for the answer. */
const KEEP_MS = 2_000;
const ATTEMPT_MS = 5_000;

const describe: Route = (_, { request, requestId }) => {
  readQuery(request, ROUTES.describe.query);
  return Promise.resolve(jsonAnswer(200, requestId, openapi));
};

/** The problem that an error stands for; `hasSent`: a DeleteCert had gone out before. */
function problemFor(error: unknown, hasSent: boolean): Problem {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof VendorFailure) {
    return problemOf(error.after(error.attempts, hasSent), hasSent);
  }
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
  startSweep: StartSweep = lambdaStart(host.env["SWEEP_FUNCTION_NAME"]),
  vendorOf = createVendor,
): (event: unknown, context: ApiContext) => Promise<HttpAnswer> {
  const { clock, log } = host;
  const api: Api = {
    clock,
    log,
    wired: lazily(() => {
      const configuration = readConfiguration(host.env);
      const vendor = vendorOf(host, configuration, ATTEMPT_MS);
      return { configuration, vendor };
    }),
  };
  const routes: Readonly<Record<RouteName, Route>> = {
    list,
    explain,
    delete: deleteCertificate,
    startSweep: createStartSweep(startSweep),
    describe,
  };

  /** Where the request has no route, or a route throws at once, the promise rejects. */
  const respond = async (call: Call): Promise<HttpAnswer> => {
    const name = routeNamed(call.request.routeKey);
    if (name === undefined) throw noRoute(call.request);
    return routes[name](api, call);
  };

  return async (event, context) => {
    const requestId = readRequestId(event) || context.awsRequestId;
    const request = readHttpRequest(event);
    let call: Call | undefined;
    let problem: Problem | undefined;
    let thrown: unknown;
    let answer: HttpAnswer;
    try {
      if (request === undefined) {
        throw invalid("This is not an API Gateway payload 2.0 event.");
      }
      const time = Math.min(
        LONGEST_MS,
        context.getRemainingTimeInMillis() - KEEP_MS,
      );
      answer = await withDeadline(clock, time, undefined, (deadline) => {
        call = {
          request,
          requestId,
          deadline,
          hasSent: false,
          runId: undefined,
        };
        return orLeftBehind(clock, deadline, respond(call));
      });
    } catch (error) {
      thrown = error;
      problem = problemFor(error, call?.hasSent === true);
      answer = problemAnswer(problem, requestId);
    }
    log({
      event: "request",
      apiRequestId: requestId,
      routeKey: request?.routeKey.slice(0, 80),
      caller: request?.caller,
      status: answer.statusCode,
      runId: call?.runId,
      // Names only: what a library says in its message may hold what it was given.
      ...(thrown instanceof Error && {
        problem: problem?.name,
        error: thrown.name,
      }),
    });
    return answer;
  };
}
