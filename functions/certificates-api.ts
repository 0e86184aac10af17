/** Lambda entry: the HTTP API. */
import { BadConfiguration, readConfiguration } from './aws/configuration.ts';
import { readHttpRequest, readRequestId, type HttpRequest } from './aws/http-event.ts';
import {
  jsonAnswer,
  problemAnswer,
  problemOf,
  type HttpAnswer,
  type Problem,
} from './aws/problem.ts';
import { startSweep } from './aws/start-sweep.ts';
import { BadPayload, readSweepPayload } from './aws/sweep-payload.ts';
import { isChainId } from './janitor/certificate.ts';
import { inventory, inventoryEntry, readCursor } from './janitor/inventory.ts';
import { findCertificate, remove, type Removal } from './janitor/remove.ts';
import { judge } from './janitor/verdict.ts';
import { VendorFailure, withDeadline, type Deadline } from './janitor/vendor.ts';
import openapi from './openapi.json' with { type: 'json' };
import { createVendor, lambdaHost, lazily, type Host } from './wiring.ts';

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
const MAX_LIMIT = 1000;

/** Ends a request with a problem. */
class Refusal extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

function invalid(detail: string): Refusal {
  return new Refusal({
    name: 'invalid-request',
    detail: `${detail} Nothing was deleted.`,
  });
}

/** Paths by shape, with the methods they know: the routes of the API, and what `$default` tells of others. */
const PATHS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^\/certificates$/, ['GET']],
  [/^\/certificates\/[^/]*$/, ['DELETE', 'GET']],
  [/^\/sweeps$/, ['POST']],
  [/^\/openapi\.json$/, ['GET']],
];

function noRoute({ method, path }: HttpRequest): Refusal {
  const known = PATHS.find(([shape]) => shape.test(path));
  if (known === undefined) {
    return new Refusal({
      name: 'no-such-route',
      detail:
        'Nothing was deleted. The routes are GET /certificates, GET and DELETE /certificates/{chainId}, POST /sweeps and GET /openapi.json.',
    });
  }
  const [, methods] = known;
  // API Gateway sends a path without a chain id here, although the method fits.
  if (methods.includes(method)) return invalid(CHAIN_ID);
  return new Refusal({
    name: 'method-not-allowed',
    detail: `Nothing was deleted. This path knows ${methods.join(' and ')} only.`,
    headers: { allow: methods.join(', ') },
  });
}

const CHAIN_ID = 'The chain id must be 32 hexadecimal digits, as ListCertV2 gives it.';

function chainIdOf({ chainId }: HttpRequest): string {
  if (!isChainId(chainId)) throw invalid(CHAIN_ID);
  return chainId;
}

/** Query parameters by name, each with the values it may have. */
function readQuery<const Name extends string>(
  { query }: HttpRequest,
  permitted: Readonly<Record<Name, readonly string[] | RegExp>>,
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  const names = new Map<string, Name>();
  for (const name in permitted) names.set(name, name);
  for (const [given, value] of query) {
    const name = names.get(given);
    if (name === undefined) {
      throw invalid(
        `There is an unknown query parameter; this route knows ${[...names.keys()].join(', ') || 'none'}.`,
      );
    }
    const values = permitted[name];
    const fits = values instanceof RegExp ? values.test(value) : values.includes(value);
    if (!fits) {
      throw invalid(
        `The query parameter ${name} must be given once and be ${values instanceof RegExp ? 'of its documented form' : values.join(' or ')}.`,
      );
    }
    found[name] = value;
  }
  return found;
}

const BOOLEAN = ['true', 'false'];

function receipt(removal: Extract<Removal, { readonly judgement: unknown; readonly requestId: string }>, chainId: string): unknown {
  const [{ name, notAfter, domains }] = removal.judgement.certificate.records;
  return {
    chainId,
    outcome: removal.outcome,
    requestId: removal.requestId,
    certificate: { name, notAfter, domains },
  };
}

function notFound(): Refusal {
  return new Refusal({
    name: 'certificate-not-found',
    detail:
      'A complete fresh list of the account does not have this certificate. Nothing was deleted. Check the chain id and the setting PROJECT_NAMES.',
  });
}

function removalProblem(removal: Exclude<Removal, { readonly requestId: string }>): Problem {
  if (removal.outcome === 'refused') {
    const seen = removal.judgement.details.find(({ reason }) =>
      removal.because === 'protected' ? reason === 'protected' : reason === 'in-use' || reason === 'domain-not-visible',
    );
    return {
      name: removal.because === 'protected' ? 'certificate-protected' : 'certificate-in-use',
      detail: `Nothing was deleted: ${seen?.because ?? 'see GET /certificates/{chainId}'}. Add force=true to delete it all the same; there is no undo.`,
    };
  }
  const { failure, sent, stillListed } = removal;
  const problem = problemOf(failure, sent);
  return stillListed === true
    ? { ...problem, detail: `${problem.detail} A fresh list still has the certificate.` }
    : problem;
}

export function createApiHandler(
  host: Host,
): (event: unknown, context: ApiContext) => Promise<HttpAnswer> {
  const { clock, log } = host;
  const wired = lazily(() => {
    const configuration = readConfiguration(host.env);
    return { configuration, vendor: createVendor(host, configuration, ATTEMPT_MS) };
  });

  const respond = async (
    request: HttpRequest,
    requestId: string,
    deadline: Deadline,
  ): Promise<HttpAnswer> => {
    switch (request.routeKey) {
      case 'GET /openapi.json':
        return jsonAnswer(200, requestId, openapi);
      case 'GET /certificates': {
        const query = readQuery(request, {
          verdict: ['delete', 'keep'],
          state: ['expired', 'valid'],
          limit: /^([1-9]\d{0,2}|1000)$/,
          cursor: /^[\w-]{1,1000}$/,
        });
        if (query.cursor !== undefined && readCursor(query.cursor) === undefined) {
          throw invalid('The query parameter cursor must be the `next` of an earlier answer.');
        }
        const { configuration, vendor } = wired();
        const observation = await vendor.observer.observe(deadline);
        return jsonAnswer(
          200,
          requestId,
          inventory(judge(observation, configuration.policy, clock.now()), {
            ...query,
            limit: Number(query.limit ?? MAX_LIMIT),
          }),
        );
      }
      case 'GET /certificates/{chainId}': {
        const chainId = chainIdOf(request);
        readQuery(request, {});
        const { configuration, vendor } = wired();
        const observation = await vendor.observer.observe(deadline);
        const judgement = findCertificate(
          judge(observation, configuration.policy, clock.now()),
          chainId,
        );
        if (judgement === undefined) throw notFound();
        const ids = new Set(judgement.certificate.records.flatMap((record) => record.ids));
        return jsonAnswer(200, requestId, {
          ...inventoryEntry(judgement),
          ids: [...ids],
          boundDomains: observation.domains
            .filter(({ boundTo }) => boundTo !== undefined && ids.has(boundTo))
            .map(({ name }) => name),
          readAt: observation.readAt,
        });
      }
      case 'DELETE /certificates/{chainId}': {
        const chainId = chainIdOf(request);
        const query = readQuery(request, { force: BOOLEAN, dryRun: BOOLEAN });
        const { configuration, vendor } = wired();
        const removal = await remove(
          { ...vendor, clock, log },
          configuration.policy,
          {
            chainId,
            force: query.force === 'true',
            dryRun: query.dryRun === 'true',
            asked: { apiRequestId: requestId, caller: request.caller },
          },
          deadline,
        );
        switch (removal.outcome) {
          case 'deleted':
          case 'alreadyGone':
          case 'wouldDelete':
            return jsonAnswer(200, requestId, receipt(removal, chainId));
          case 'absent':
            throw notFound();
          case 'refused':
          case 'failed':
            throw new Refusal(removalProblem(removal));
        }
      }
      // eslint-disable-next-line no-fallthrough -- every case above returns or throws
      case 'POST /sweeps': {
        readQuery(request, {});
        return startSweep(request, requestId);
      }
      default:
        throw noRoute(request);
    }
  };
  return async () => problemAnswer({ name: 'internal-error', detail: '' }, '');
}

export const handler = createApiHandler(lambdaHost());
