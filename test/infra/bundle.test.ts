import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, symlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import * as undici from "undici";
import request from "undici/lib/api/api-request.js";
import errors from "undici/lib/core/errors.js";
import Pool from "undici/lib/dispatcher/pool.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXTERNAL_MODULES } from "../../infra/constructs/janitor-function.ts";
import { startLambdaEmulator } from "../../infra/local/lambda-emulator.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import {
  startSecretsManagerEmulator,
  type SecretsManagerEmulator,
} from "../../infra/local/secrets-manager-emulator.ts";
import { startSnsEmulator } from "../../infra/local/sns-emulator.ts";
import { certificate, domain } from "../world/deployment.ts";
import { deployedBundles, ROOT } from "./synthesize.ts";

const run = promisify(execFile);

const KEY = {
  accessKeyId: "AKLTBUNDLEEXAMPLE0000000000000001",
  secretAccessKey: "BUNDLE-EXAMPLE-SECRET-VALID-NOWHERE",
};

/** What the handler of a bundle, imported by a program of its own, gives for an event; of an HTTP answer its body. */
async function ask(
  bundle: string,
  env: Readonly<Record<string, string>>,
  event: object = httpEvent,
  remainingMs = 29_000,
): Promise<unknown> {
  const { stdout } = await run(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `const { handler } = await import(process.argv[1]);
       const answer = await handler(JSON.parse(process.argv[2]), { awsRequestId: "r", getRemainingTimeInMillis: () => Number(process.argv[3]) });
       console.log("answer: " + (answer.body ?? JSON.stringify(answer)));
       process.exit(0);`,
      bundle,
      JSON.stringify(event),
      String(remainingMs),
    ],
    { env },
  );
  return JSON.parse(/^answer: (.*)$/m.exec(stdout)?.[1] ?? "");
}

const httpEvent = {
  version: "2.0",
  routeKey: "GET /certificates",
  rawPath: "/certificates",
  rawQueryString: "",
  headers: {},
  requestContext: {
    requestId: "bundle-1",
    http: { method: "GET", path: "/certificates" },
  },
  isBase64Encoded: false,
};

describe("the parts of undici that are taken", () => {
  it("are those that its index puts together", () => {
    expect(Pool).toBe(undici.Pool);
    expect(errors).toBe(undici.errors);
    expect(request).toBe(Reflect.get(undici.Pool.prototype, "request"));
  });
});

describe("the bundles that are deployed", () => {
  let outdir = "";
  let bundles: readonly string[] = [];
  let texts: readonly string[] = [];

  beforeAll(async () => {
    const deployed = await deployedBundles();
    outdir = deployed.folder;
    bundles = deployed.bundles.map(({ path }) => path);
    texts = deployed.bundles.map(({ text }) => text);
  });
  afterAll(() => rm(outdir, { recursive: true, force: true }));

  it("are two, each one file of at most 530 KB", () => {
    expect(bundles).toHaveLength(2);
    for (const text of texts) {
      const length = Buffer.byteLength(text);
      expect(length).toBeLessThan(530_000);
      expect(length).toBeGreaterThan(100 * 1024);
    }
  });

  it("load the seldom used clients from Lambda, and hold the rest", () => {
    for (const text of texts) {
      const imported = [
        ...text.matchAll(
          /(?:\bfrom|\bimport|\bimport\()\s*["'](@?[a-z][^"'\s]*)["']/g,
        ),
      ]
        .map(([, name = ""]) => name)
        .filter((name) => name.startsWith("@") || name === "undici");
      // Nothing that is no part of Node, neither at the start nor by an `import()`, which would not look at NODE_PATH.
      expect(imported).toEqual([]);
    }
    const lazily = (name: string) =>
      texts.filter((text) =>
        new RegExp(
          `Promise\\.resolve\\(\\)\\.then\\([^"']*["']${name}["']`,
        ).test(text),
      );
    for (const name of EXTERNAL_MODULES) expect(lazily(name)).toHaveLength(1);
  });

  it("can be imported by node alone, and hold a handler", async () => {
    for (const bundle of bundles) {
      const { stdout } = await run(
        process.execPath,
        [
          "--input-type=module",
          "-e",
          "const { handler } = await import(process.argv[1]); console.log(typeof handler);",
          bundle,
        ],
        { cwd: outdir, env: {} },
      );
      expect(stdout.trim()).toBe("function");
    }
  });

  describe("with keys from the environment alone, as Lambda gives them", () => {
    let live: LiveEmulator;
    let secrets: SecretsManagerEmulator;
    let env: Record<string, string>;
    const seen: string[] = [];
    let proxy: Server;
    let api = "";

    let sweep = "";
    /** As Lambda sets it: the folder of the runtime's own copies. */
    let NODE_PATH = "";
    const roleKeys = {
      AWS_ACCESS_KEY_ID: "ASIAOFTHEENVIRONMENT",
      AWS_SECRET_ACCESS_KEY: "secret of the environment",
      AWS_SESSION_TOKEN: "token-of-the-environment",
    };

    beforeAll(async () => {
      NODE_PATH = join(outdir, "var", "runtime", "node_modules");
      await mkdir(join(NODE_PATH, "@aws-sdk"), { recursive: true });
      for (const name of EXTERNAL_MODULES) {
        await symlink(join(ROOT, "node_modules", name), join(NODE_PATH, name));
      }
      live = await startLiveEmulator({
        credentials: [KEY],
        account: {
          certificates: [certificate(1, -30)],
          domains: [domain("unbound.example.com")],
        },
      });
      secrets = await startSecretsManagerEmulator({
        secrets: { volcengine: JSON.stringify(KEY) },
      });
      // Shows which key signed the reading of the secret; the emulator does not look.
      proxy = createServer((incoming, outgoing) => {
        seen.push(
          `${incoming.headers.authorization ?? ""} token=${String(incoming.headers["x-amz-security-token"])}`,
        );
        void text(incoming).then(async (body) => {
          const answer = await fetch(secrets.url, {
            method: "POST",
            headers: {
              "x-amz-target": String(incoming.headers["x-amz-target"]),
            },
            body,
          });
          outgoing.writeHead(answer.status).end(await answer.text());
        });
      });
      await once(proxy.listen(0, "127.0.0.1"), "listening");
      const address = proxy.address();
      env = {
        AWS_REGION: "eu-central-1",
        AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${String(typeof address === "object" ? address?.port : 0)}`,
        VOLCENGINE_SECRET_ID: "volcengine",
        VOLCENGINE_ENDPOINT: live.url,
      };
      for (const bundle of bundles) {
        if ((await readFile(bundle, "utf8")).includes("GET /certificates"))
          api = bundle;
        else sweep = bundle;
      }
    });
    afterAll(async () => {
      proxy.close();
      await Promise.all([live.close(), secrets.close()]);
    });

    it("read the secret with them, and reach the vendor", async () => {
      const answer = await ask(api, { ...env, ...roleKeys });
      expect(answer).toMatchObject({ counts: { listed: 1 } });
      expect(seen).toHaveLength(1);
      expect(seen[0]).toContain("Credential=ASIAOFTHEENVIRONMENT/");
      expect(seen[0]).toContain("token=token-of-the-environment");
    });

    it("start a sweep with the client that Lambda has at NODE_PATH", async () => {
      const functions = await startLambdaEmulator({
        functions: {
          sweep: { handler: () => Promise.resolve({}), timeoutMs: 1000 },
        },
      });
      const order = {
        ...httpEvent,
        routeKey: "POST /sweeps",
        rawPath: "/sweeps",
        headers: { "content-type": "application/json" },
        requestContext: {
          requestId: "bundle-2",
          http: { method: "POST", path: "/sweeps" },
        },
        body: "{}",
      };
      const started = {
        ...env,
        ...roleKeys,
        SWEEP_FUNCTION_NAME: "sweep",
        AWS_ENDPOINT_URL_LAMBDA: functions.url,
      };
      const answer = await ask(api, { ...started, NODE_PATH }, order);
      expect(answer).toMatchObject({
        mode: "dry-run",
        runId: expect.stringMatching(/./) as unknown,
      });
      // It was found there, and nowhere else.
      expect(await ask(api, started, order)).toMatchObject({ status: 500 });
      await functions.close();
    });

    it("publish the report with the client that Lambda has at NODE_PATH", async () => {
      const mailbox = await startSnsEmulator();
      const reporting = {
        ...env,
        ...roleKeys,
        REPORT_TOPIC_ARN: "arn:aws:sns:eu-central-1:111122223333:reports",
        AWS_ENDPOINT_URL_SNS: mailbox.url,
      };
      expect(await ask(sweep, reporting, {}, 900_000)).toMatchObject({
        counts: { eligible: 1 },
      });
      expect(mailbox.messages).toHaveLength(0);
      await ask(sweep, { ...reporting, NODE_PATH }, {}, 900_000);
      expect(mailbox.messages).toHaveLength(1);
      await mailbox.close();
    });

    it("say that the secret is out of reach without them", async () => {
      const before = seen.length;
      expect(await ask(api, env)).toMatchObject({
        type: "urn:live-cert-janitor:problem:misconfigured",
      });
      expect(seen).toHaveLength(before);
    });
  });
});
