import { build } from "esbuild";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { demoAccount, demoSettings } from "../../infra/local/fixtures.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import { KEY } from "../world/deployment.ts";

const ROOT = join(import.meta.dirname, "..", "..");

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
  });
});
afterEach(() => live.close());

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

const environment = (env: Environment): Environment => ({
  VOLCENGINE_ENDPOINT: live.url,
  ...demoSettings,
  ...env,
});

/** Runs the command as an operator would, in a process of its own. */
function start(env: Environment): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--import", "tsx", join("infra", "local", "preview.ts")],
      {
        cwd: ROOT,
        env: {
          PATH: process.env["PATH"],
          TMPDIR: tmpdir(),
          ...environment(env),
        },
      },
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, stdout, stderr });
      },
    );
  });
}

/** Runs it in this process, which is faster. */
async function preview(
  env: Environment,
  args: readonly string[] = [],
  cwd = ROOT,
): Promise<Run> {
  const printed = { log: "", error: "" };
  for (const name of ["log", "error"] as const)
    vi.spyOn(console, name).mockImplementation((text) => {
      printed[name] += `${String(text)}\n`;
    });
  for (const [name, value] of Object.entries(environment(env)))
    vi.stubEnv(name, value);
  const { argv, exitCode } = process;
  process.argv = [...argv.slice(0, 2), ...args];
  process.exitCode = 0;
  process.chdir(cwd);
  try {
    vi.resetModules();
    await import("../../infra/local/preview.ts");
    const code = Number(Reflect.get(process, "exitCode"));
    return { code, stdout: printed.log, stderr: printed.error };
  } finally {
    process.argv = argv;
    process.exitCode = exitCode;
    process.chdir(ROOT);
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  }
}

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
    const { code, stdout, stderr } = await start(KEYS);
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
