/** Signed calls over TLS with keep-alive: what they cost the caller's processor, and how many connections they take. */
import openapi from "@volcengine/openapi";
import https from "node:https";
import tls from "node:tls";
import { createDeleter } from "../../functions/volcengine/deleter.ts";
import { createLiveApi } from "../../functions/volcengine/live-api.ts";
import { createPacer } from "../../functions/volcengine/pacer.ts";
import { createTransport } from "../../functions/volcengine/transport.ts";
import { systemClock } from "../../functions/host/clock.ts";
import { selfSigned } from "../world/faulty-server.ts";
import { compared, inTurns, type Bench, type Figure } from "./figure.ts";
import { chainIdOf, startVendor } from "./vendor.ts";

const ROUNDS = 61;
const CALLS = 100;
const WARM_UP = 2000;
const DELETES = 1000;
const IN_FLIGHT = 8;
const KEY = {
  accessKeyId: "AKLTEXAMPLE0000000000000000000001",
  secretAccessKey: "EXAMPLE-SECRET-KEY-NOT-REAL-0001",
  version: "1",
};

/** `count` calls, at most eight at a time. */
async function many(
  count: number,
  call: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (next < count) await call(next++);
    }),
  );
}

/** Microseconds of processor time of this process for one call. */
function processorTime(call: (n: number) => Promise<unknown>) {
  return async (): Promise<number> => {
    const before = process.cpuUsage();
    await many(CALLS, call);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / CALLS;
  };
}

/** The deleter of the product, with a pacer that never waits. */
function ours(endpoint: URL) {
  const transport = createTransport(endpoint, 6000);
  const deleter = createDeleter(
    createLiveApi({
      endpoint,
      region: "cn-north-1",
      accessKeys: {
        current: () => Promise.resolve(KEY),
        refreshed: () => Promise.resolve(KEY),
      },
      transport,
      clock: systemClock,
      random: Math.random,
      attemptMs: 10_000,
    }),
    createPacer(systemClock, Infinity, IN_FLIGHT),
  );
  const deadline = {
    at: Infinity,
    signal: new AbortController().signal,
  };
  return {
    close: () => transport.close(),
    call: (n: number) =>
      deleter.deleteCertificate({
        chainId: chainIdOf(n),
        secretVersion: KEY.version,
        sendBefore: Infinity,
        deadline,
        permit: () => true,
        ended: () => undefined,
      }),
  };
}

function official(endpoint: URL): (n: number) => Promise<unknown> {
  const service = new openapi.Service({
    host: endpoint.host,
    protocol: endpoint.protocol,
    serviceName: "live",
    defaultVersion: "2023-01-01",
    accessKeyId: KEY.accessKeyId,
    secretKey: KEY.secretAccessKey,
  });
  const deleteCert = service.createJSONAPI("DeleteCert");
  return async (n) => {
    const { ResponseMetadata } = await deleteCert({ ChainID: chainIdOf(n) });
    if (ResponseMetadata.Error !== undefined) throw new Error("refused");
  };
}

export async function measureCalls({
  rounds: count,
}: Bench): Promise<Figure[]> {
  const identity = selfSigned("localhost");
  const original = tls.createSecureContext;
  tls.createSecureContext = (options) =>
    original({ ...options, ca: identity.cert });
  const vendor = await startVendor({ identity, latencyMs: [0, 0] });
  const client = ours(vendor.origin);
  const theirs = official(vendor.origin);
  try {
    // Both are measured as they are after the engine has compiled what it will.
    for (const call of [client.call, theirs]) await many(WARM_UP, call);
    const rounds = await inTurns(count(ROUNDS), {
      ours: processorTime(client.call),
      official: processorTime(theirs),
    });
    const counted = async (call: (n: number) => Promise<unknown>) => {
      const before = await vendor.connections();
      await many(DELETES, call);
      return (await vendor.connections()) - before;
    };
    const fresh = ours(vendor.origin);
    const connections = await counted(fresh.call);
    await fresh.close();
    https.globalAgent.destroy(); // the official client keeps its connections there
    return [
      compared(rounds, "ours", "official", {
        name: "processor time of a signed call over TLS",
        peer: "@volcengine/openapi",
        unit: "us",
        target: { atMost: 0.4 },
      }),
      {
        name: `connections for ${String(DELETES)} deletes`,
        ours: connections,
        peer: "@volcengine/openapi",
        theirs: await counted(theirs),
        unit: "",
        target: { atMost: 8 },
      },
    ];
  } finally {
    tls.createSecureContext = original;
    await client.close();
    vendor.close();
  }
}
