import { build } from "esbuild";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { demoAccount, demoSettings } from "../../infra/local/fixtures.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import { runHere, runProcess, type Environment } from "../world/command.ts";
import { KEY } from "../world/key.ts";

/** A key that may not see the domains. */
const BLIND = {
  ...KEY,
  accessKeyId: "AKLTBLINDEXAMPLE0000000000000001",
  denied: ["ListDomainDetail"],
};

let live: LiveEmulator;
beforeEach(async () => {
  live = await startLiveEmulator({
    credentials: [KEY, BLIND],
    account: demoAccount(Date.now()),
    switches: { perSecond: null },
  });
});
afterEach(() => live.close());

const environment = (env: Environment): Environment => ({
  VOLCENGINE_ENDPOINT: live.url,
  ...demoSettings,
  ...env,
});
const preview = (env: Environment, args?: readonly string[], cwd?: string) =>
  runHere("preview.ts", environment(env), args, cwd);

const KEYS = {
  VOLC_ACCESSKEY: KEY.accessKeyId,
  VOLC_SECRETKEY: KEY.secretAccessKey,
};

describe("npm run preview", () => {
  it("shows name and verdict of every certificate and writes nothing", async () => {
    const listed = live.account.certificates.length;
    // Of records under one chain id the first is shown.
    const names = new Map(
      live.account.certificates
        .toReversed()
        .map(({ chainId, name }) => [chainId, name]),
    ).values();
    const { code, stdout, stderr } = await runProcess(
      "preview.ts",
      environment(KEYS),
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    for (const name of names) {
      expect(stdout).toMatch(
        new RegExp(
          `^(delete|keep) +${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`,
          "m",
        ),
      );
    }
    expect(live.writes()).toHaveLength(0);
    expect(live.account.certificates).toHaveLength(listed);
  });

  describe("under the settings of a cdk.json", () => {
    let folder = "";
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "janitor-preview-"));
    });
    afterEach(() => rm(folder, { recursive: true }));

    async function eligible(
      janitor: unknown,
      args: readonly string[] = [],
      env: Environment = {},
    ) {
      await writeFile(
        join(folder, "cdk.json"),
        JSON.stringify({ context: { janitor } }),
      );
      const { stdout, stderr } = await preview(
        { ...KEYS, ...env },
        args,
        folder,
      );
      return /would delete (\d+)/.exec(stdout)?.[1] ?? stderr.trim();
    }

    it("shows what the deployed sweep of the stack that is named would do; the environment wins", async () => {
      const list = [{ name: "sports" }, { name: "news", graceDays: 3650 }];
      const shipped = Number(await eligible({}));
      expect(shipped).toBeGreaterThan(0);
      const news = ["--stack", "news"];
      expect(await eligible(list, news)).toBe("0");
      expect(await eligible(list, news, { GRACE_DAYS: "7" })).toBe(
        String(shipped),
      );
      expect(await eligible(list)).toBe(
        "cdk.json has the stacks sports, news: say which one, as in npm run preview -- --stack sports",
      );
      expect(await eligible({}, news)).toMatch(/leave --stack out/);
    });

    it("says what is wrong with them", async () => {
      expect(await eligible({ graceDays: -1 })).toMatch(/graceDays is -1/);
      expect(await eligible({}, ["--stak", "news"])).toMatch(
        /takes --stack NAME and --html FILE, and nothing else/,
      );
      await rm(join(folder, "cdk.json"));
      const { code, stderr } = await preview(KEYS, [], folder);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^cdk\.json is not in this folder.*\n$/),
      ]);
    });
  });

  it.each([
    ["VOLC_ACCESSKEY is missing", { VOLC_ACCESSKEY: "" }, "VOLC_ACCESSKEY"],
    ["the key is unknown", { VOLC_ACCESSKEY: "AKLTother" }, "InvalidAccessKey"],
    [
      "the secret is wrong",
      { VOLC_SECRETKEY: "wrong" },
      "SignatureDoesNotMatch",
    ],
    ["a setting is wrong", { GRACE_DAYS: "-1" }, "GRACE_DAYS"],
    [
      "an action is denied",
      { VOLC_ACCESSKEY: BLIND.accessKeyId },
      "ListDomainDetail",
    ],
    [
      "nobody listens",
      { VOLCENGINE_ENDPOINT: "http://127.0.0.1:9" },
      "No connection",
    ],
  ])("says in one line why it cannot when %s", async (_, env, seen) => {
    const { code, stdout, stderr } = await preview({ ...KEYS, ...env });
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain(seen);
    expect(stderr).not.toContain(KEY.secretAccessKey);
    expect(live.writes()).toHaveLength(0);
  });

  describe("with --html", () => {
    let folder = "";
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "preview-html-"));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it("writes the picture and says where it is", async () => {
      const file = join(folder, "certificates.html");
      const { code, stdout } = await preview(KEYS, ["--html", file]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^(delete|keep) +/m);
      expect(stdout.trim().split("\n").at(-1)).toBe(
        `Picture: ${pathToFileURL(file).href}`,
      );
      const page = await readFile(file, "utf8");
      expect(page).toContain(
        `<title>Certificates at ${new URL(live.url).host}`,
      );
      for (const { name } of live.account.certificates.slice(0, 8))
        expect(page).toContain(name);
      expect(page).not.toContain(KEY.accessKeyId);
      expect(page).not.toContain(KEY.secretAccessKey);
      expect(live.writes()).toHaveLength(0);
    });

    it("says so if the picture cannot be written, after the table", async () => {
      const file = join(folder, "no", "such", "folder.html");
      const { code, stdout, stderr } = await preview(KEYS, ["--html", file]);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^(delete|keep) +/m);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(stderr).toContain("ENOENT");
      expect(stderr).toContain("Nothing was deleted");
    });
  });

  it("holds no code that deletes", async () => {
    const bundle = async (entry: string) => {
      const { outputFiles, metafile } = await build({
        entryPoints: [entry],
        bundle: true,
        platform: "node",
        format: "esm",
        external: ["undici", "@aws-sdk/*", "esbuild"],
        write: false,
        metafile: true,
        minifySyntax: true,
        legalComments: "none",
      });
      return {
        text: outputFiles[0]?.text ?? "",
        inputs: Object.keys(metafile.inputs),
      };
    };
    const read = await bundle("infra/local/preview.ts");
    expect(read.inputs).not.toContain("functions/volcengine/deleter.ts");
    expect(read.text).not.toMatch(/DeleteCert/);
    // The same search does find it where it is.
    const whole = await bundle("functions/expired-sweep.ts");
    expect(whole.inputs).toContain("functions/volcengine/deleter.ts");
    expect(whole.text).toMatch(/DeleteCert/);
  });
});
