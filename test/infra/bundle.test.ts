import { App } from "aws-cdk-lib";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import * as undici from "undici";
import request from "undici/lib/api/api-request.js";
import errors from "undici/lib/core/errors.js";
import Pool from "undici/lib/dispatcher/pool.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../infra/config.ts";
import { EXTERNAL_MODULES } from "../../infra/janitor-function.ts";
import { LiveCertJanitorStack } from "../../infra/live-cert-janitor-stack.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import {
  startSecretsManagerEmulator,
  type SecretsManagerEmulator,
} from "../../infra/local/secrets-manager-emulator.ts";
import { CONTEXT, EUROPE } from "./synthesize.ts";

const run = promisify(execFile);

const KEY = {
  accessKeyId: "AKLTBUNDLEEXAMPLE0000000000000001",
  secretAccessKey: "BUNDLE-EXAMPLE-SECRET-VALID-NOWHERE",
};

/** What a program of its own, which imports the API's bundle, answers to GET /certificates. */
async function ask(
  bundle: string,
  env: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { stdout } = await run(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `const { handler } = await import(process.argv[1]);
       const answer = await handler(JSON.parse(process.argv[2]), { awsRequestId: "r", getRemainingTimeInMillis: () => 29000 });
       console.log("answer: " + answer.body);
       process.exit(0);`,
      bundle,
      JSON.stringify(httpEvent),
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

  beforeAll(async () => {
    outdir = await mkdtemp(join(tmpdir(), "janitor-bundle-"));
    const app = new App({ outdir, context: { ...CONTEXT } });
    new LiveCertJanitorStack(app, "Janitor", {
      config: readConfig({}),
      env: EUROPE,
    });
    app.synth();
    const files = await readdir(outdir, { recursive: true });
    bundles = files
      .filter((file) => /^asset\.[0-9a-f]+\/index\.mjs$/.test(file))
      .map((file) => join(outdir, file));
  });
  afterAll(() => rm(outdir, { recursive: true, force: true }));

  it("are two, each one file of at most 620 KB", async () => {
    expect(bundles).toHaveLength(2);
    for (const bundle of bundles) {
      const { length } = await readFile(bundle);
      expect(length).toBeLessThan(620_000);
      expect(length).toBeGreaterThan(100 * 1024);
    }
  });

  it("load the seldom used clients from Lambda, and hold the rest", async () => {
    const texts = await Promise.all(
      bundles.map((bundle) => readFile(bundle, "utf8")),
    );
    for (const text of texts) {
      const imported = [
        ...text.matchAll(
          /(?:\bfrom|\bimport|\bimport\(|\brequire\()["'](@?[a-z][^"'\s]*)["']/g,
        ),
      ]
        .map(([, name = ""]) => name)
        .filter((name) => name.startsWith("@") || name === "undici")
        // Named in the SDK's error messages only.
        .filter((name) => !name.startsWith("@aws-sdk/signature-v4"));
      expect([...EXTERNAL_MODULES]).toEqual(
        expect.arrayContaining([...new Set(imported)]),
      );
      // Loaded when they are used, so never by a static import.
      expect(text).not.toMatch(
        /(?:\bfrom|\bimport)\s*["']@aws-sdk\/client-(?:lambda|sns)["']/,
      );
    }
    const lazily = (name: string) =>
      texts.filter((text) =>
        new RegExp(`import\\(["']${name}["']\\)`).test(text),
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

    beforeAll(async () => {
      live = await startLiveEmulator({ credentials: [KEY] });
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
      }
    });
    afterAll(async () => {
      proxy.close();
      await Promise.all([live.close(), secrets.close()]);
    });

    it("read the secret with them, and reach the vendor", async () => {
      const answer = await ask(api, {
        ...env,
        AWS_ACCESS_KEY_ID: "ASIAOFTHEENVIRONMENT",
        AWS_SECRET_ACCESS_KEY: "secret of the environment",
        AWS_SESSION_TOKEN: "token-of-the-environment",
      });
      expect(answer).toMatchObject({ certificates: [], counts: { listed: 0 } });
      expect(seen).toHaveLength(1);
      expect(seen[0]).toContain("Credential=ASIAOFTHEENVIRONMENT/");
      expect(seen[0]).toContain("token=token-of-the-environment");
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
