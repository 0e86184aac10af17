/**
 * What the API function adds to the work of a DELETE: the processor time that its handler takes, beside that of the same
 * calls by bare undici. A process for each, so that nobody pays for the other's garbage, and rounds in turns.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { Pool } from "undici";
import { createApiHandler } from "../../functions/http/handler.ts";
import { startSecretsManagerEmulator } from "../../infra/local/secrets-manager-emulator.ts";
import { hurriedClock } from "../world/clock.ts";
import { awsEnvironment, KEY, SECRET_ID } from "../world/deployment.ts";
import { compared, inTurns, type Bench, type Figure } from "./figure.ts";
import { chainIdOf, startVendor } from "./vendor.ts";

const ROUNDS = 25;
const REQUESTS = 100;
/** Until the engine has compiled what it will. */
const WARM_UP = 1000;

type Deletion = (n: number) => Promise<void>;

/** The calls that a DELETE makes, and nothing else. */
function bare(origin: string): Deletion {
  const pool = new Pool(origin, { connections: 8 });
  const call = async (action: string, body: object): Promise<void> => {
    const answer = await pool.request({
      method: "POST",
      path: `/?Action=${action}&Version=2023-01-01`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await answer.body.json();
  };
  const certificates = (Available: boolean, Expiring: boolean, PageNum = 1) =>
    call("ListCertV2", { Available, Expiring, PageNum, PageSize: 100 });
  const domains = (PageNum: number) =>
    call("ListDomainDetail", { PageNum, PageSize: 1000 });
  return async (n) => {
    await Promise.all([
      certificates(true, true),
      certificates(true, false),
      certificates(false, true),
      certificates(false, false),
      domains(1),
    ]);
    // What is not empty is asked for the page behind it.
    await Promise.all([
      certificates(true, true, 2),
      certificates(true, false, 2),
      domains(2),
    ]);
    await call("DeleteCert", { ChainID: chainIdOf((2 * n) % 100) });
  };
}

function ours(origin: string): Deletion {
  const handler = createApiHandler({
    clock: hurriedClock(), // the waits of the pacers are the vendor's limit, no work of ours
    random: Math.random,
    log: () => undefined,
    env: { VOLCENGINE_SECRET_ID: SECRET_ID, VOLCENGINE_ENDPOINT: origin },
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
}

const SUBJECTS = { ours, bare };

/** One of them in a process of its own; gives the microseconds of processor time that a DELETE takes. */
function start(subject: keyof typeof SUBJECTS, origin: string) {
  const child = fork(import.meta.filename, [subject, origin]);
  const gone = once(child, "exit").then(([code]): never => {
    throw new Error(`the process of ${subject} ended with ${String(code)}`);
  });
  gone.catch(() => undefined);
  return {
    async measure(requests: number): Promise<number> {
      child.send(requests);
      const [took] = (await Promise.race([once(child, "message"), gone])) as [
        number,
      ];
      return took;
    },
    close: () => child.kill(),
  };
}

export async function measureApiCost({ rounds }: Bench): Promise<Figure[]> {
  const vendor = await startVendor({ latencyMs: [0, 0] });
  const secrets = await startSecretsManagerEmulator({
    secrets: { [SECRET_ID]: JSON.stringify(KEY) },
  });
  awsEnvironment(secrets.url);
  const { origin } = vendor.origin;
  const both = {
    ours: start("ours", origin),
    bare: start("bare", origin),
  };
  try {
    for (const one of Object.values(both)) await one.measure(WARM_UP);
    const measured = await inTurns(rounds(ROUNDS), {
      ours: () => both.ours.measure(REQUESTS),
      bare: () => both.bare.measure(REQUESTS),
    });
    return [
      compared(measured, "ours", "bare", {
        name: "processor time of a DELETE through the API",
        peer: "the same calls by bare undici",
        unit: "us",
      }),
    ];
  } finally {
    for (const one of Object.values(both)) one.close();
    await secrets.close();
    vendor.close();
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , subject, origin = ""] = process.argv;
  const deletion = SUBJECTS[subject === "ours" ? "ours" : "bare"](origin);
  process.on("message", (requests: number) => {
    const measure = async (): Promise<void> => {
      const before = process.cpuUsage();
      for (let n = 0; n < requests; n++) await deletion(n);
      const { user, system } = process.cpuUsage(before);
      process.send?.((user + system) / requests);
    };
    void measure();
  });
  process.on("disconnect", () => process.exit());
}
