/**
 * What the API function adds to the vendor's own time: a DELETE through its handler, beside the same six calls by bare
 * undici. Ten are in flight, each in an instance of its own, since Lambda gives an instance one request at a time;
 * here all ten share one processor. The vendor takes 25 to 35 ms for each call, so that they do not march in step.
 */
import { Pool } from "undici";
import { createApiHandler } from "../../functions/http/handler.ts";
import { startSecretsManagerEmulator } from "../../infra/local/secrets-manager-emulator.ts";
import { hurriedClock } from "../world/clock.ts";
import { awsEnvironment, KEY, SECRET_ID } from "../support/world.ts";
import { median, type Figure } from "./figure.ts";
import { chainIdOf, startVendor } from "./vendor.ts";

const ROUNDS = 16;
/** Until the engine has compiled what it will. */
const WARM_UP = 3;
const REQUESTS = 150;
const IN_FLIGHT = 10;
const LATENCY_MS = [25, 35] as const;

/** Milliseconds that each of the requests took. */
async function latencies(
  instances: readonly ((n: number) => Promise<void>)[],
): Promise<number[]> {
  const took: number[] = [];
  let next = 0;
  await Promise.all(
    instances.map(async (request) => {
      while (next < REQUESTS) {
        const n = next++;
        const started = performance.now();
        await request(n);
        took.push(performance.now() - started);
      }
    }),
  );
  return took;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
}

export async function measureApiLatency(): Promise<Figure[]> {
  const vendor = await startVendor({ latencyMs: LATENCY_MS });
  const secrets = await startSecretsManagerEmulator({
    secrets: { [SECRET_ID]: JSON.stringify(KEY) },
  });
  awsEnvironment(secrets.url);
  const pools: Pool[] = [];
  const call = async (
    pool: Pool,
    action: string,
    body: object,
  ): Promise<void> => {
    const answer = await pool.request({
      method: "POST",
      path: `/?Action=${action}&Version=2023-01-01`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await answer.body.json();
  };
  const bare = (): ((n: number) => Promise<void>) => {
    const pool = new Pool(vendor.origin.origin, { connections: 8 });
    pools.push(pool);
    return async (n) => {
      await Promise.all([
        ...[true, false].flatMap((Available) =>
          [true, false].map((Expiring) =>
            call(pool, "ListCertV2", {
              Available,
              Expiring,
              PageNum: 1,
              PageSize: 100,
            }),
          ),
        ),
        call(pool, "ListDomainDetail", { PageNum: 1, PageSize: 1000 }),
      ]);
      // What is not empty is asked for the page behind it.
      await Promise.all([
        ...[true, false].map((Expiring) =>
          call(pool, "ListCertV2", {
            Available: true,
            Expiring,
            PageNum: 2,
            PageSize: 100,
          }),
        ),
        call(pool, "ListDomainDetail", { PageNum: 2, PageSize: 1000 }),
      ]);
      await call(pool, "DeleteCert", { ChainID: chainIdOf(2 * n) });
    };
  };
  const ours = (): ((n: number) => Promise<void>) => {
    const handler = createApiHandler({
      clock: hurriedClock(), // the waits of the pacers are the vendor's limit, no work of ours
      random: Math.random,
      log: () => undefined,
      env: {
        VOLCENGINE_SECRET_ID: SECRET_ID,
        VOLCENGINE_ENDPOINT: vendor.origin.origin,
      },
    });
    return async (n) => {
      const chainId = chainIdOf((2 * n) % 100);
      const answer = await handler(
        {
          version: "2.0",
          routeKey: "DELETE /certificates/{chainId}",
          rawPath: `/certificates/${chainId}`,
          rawQueryString: "",
          headers: {},
          pathParameters: { chainId },
          requestContext: {
            requestId: `bench-${String(n)}`,
            http: { method: "DELETE" },
          },
          isBase64Encoded: false,
        },
        { awsRequestId: "bench", getRemainingTimeInMillis: () => 29_000 },
      );
      if (answer.statusCode !== 200) throw new Error(answer.body);
    };
  };
  const instances = {
    ours: Array.from({ length: IN_FLIGHT }, ours),
    bare: Array.from({ length: IN_FLIGHT }, bare),
  };
  try {
    const measured = { ours: [] as number[][], bare: [] as number[][] };
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      const one = async (): Promise<void> => {
        const took = await latencies(instances.ours);
        if (round >= WARM_UP) measured.ours.push(took);
      };
      const other = async (): Promise<void> => {
        const took = await latencies(instances.bare);
        if (round >= WARM_UP) measured.bare.push(took);
      };
      for (const turn of round % 2 === 0 ? [one, other] : [other, one]) {
        await turn();
      }
    }
    return [50, 99].map((share): Figure => {
      const of = (rounds: readonly number[][]): number[] =>
        rounds.map((took) => percentile(took, share / 100));
      const [ours, bare] = [of(measured.ours), of(measured.bare)];
      return {
        name: `what the API adds to a DELETE, p${String(share)}, ${String(IN_FLIGHT)} in flight`,
        ours: median(ours.map((took, round) => took - (bare[round] ?? NaN))),
        peer: "the same calls by bare undici",
        theirs: median(bare),
        unit: "ms",
        ...(share === 50 ? { target: { atMost: 1.5 } } : {}),
      };
    });
  } finally {
    await Promise.all(pools.map((pool) => pool.destroy()));
    await secrets.close();
    vendor.close();
  }
}
