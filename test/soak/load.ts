/** What happens to the local system at once: requests, sweeps, faults of the vendor, changes of the account, kills. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../infra/local/live-emulator/faults.ts";
import type { Random } from "../simulation/random.ts";
import { ask, isOneOf, NoAnswer } from "./answers.ts";
import { SWEEP_FUNCTION } from "./messages.ts";
import { drawRequest, type Asked } from "./requests.ts";
import type { System } from "./system.ts";

/** More turns than any loop takes in its time. */
const MOST_TURNS = 100_000;
const FAULTS: readonly Fault[] = [
  { kind: "throttle", times: 2 },
  { kind: "throttle", action: "DeleteCert", retryAfter: 1 },
  { kind: "http-500", times: 2 },
  { kind: "http-502-html" },
  { kind: "CommonErr", action: "DeleteCert" },
  { kind: "http-504-after", action: "DeleteCert" },
  { kind: "reset-after", action: "DeleteCert" },
  { kind: "reset-before" },
  { kind: "truncate" },
  { kind: "not-json" },
  { kind: "empty" },
  { kind: "no-date" },
  { kind: "slow", ms: 1500 },
  { kind: "hang" },
  { kind: "total-lies", action: "ListDomainDetail", delta: 1 },
  { kind: "http-503-html", times: 6 },
];

export class Load {
  readonly #system: System;
  readonly #random: Random;
  readonly counts = new Map<string, number>();

  constructor(system: System, random: Random) {
    this.#system = system;
    this.#random = random;
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Repeats `turn` with pauses until `end`. */
  async #loop(
    end: number,
    pause: readonly [number, number],
    turn: () => Promise<void> | void,
  ): Promise<void> {
    for (let n = 0; n < MOST_TURNS && performance.now() < end; n++) {
      const wait = this.#random.int(...pause);
      await sleep(Math.max(0, Math.min(wait, end - performance.now())));
      if (performance.now() < end) await turn();
    }
  }

  /** A connection may break only around a kill. */
  #failed(what: string, error: unknown, from: number): void {
    const { violations } = this.#system.truth;
    if (error instanceof NoAnswer) {
      violations.push(error.message);
      return;
    }
    this.#count("connections broken by a kill");
    if (!this.#system.functions.wasAway(from, performance.now())) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      violations.push(`${what}: ${String(cause)}, and nobody was killed`);
    }
  }

  async #request(): Promise<void> {
    const { truth, urls } = this.#system;
    const asked = drawRequest(truth, this.#random);
    const from = performance.now();
    try {
      const answer = await ask(`${urls.gateway}${asked.path}`, {
        method: asked.method,
        ...(asked.body !== undefined && {
          body: asked.body,
          headers: { "content-type": "application/json" },
        }),
      });
      this.#count(`${asked.kind} ${answer.name}`);
      if (!isOneOf(answer, asked.permitted))
        truth.violations.push(
          `${asked.method} ${asked.path}: ${String(answer.status)} ${answer.name}`,
        );
      if (answer.name === "ok") await this.#verify(asked, from);
    } catch (error) {
      this.#failed(`${asked.method} ${asked.path}`, error, from);
    }
  }

  /** What a receipt calls deleted is gone, unless the emulator died before it could tell. */
  async #verify({ deletes }: Asked, from: number): Promise<void> {
    const { truth, emulator } = this.#system;
    if (deletes === undefined) return;
    for (let n = 0; n < 100 && truth.certificates.has(deletes); n++)
      await sleep(20);
    if (
      truth.certificates.has(deletes) &&
      !emulator.wasAway(from, performance.now())
    )
      truth.violations.push(`${deletes} is called deleted and is there`);
  }

  /** A sweep by way of the Lambda service; resolves to its report where one is waited for. */
  async sweep(type: "RequestResponse" | "Event"): Promise<unknown> {
    const { truth, urls } = this.#system;
    const from = performance.now();
    try {
      const response = await fetch(
        `${urls.lambda}/2015-03-31/functions/${SWEEP_FUNCTION}/invocations`,
        {
          method: "POST",
          headers: { "x-amz-invocation-type": type },
          body: "{}",
          signal: AbortSignal.timeout(120_000),
        },
      );
      const text = await response.text();
      const report: unknown = text === "" ? {} : JSON.parse(text);
      const failed = response.headers.has("x-amz-function-error");
      const ended: unknown = Reflect.get(
        Object(report),
        failed ? "errorType" : "stoppedBecause",
      );
      this.#count(`sweep ${typeof ended === "string" ? ended : "started"}`);
      if (!response.ok || (failed && ended !== "NoEvidence"))
        truth.violations.push(`a sweep: ${text.slice(0, 300)}`);
      return report;
    } catch (error) {
      this.#failed("a sweep", error, from);
      return undefined;
    }
  }

  async #fault(): Promise<void> {
    const faults = Array.from({ length: this.#random.int(1, 3) }, () =>
      this.#random.pick(FAULTS),
    );
    const from = performance.now();
    try {
      const { ok } = await fetch(`${this.#system.urls.admin}/faults`, {
        method: "POST",
        body: JSON.stringify(faults),
        signal: AbortSignal.timeout(5000),
      });
      if (!ok) throw new Error("the emulator does not know these faults");
      for (const { kind } of faults) this.#count(`fault ${kind}`);
    } catch (error) {
      if (!this.#system.emulator.wasAway(from, performance.now())) throw error;
    }
  }

  #change(): void {
    const { truth, emulator } = this.#system;
    const renewal = this.#random.chance(0.15) ? truth.renew() : undefined;
    if (renewal !== undefined) {
      const { certificate, domain } = renewal;
      emulator.send({ kind: "add", certificate });
      emulator.send({ kind: "bind", domain, chainId: certificate.chainId });
      this.#count("change renewed");
      return;
    }
    const part = this.#random.pick(["dead", "dead", "spare", "late"] as const);
    const certificate = truth.issue(part);
    // With its domain first, so that it is never seen as free.
    const domain = truth.domains.at(-1);
    if (part === "late" && domain !== undefined)
      emulator.send({ kind: "domain", domain });
    emulator.send({ kind: "add", certificate });
    this.#count(`change ${part}`);
  }

  async #kill(): Promise<void> {
    const { emulator, functions } = this.#system;
    // At random, but neither is spared for long.
    const ahead = emulator.kills - functions.kills;
    const isEmulator = ahead < -1 || (ahead < 2 && this.#random.chance(0.5));
    await (isEmulator ? emulator : functions).restart();
  }

  /** Plays everything until `end`; kills until `killsEnd`, both in the time of `performance.now()`. */
  async play(end: number, killsEnd: number): Promise<void> {
    const request = (): Promise<void> => this.#request();
    await Promise.all([
      ...[1, 2, 3].map(() => this.#loop(end, [100, 1500], request)),
      this.#loop(end, [5000, 15_000], async () => {
        await this.sweep(
          this.#random.chance(0.7) ? "RequestResponse" : "Event",
        );
      }),
      this.#loop(end, [1000, 5000], () => this.#fault()),
      this.#loop(end, [1000, 4000], () => {
        this.#change();
      }),
      this.#loop(killsEnd, [20_000, 40_000], () => this.#kill()),
    ]);
  }
}
