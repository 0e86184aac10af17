/** What the functions take from the machine that they run on. */
import { systemClock } from "./clock.ts";
import type { Environment } from "./configuration.ts";
import type { Log } from "../janitor/deletion-log.ts";
import type { Clock } from "../janitor/ports.ts";

export interface Host {
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** The host that Lambda is. `console.info` of an object is one JSON line there. */
export function lambdaHost(): Host {
  return {
    env: process.env,
    clock: systemClock,
    random: Math.random,
    log: (line) => {
      console.info(line);
    },
  };
}

/** Builds on first use and keeps it; what failed is tried again at the next use. */
export function lazily<T>(build: () => T): () => T {
  let built: { value: T } | undefined;
  return () => (built ??= { value: build() }).value;
}
