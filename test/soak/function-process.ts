/** Child process: both functions, behind the gateway and the Lambda emulator. Reports its vitals every second. */
import { routeKeyOf, ROUTES } from "../../functions/contract/routes.ts";
import { createApiHandler } from "../../functions/http/handler.ts";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import { lambdaHost } from "../../functions/host/host.ts";
import type { Log } from "../../functions/janitor/deletion-log.ts";
import { startGateway } from "../../infra/local/gateway.ts";
import { startLambdaEmulator } from "../../infra/local/lambda-emulator.ts";
import {
  KEY,
  SWEEP_FUNCTION,
  type FromFunction,
  type ToFunction,
  type Vitals,
} from "./messages.ts";

const REPORT_EVERY = 1000;

let counts: Record<string, number> = {};

function tell(message: FromFunction): void {
  process.send?.(message);
}

function vitals(): Vitals {
  globalThis.gc?.();
  const resources = process.getActiveResourcesInfo();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    rss,
    heap: heapUsed + external,
    resources: resources.length,
    sockets: resources.filter((name) => name === "TCPSocketWrap").length,
    servers: resources.filter((name) => name === "TCPServerWrap").length,
    listeners: process
      .eventNames()
      .reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

/** Only counted: what a line holds is the business of other tests, but for a secret. */
const log: Log = (line) => {
  const event = String(line["event"]);
  counts[event] = (counts[event] ?? 0) + 1;
  if (JSON.stringify(line).includes(KEY.secretAccessKey))
    tell({ kind: "alarm", what: `a secret in a line ${event}` });
};

async function start({ ports, env }: ToFunction): Promise<void> {
  const host = { ...lambdaHost(), env, log };
  await startLambdaEmulator({
    port: ports.lambda,
    functions: {
      [SWEEP_FUNCTION]: {
        handler: createSweepHandler(host),
        timeoutMs: 900_000,
      },
    },
  });
  await startGateway({
    port: ports.gateway,
    routes: Object.values(ROUTES).map(routeKeyOf),
    handler: createApiHandler({
      ...host,
      env: { ...env, SENDS_PER_SECOND: "2" },
    }),
    timeoutMs: 29_000,
    onError: (error) => {
      tell({ kind: "alarm", what: `the API function threw: ${String(error)}` });
    },
  });
  setInterval(() => {
    tell({ kind: "lines", counts });
    counts = {};
    tell({ kind: "vitals", vitals: vitals() });
  }, REPORT_EVERY);
  tell({ kind: "ready", vitals: vitals() });
}

process.on("warning", ({ name, message }) => {
  tell({ kind: "alarm", what: `${name}: ${message}` });
});
process.on("unhandledRejection", (error) => {
  tell({ kind: "alarm", what: `unhandled: ${String(error)}` });
});
process.on("message", (message: ToFunction) => {
  start(message).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
// Nothing outlives the soak, whatever ended it.
process.on("disconnect", () => process.exit());
