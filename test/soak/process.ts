/** A process that the soak kills: `live`, the vendor's emulator, or `functions`, both behind gateway and Lambda emulator. */
import { routeKeyOf, ROUTES } from "../../functions/contract/routes.ts";
import { createApiHandler } from "../../functions/http/handler.ts";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import { lambdaHost } from "../../functions/host/host.ts";
import { startGateway } from "../../infra/local/gateway.ts";
import { startLambdaEmulator } from "../../infra/local/lambda-emulator.ts";
import type {
  EmulatedCertificate,
  EmulatedDomain,
} from "../../infra/local/live-emulator/account.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import { KEY } from "../world/key.ts";

/** Additions to the account; a domain that is there is replaced. The first one is the whole account. */
export interface Put {
  readonly certificates: readonly EmulatedCertificate[];
  readonly domains: readonly EmulatedDomain[];
}

const VITALS_EVERY = 1000;
const [role, ...addresses] = process.argv.slice(2);
const [port = 0, secondPort = 0] = addresses.map((url) =>
  Number(new URL(url).port),
);

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Memory in bytes, the heap after a collection; and by its kind, what keeps a process alive. */
function vitals() {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const held: Record<string, number> = {
    listeners: process
      .eventNames()
      .reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
  for (const kind of process.getActiveResourcesInfo())
    held[kind] = (held[kind] ?? 0) + 1;
  return { event: "vitals", rss, heap: heapUsed + external, held };
}

async function startFunctions(): Promise<void> {
  const host = { ...lambdaHost(), log: print };
  await startLambdaEmulator({
    port: secondPort,
    functions: {
      sweep: { handler: createSweepHandler(host), timeoutMs: 900_000 },
    },
  });
  await startGateway({
    port: port,
    routes: Object.values(ROUTES).map(routeKeyOf),
    handler: createApiHandler({
      ...host,
      env: { ...host.env, SENDS_PER_SECOND: "2" },
    }),
    timeoutMs: 29_000,
    onError: console.error,
  });
  setInterval(() => {
    print(vitals());
  }, VITALS_EVERY);
  print(vitals());
  process.send?.([]);
}

let live: Promise<LiveEmulator> | undefined;

/** Tells the chain ids: from then on the admin route shows them, or they have been deleted. */
async function put(given: Put): Promise<void> {
  const { certificates, domains } = given;
  if (live === undefined) {
    live = startLiveEmulator({
      port: port,
      adminPort: secondPort,
      credentials: [KEY],
      account: given,
    });
    await live;
  } else {
    const { account } = await live;
    for (const domain of domains) {
      const at = account.domains.findIndex(
        (one) => one.domain === domain.domain,
      );
      account.domains.splice(at < 0 ? account.domains.length : at, 1, domain);
    }
    account.certificates.push(...certificates);
  }
  process.send?.(certificates.map(({ chainId }) => chainId));
}

// Nothing outlives the soak, whatever ended it.
process.on("disconnect", () => process.exit());
if (role === "live") process.on("message", (given: Put) => void put(given));
else await startFunctions();
