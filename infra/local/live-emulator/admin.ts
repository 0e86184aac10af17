import type { IncomingMessage, ServerResponse } from "node:http";
import {
  readBody,
  startLoopbackServer,
  type LoopbackServer,
} from "../loopback-server.ts";
import type { Account } from "./account.ts";
import { readFaults, type Fault } from "./faults.ts";
import { readSwitches, type Switches } from "./switches.ts";

/** What the admin routes may do to an emulator. */
interface Administered {
  readonly account: Account;
  readonly switches: Switches;
  counts(): Readonly<Record<string, number>>;
  fault(fault: Fault): void;
  clearFaults(): void;
  pendingFaults(): readonly Fault[];
}

const MAX_BODY_BYTES = 64 * 1024;

/**
 * Starts the admin routes on their own port, so that no path of the vendor is taken: `POST /faults` (one, or a list),
 * `DELETE /faults`, `GET /state`, `POST /switches`, `GET /counts`. What means nothing is a 400 that names what would.
 */
export async function startAdmin(
  port: number,
  emulator: Administered,
): Promise<LoopbackServer> {
  const routes = new Map<string, (body: unknown) => object>([
    [
      "POST /faults",
      (body) => {
        // All are read before one is taken.
        for (const fault of readFaults(body)) emulator.fault(fault);
        return { faults: emulator.pendingFaults() };
      },
    ],
    [
      "DELETE /faults",
      () => {
        emulator.clearFaults();
        return { faults: emulator.pendingFaults() };
      },
    ],
    [
      "POST /switches",
      (body) => ({
        switches: Object.assign(emulator.switches, readSwitches(body)),
      }),
    ],
    [
      "GET /state",
      () => ({
        certificates: emulator.account.certificates,
        domains: emulator.account.domains,
        switches: emulator.switches,
        faults: emulator.pendingFaults(),
      }),
    ],
    ["GET /counts", () => emulator.counts()],
  ]);

  function perform(name: string, text: string): [number, object] {
    const route = routes.get(name);
    if (route === undefined)
      return [
        404,
        {
          message: `no such route; there are ${[...routes.keys()].join(", ")}`,
        },
      ];
    try {
      return [200, route(text === "" ? undefined : JSON.parse(text))];
    } catch (error) {
      // SyntaxError is that of JSON.parse.
      if (error instanceof TypeError || error instanceof SyntaxError)
        return [400, { message: error.message }];
      throw error;
    }
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const text = (await readBody(request, MAX_BODY_BYTES)).toString("utf8");
    const [status, answer] = perform(
      `${request.method ?? ""} ${request.url ?? ""}`,
      text,
    );
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  }

  return startLoopbackServer(port, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
}
