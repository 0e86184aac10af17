/** No secret comes out of anything: canaries are planted, every kind of trouble is made, and all that came out is searched. */
import { channel } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { readConfiguration } from "../../functions/host/configuration.ts";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import type { Host } from "../../functions/host/host.ts";
import { withDeadline } from "../../functions/janitor/deadline.ts";
import { createVendor } from "../../functions/host/wiring.ts";
import type {
  Fault,
  FaultKind,
} from "../../infra/local/live-emulator/faults.ts";
import {
  http,
  startFaultyServer,
  type Reaction,
} from "../world/faulty-server.ts";
import {
  certificate,
  domain,
  SECRET_ID,
  startWorld,
  type World,
} from "../world/deployment.ts";
import { hurriedClock } from "../world/clock.ts";

/** The pauses between two readings, up to here, take no time. */
const PAUSE_MS = 4000;
/** With characters that every encoding changes. */
const CANARY = {
  accessKeyId: "AKLTCANARYID000000000000000000001",
  secretAccessKey: "CANARY-secret/key+with&every%odd=character~?>",
  sessionToken: "CANARY.session/token+with&every%odd=character~?>==",
};
const EXPIRED = certificate(1, -30);
const IN_USE = certificate(2, -30, { domains: ["live.example.com"] });
const ACCOUNT = {
  certificates: [EXPIRED, IN_USE, certificate(3, -40)],
  domains: [
    domain("live.example.com", IN_USE.chainId),
    domain("unbound.example.com"),
  ],
};
const PATH = `/certificates/${EXPIRED.chainId}`;

/** All that came out, and all Authorization values that a server of the vendor's saw. */
let output: string[] = [];
const authorizations = new Set<string>();

/** The text and what it looks like in base64, at any offset, and in a URL. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(
      "base64",
    );
    // The characters at both ends also depend on what stands beside the secret.
    return text.slice(offset === 0 ? 0 : offset + 1, -4);
  });
  return [
    secret,
    encodeURIComponent(secret),
    encodeURI(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString("hex"),
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
  ];
}

function needles(): Set<string> {
  const signatures = [...authorizations].map(
    (value) => /Signature=([0-9a-f]{64})$/.exec(value)?.[1] ?? value,
  );
  const secrets = [...Object.values(CANARY), ...authorizations, ...signatures];
  return new Set(secrets.flatMap(forms));
}

/** What of the secrets stands in the output; each hit with a little of what is around it. */
function leaks(): string[] {
  const all = output.join("\n");
  return [...needles()].flatMap((needle) => {
    const at = all.indexOf(needle);
    return at < 0 ? [] : [all.slice(Math.max(0, at - 80), at + needle.length)];
  });
}

function shows(text: string): boolean {
  return output.some((one) => one.includes(text));
}

function note(...things: readonly unknown[]): void {
  for (const thing of things) {
    if (typeof thing === "string") output.push(thing);
    else output.push(inspect(thing, { depth: 10 }), JSON.stringify([thing]));
    for (let at = thing; at instanceof Error; at = at.cause) {
      output.push(String(at), at.stack ?? "", JSON.stringify(at));
    }
  }
}

function onRequest(message: unknown): void {
  const { request } = message as { readonly request: IncomingMessage };
  const { authorization } = request.headers;
  if (authorization?.startsWith("HMAC-SHA256 ") === true)
    authorizations.add(authorization);
}
const onWarning = (warning: Error): void => {
  note(warning);
};

beforeAll(() => {
  channel("http.server.request.start").subscribe(onRequest);
  process.on("warning", onWarning);
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    vi.spyOn(stream, "write").mockImplementation((chunk) => {
      note(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
      return write(chunk);
    });
  }
  for (const method of ["log", "info", "warn", "error", "debug"] as const)
    vi.spyOn(console, method).mockImplementation(note);
});
afterAll(() => {
  channel("http.server.request.start").unsubscribe(onRequest);
  process.off("warning", onWarning);
  vi.restoreAllMocks();
});
beforeEach(() => {
  output = [];
  authorizations.clear();
});

const log = (line: unknown): void => {
  note(line);
};

function start(options: Parameters<typeof startWorld>[0] = {}): Promise<World> {
  return startWorld({
    secret: JSON.stringify(CANARY),
    ...options,
    live: {
      credentials: [CANARY],
      account: ACCOUNT,
      switches: { perSecond: null },
      ...options.live,
    },
    host: { clock: hurriedClock(PAUSE_MS), log, ...options.host },
  });
}

async function ask(
  { url }: World,
  method: string,
  path: string,
): Promise<number> {
  const answer = await fetch(url + path, { method });
  note(answer.statusText, [...answer.headers], await answer.text());
  return answer.status;
}

function host(env: Host["env"]): Host {
  return { env, clock: hurriedClock(PAUSE_MS), random: () => 0, log };
}

/** What one reading of the account fails with. */
async function readingOf(env: Host["env"]): Promise<unknown> {
  const here = host(env);
  const vendor = createVendor(here, readConfiguration(env), 5000);
  const failure = await withDeadline(
    here.clock,
    20_000,
    undefined,
    (deadline) => vendor.observer.observe(deadline),
  ).catch((error: unknown) => error);
  await vendor.close();
  note(failure);
  return failure;
}

async function sweep(endpoint: string): Promise<void> {
  const handler = createSweepHandler(
    host({
      VOLCENGINE_SECRET_ID: SECRET_ID,
      VOLCENGINE_ENDPOINT: endpoint,
      DRY_RUN: "false",
    }),
  );
  const context = {
    awsRequestId: "run-1",
    // Enough for three readings that fail; the pause before a fourth one is longer than PAUSE_MS.
    getRemainingTimeInMillis: () => 50_000,
  };
  note(await handler({}, context).catch((error: unknown) => error));
}

/** Every fault that the emulator knows, with what it needs. */
const FAULTS: Readonly<Record<FaultKind, Omit<Fault, "kind">>> = {
  CommonErr: { codeN: 0 },
  throttle: { retryAfter: 0 },
  "http-500": {},
  "http-502-html": {},
  "http-503-html": {},
  "http-504-after": {},
  "reset-after": {},
  "reset-before": {},
  hang: {},
  slow: { ms: 100 },
  trickle: { ms: 1 },
  truncate: {},
  "not-json": {},
  empty: {},
  error: { status: 403, code: "AccessDenied" },
  "no-date": {},
  "date-skew": { seconds: 960 },
  "huge-body": {},
  "total-lies": { delta: 5 },
  "repeat-page": {},
};

it("shows no secret whatever the vendor does to requests and sweeps", async () => {
  const worlds = new Map<FaultKind, World>();
  for (const kind of Object.keys(FAULTS) as FaultKind[]) {
    const clock = hurriedClock(PAUSE_MS);
    let hangs = kind === "hang";
    const onCall = (action: string): void => {
      if (!hangs || action !== "DeleteCert") return;
      hangs = false;
      clock.skip();
    };
    worlds.set(kind, await start({ live: { onCall }, host: { clock } }));
  }
  await Promise.all(
    [...worlds].map(async ([kind, world]) => {
      const { live } = world;
      const add = (action: string, times: number): void => {
        live.fault({ kind, ...FAULTS[kind], action, times });
      };
      add("DeleteCert", 1);
      await ask(world, "DELETE", PATH);
      live.clearFaults();
      if (kind === "hang") return;
      add("ListDomainDetail", 99);
      await Promise.all([ask(world, "GET", "/certificates"), sweep(live.url)]);
      live.clearFaults();
      add("DeleteCert", 1);
      await sweep(live.url);
    }),
  );
  await Promise.all([...worlds.values()].map((world) => world.close()));
  expect(authorizations.size).toBeGreaterThan(100);
  expect(shows("no-evidence")).toBe(true);
  expect(leaks()).toEqual([]);
}, 60_000);

it("shows no secret in refusals, successes and a rejected key", async () => {
  const world = await start();
  const statuses = [
    await ask(world, "DELETE", `/certificates/${IN_USE.chainId}`),
    await ask(world, "DELETE", "/certificates/x"),
    await ask(world, "DELETE", `/certificates/${"f".repeat(32)}`),
    await ask(world, "DELETE", `${PATH}?force=maybe`),
    await ask(world, "PUT", PATH),
    await ask(world, "GET", PATH),
    await ask(world, "DELETE", PATH),
  ];
  expect(statuses).toEqual([409, 400, 404, 400, 405, 200, 200]);
  world.live.setCredentials([{ ...CANARY, secretAccessKey: "another" }]);
  expect(await ask(world, "GET", "/certificates")).toBe(500);
  world.live.setCredentials([{ ...CANARY, sessionToken: "another" }]);
  expect(await ask(world, "GET", "/certificates")).toBe(500);
  await sweep(world.live.url);
  await world.close();
  expect(shows("credentials-rejected")).toBe(true);
  expect(leaks()).toEqual([]);
});

it("shows no secret when the secret is wrong or cannot be had", async () => {
  const world = await start();
  const { accessKeyId, secretAccessKey, sessionToken } = CANARY;
  for (const text of [
    secretAccessKey,
    `{"secretAccessKey":"${secretAccessKey}`,
    JSON.stringify(secretAccessKey),
    JSON.stringify([accessKeyId, secretAccessKey]),
    JSON.stringify({ accessKeyId, secretKey: secretAccessKey }),
    JSON.stringify({ accessKeyId, secretAccessKey: `${secretAccessKey}\n` }),
    JSON.stringify({ accessKeyId, secretAccessKey: [secretAccessKey] }),
    JSON.stringify({ ...CANARY, sessionToken: ` ${sessionToken}` }),
    JSON.stringify({ [secretAccessKey]: accessKeyId }),
  ]) {
    world.secrets.putSecretValue(SECRET_ID, text);
    expect(await ask(world, "GET", "/certificates")).toBe(500);
  }
  world.secrets.putSecretValue(SECRET_ID, JSON.stringify(CANARY));
  for (const fault of ["binary", "down", "throttle"] as const) {
    world.secrets.faults[fault] = true;
    expect(await ask(world, "GET", "/certificates")).toBe(500);
    await sweep(world.live.url);
    world.secrets.faults[fault] = false;
  }
  await world.close();
  expect(leaks()).toEqual([]);
});

it.each<[string, Reaction]>([
  ["a page", (socket, text) => socket.write(http("500 Debug", text))],
  [
    "every field of an envelope",
    (socket, text) => {
      const Code = /^authorization: (.*)\r$/m.exec(text)?.[1] ?? text;
      const content = {
        ResponseMetadata: { RequestId: Code, Error: { Code, Message: text } },
      };
      socket.write(
        http("403 Forbidden", JSON.stringify(content), [
          `retry-after: ${Code}`,
        ]),
      );
    },
  ],
  ["the answer itself", (socket, text) => socket.write(text)],
])("shows no secret when the request comes back as %s", async (_, reaction) => {
  const world = await start();
  const server = await startFaultyServer([reaction]);
  const env = {
    VOLCENGINE_SECRET_ID: SECRET_ID,
    VOLCENGINE_ENDPOINT: server.origin.origin,
  };
  const failure = await readingOf(env);
  await sweep(server.origin.origin);
  for (const text of server.requests) {
    const value = /^authorization: (.*)\r$/m.exec(text)?.[1];
    if (value !== undefined) authorizations.add(value);
  }
  await Promise.all([server.close(), world.close()]);
  expect(failure).toBeInstanceOf(Error);
  expect(authorizations.size).toBeGreaterThan(0);
  expect(leaks()).toEqual([]);
});

it("shows no part of the secret when the store's answer is not valid JSON", async () => {
  const world = await start();
  const store = await startFaultyServer([
    (socket) => {
      const text = `{"SecretString":${CANARY.secretAccessKey}}`;
      socket.write(http("200 OK", text));
    },
  ]);
  process.env["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = store.origin.origin;
  const env = { VOLCENGINE_SECRET_ID: SECRET_ID };
  await readingOf(env);
  await Promise.all([store.close(), world.close()]);
  expect(shows("misconfigured")).toBe(true);
  expect(shows(CANARY.secretAccessKey.slice(0, 8))).toBe(false);
});

it.each([
  ["plain", (value: string) => value],
  [
    "in base64",
    (value: string) => Buffer.from(`x ${value}`).toString("base64"),
  ],
  ["in a URL", (value: string) => encodeURIComponent(value)],
])("the search finds a log that shows a header %s", async (_, encode) => {
  let seen = "";
  const world = await start({
    host: {
      log: (line) => {
        seen = [...authorizations].at(-1) ?? "";
        log({ ...line, authorization: encode(seen) });
      },
    },
  });
  await ask(world, "GET", "/certificates");
  await world.close();
  expect(seen).toContain("Signature=");
  expect(leaks().length).toBeGreaterThan(0);
});

it.each(Object.values(CANARY))("the search finds %s", (secret) => {
  for (const form of forms(secret)) {
    output = [`before ${form} after`];
    expect(leaks().length).toBeGreaterThan(0);
  }
  output = [Buffer.from(`a: ${secret}, b`).toString("base64")];
  expect(leaks().length).toBeGreaterThan(0);
});
