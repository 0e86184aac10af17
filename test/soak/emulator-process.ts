/** Child process: the Live emulator on a fixed port, with the account that the parent gives. Reports each deletion. */
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import { KEY, type FromEmulator, type ToEmulator } from "./messages.ts";

/** Milliseconds; a process that is killed has told of all but the last deletions. */
const WATCH_EVERY = 3;

let live: LiveEmulator | undefined;
/** What the parent believes to be there. */
const known = new Set<string>();

function tell(message: FromEmulator): void {
  process.send?.(message);
}

/** A deletion may have gone through although its answer was lost: the account tells, the log would not. */
function watch(): void {
  const certificates = live?.account.certificates ?? [];
  if (certificates.length === known.size) return;
  const there = new Set(certificates.map(({ chainId }) => chainId));
  const chainIds = [...known].filter((id) => !there.has(id));
  for (const id of chainIds) known.delete(id);
  tell({ kind: "gone", chainIds });
}

async function start(
  message: Extract<ToEmulator, { kind: "start" }>,
): Promise<void> {
  live = await startLiveEmulator({
    port: message.ports.live,
    adminPort: message.ports.admin,
    credentials: [KEY],
    account: message,
  });
  for (const { chainId } of live.account.certificates) known.add(chainId);
  setInterval(watch, WATCH_EVERY);
  tell({ kind: "ready" });
}

async function handle(message: ToEmulator): Promise<void> {
  switch (message.kind) {
    case "start":
      await start(message);
      break;
    case "domain":
      live?.account.domains.push(message.domain);
      break;
    case "add":
      live?.account.certificates.push(message.certificate);
      known.add(message.certificate.chainId);
      break;
    case "bind":
      for (const domain of live?.account.domains ?? [])
        if (domain.domain === message.domain) domain.chainId = message.chainId;
  }
}

let handled = Promise.resolve();
process.on("message", (message: ToEmulator) => {
  // In their order: what comes while the server starts waits for it.
  handled = handled
    .then(() => handle(message))
    .catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
});
// Nothing outlives the soak, whatever ended it.
process.on("disconnect", () => process.exit());
