/** A child process that may be killed at any time and started again. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Milliseconds within which a process must be ready. */
const READY_WITHIN = 20_000;

interface Outage {
  readonly from: number;
  until: number;
}

export interface ChildOptions<To, From> {
  readonly name: string;
  /** A plain JavaScript file. */
  readonly file: string;
  readonly execArgv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What it is told when it starts. */
  readonly greeting: () => To;
  readonly onMessage: (message: From) => void;
  readonly onViolation: (what: string) => void;
}

export class Child<To extends object, From extends { readonly kind: string }> {
  readonly #options: ChildOptions<To, From>;
  #process: ChildProcess | undefined;
  /** When it was not there, from the kill until it was ready again. */
  readonly outages: Outage[] = [];
  kills = 0;

  constructor(options: ChildOptions<To, From>) {
    this.#options = options;
  }

  /** Resolves as soon as it is ready. */
  start(): Promise<void> {
    const { name, file, execArgv, env, greeting } = this.#options;
    const child = fork(file, { execArgv: [...execArgv], env });
    this.#process = child;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${name} was not ready in time`));
      }, READY_WITHIN);
      child.on("message", (message) => {
        // A killed process may still be heard; what it says of its deletions is true.
        const said = message as unknown as From;
        if (said.kind === "ready") {
          clearTimeout(timer);
          resolve();
        }
        this.#options.onMessage(said);
      });
      child.on("exit", (code, signal) => {
        clearTimeout(timer);
        if (this.#process !== child) return;
        const what = `${name} ended by itself: ${String(code ?? signal)}`;
        this.#options.onViolation(what);
        reject(new Error(what));
      });
      child.send(greeting());
    });
  }

  send(message: To): void {
    const child = this.#process;
    if (child?.connected === true) child.send(message);
  }

  /** kill -9, and up again at once. */
  async restart(): Promise<void> {
    const outage: Outage = { from: performance.now(), until: Infinity };
    this.outages.push(outage);
    this.kills += 1;
    await this.stop();
    await this.start();
    outage.until = performance.now();
  }

  /** Ends it for good; resolves when it is gone and all that it said has been heard. */
  stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null)
      return Promise.resolve();
    const gone = Promise.all(
      ["exit", ...(child.connected ? ["disconnect"] : [])].map((event) =>
        once(child, event),
      ),
    );
    child.kill("SIGKILL");
    return gone.then(() => undefined);
  }

  /** For the end of this process, where nobody waits. */
  killNow(): void {
    this.#process?.kill("SIGKILL");
  }

  /** Whether it was not there at some time between the two, or within `grace` of it. */
  wasAway(from: number, until: number, grace = 500): boolean {
    return this.outages.some(
      (outage) => outage.from <= until && outage.until + grace >= from,
    );
  }
}
