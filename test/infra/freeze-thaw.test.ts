/** What Lambda does to an idle function: it is frozen between two requests, or in the middle of one, and thawed later. */
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startLiveEmulator } from "../../infra/local/live-emulator/server.ts";
import { startSecretsManagerEmulator } from "../../infra/local/secrets-manager-emulator.ts";
import { certificate, chainId, domain, KEY } from "../world/deployment.ts";
import { deployedBundles } from "./synthesize.ts";

/** Answers the requests that it reads, a line each, as the runtime would: one after the other. */
const RUNTIME = `
  import { createInterface } from "node:readline";
  const { handler } = await import(process.argv[1]);
  for await (const line of createInterface({ input: process.stdin })) {
    const { event, remaining } = JSON.parse(line);
    const answer = await handler(event, { awsRequestId: "r", getRemainingTimeInMillis: () => remaining });
    console.log("answer: " + JSON.stringify(answer));
  }`;

let outdir = "";
let bundle = "";
beforeAll(async () => {
  const { folder, bundles } = await deployedBundles();
  outdir = folder;
  const isApi = (text: string) => text.includes("method-not-allowed");
  bundle = bundles.find(({ text }) => isApi(text))?.path ?? "";
});
afterAll(() => rm(outdir, { recursive: true, force: true }));

/** A line to the vendor that can be cut while nobody looks. */
async function startLine(target: URL) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const there = connect(Number(target.port), target.hostname);
    sockets.add(socket);
    socket.pipe(there).pipe(socket);
    for (const one of [socket, there]) one.on("error", () => undefined);
    socket.on("close", () => there.destroy());
    there.on("close", () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const cut = (how: (socket: Socket) => void) => {
    for (const socket of sockets) how(socket);
    sockets.clear();
  };
  return {
    url: `http://127.0.0.1:${String(port)}`,
    /** As a vendor that tires of idle connections. */
    closed: () => {
      cut((socket) => socket.end());
    },
    /** As a network that forgot them. */
    dead: () => {
      cut((socket) => socket.resetAndDestroy());
    },
    close: () => {
      cut((socket) => socket.destroy());
      server.close();
    },
  };
}

async function startFunction(
  onCall: (action: string) => void = () => undefined,
) {
  const live = await startLiveEmulator({
    credentials: [KEY],
    account: {
      certificates: Array.from({ length: 12 }, (_, n) => certificate(n, -30)),
      domains: [domain("unbound.example.com")],
    },
    switches: { perSecond: null },
    onCall,
  });
  const secrets = await startSecretsManagerEmulator({
    secrets: { frozen: JSON.stringify(KEY) },
  });
  const line = await startLine(new URL(live.url));
  const child = spawn(
    process.execPath,
    ["--input-type=module", "-e", RUNTIME, bundle],
    {
      stdio: ["pipe", "pipe", "inherit"],
      env: {
        AWS_REGION: "eu-central-1",
        AWS_ACCESS_KEY_ID: "local",
        AWS_SECRET_ACCESS_KEY: "local",
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
        AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
        VOLCENGINE_SECRET_ID: "frozen",
        VOLCENGINE_ENDPOINT: line.url,
      },
    },
  );
  const lines = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  return {
    live,
    line,
    child,
    /** A DELETE of certificate n; its answer. */
    ask: async (n: number, remaining = 29_000): Promise<unknown> => {
      const path = `/certificates/${chainId(n)}`;
      const event = {
        version: "2.0",
        routeKey: "DELETE /certificates/{chainId}",
        rawPath: path,
        rawQueryString: "",
        headers: {},
        pathParameters: { chainId: chainId(n) },
        requestContext: {
          requestId: `request-${String(n)}`,
          http: { method: "DELETE", path },
        },
        isBase64Encoded: false,
      };
      child.stdin.write(`${JSON.stringify({ event, remaining })}\n`);
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error("the function is gone");
        const [, text] = /^answer: (.*)$/.exec(value) ?? [];
        if (text !== undefined) return JSON.parse(text);
      }
    },
    close: async () => {
      child.kill("SIGKILL");
      line.close();
      await Promise.all([live.close(), secrets.close()]);
    },
  };
}

it("twelve deletions, frozen between them while connections idle, close or die: none fails", async () => {
  const { live, line, child, ask, close } = await startFunction();
  try {
    for (let n = 0; n < 12; n++) {
      expect(await ask(n)).toMatchObject({ statusCode: 200 });
      child.kill("SIGSTOP");
      if (n % 3 === 1) line.closed();
      if (n % 3 === 2) line.dead();
      await sleep(100);
      child.kill("SIGCONT");
    }
    expect(live.account.certificates).toEqual([]);
    expect(live.writes().map(({ status }) => status)).toEqual(
      Array.from({ length: 12 }, () => 200),
    );
  } finally {
    await close();
  }
});

it("a DELETE that is frozen beyond its time is a 504, and sends nothing once it is thawed", async () => {
  let freeze: () => void = () => undefined;
  const { live, child, ask, close } = await startFunction((action) => {
    if (action === "ListDomainDetail") freeze();
  });
  try {
    expect(await ask(0)).toMatchObject({ statusCode: 200 });
    let thawed: Promise<unknown> | undefined;
    freeze = () => {
      if (thawed !== undefined) return;
      child.kill("SIGSTOP");
      // Of 12 s it has 10 for its answer.
      thawed = sleep(10_500).then(() => child.kill("SIGCONT"));
    };
    expect(await ask(1, 12_000)).toMatchObject({ statusCode: 504 });
    await thawed;
    await sleep(1000);
    expect(live.writes()).toHaveLength(1);
    expect(await ask(2)).toMatchObject({ statusCode: 200 });
  } finally {
    await close();
  }
});
