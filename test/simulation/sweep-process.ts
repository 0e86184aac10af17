/** One run of the sweep in a process of its own: the real code over the modelled vendor, with everything it does noted. */
import type { Configuration } from "../../functions/host/configuration.ts";
import { createSecretSource } from "../../functions/host/secret.ts";
import type { Log } from "../../functions/janitor/deletion-log.ts";
import {
  deleteOne,
  type DeletionResult,
} from "../../functions/janitor/delete-one.ts";
import type { SweepReport } from "../../functions/janitor/report.ts";
import type { SweepSettings } from "../../functions/janitor/sweep.ts";
import {
  sweepAndTell,
  type Telling,
} from "../../functions/host/sweep-handler.ts";
import type { Mail } from "../../functions/janitor/report-text.ts";
import { withDeadline } from "../../functions/janitor/deadline.ts";
import type { Observer, Deleter } from "../../functions/janitor/ports.ts";
import {
  createLiveApi,
  type LiveApi,
} from "../../functions/volcengine/live-api.ts";
import { createPacer, type Pacer } from "../../functions/volcengine/pacer.ts";
import { createDeleter } from "../../functions/volcengine/deleter.ts";
import type { Transport } from "../../functions/volcengine/transport.ts";
import { createAccountObserver } from "../../functions/host/observing.ts";
import type { Random } from "./random.ts";
import type { VendorModel } from "./vendor-model.ts";
import { ProcessClock, type VirtualClock } from "../world/clock.ts";

/** The secret's store: what it holds changes when the key is rotated. */
export interface SecretStore {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string | undefined;
  version: number;
}

export type LogLine = Readonly<Record<string, unknown>>;

export type JournalEntry = { readonly at: number } & (
  | { readonly kind: "log"; readonly line: LogLine }
  | {
      readonly kind: "send";
      readonly action: string;
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
    }
);

/** One reading of the account, by what the client was given. */
export interface Reading {
  readonly startedAt: number;
  readonly requestIds: string[];
}

/** A reading that the observer called complete. */
export interface Round extends Reading {
  /** The reading that it repeats, since that one did not add up. */
  readonly before: Reading | undefined;
  readonly endedAt: number;
  /** The process's wall clock when it judged. */
  readonly judgedAt: number;
}

/** How the report of a run may reach people. */
export interface Mailing {
  /** Whoever ordered the run wants its report. */
  readonly asked: boolean;
  readonly sweepIntervalMinutes: number;
  /** No earlier run of the row was in this UTC day, or in this week, which begins on Monday. */
  readonly isFirstOf: { readonly day: boolean; readonly week: boolean };
  /** The topic takes nothing. */
  readonly isDown: boolean;
}

/** Replaces parts of the product: how the simulation shows that it can fail. */
export interface Tampering {
  settings?(settings: SweepSettings, world: World): SweepSettings;
  observer?(observer: Observer, run: Run): Observer;
  deleter?(deleter: Deleter, run: Run): Deleter;
  /** What the observer is given, reading by reading. */
  listings?(api: LiveApi): LiveApi;
  transport?(transport: Transport, log: Log): Transport;
  log?(log: Log): Log;
  telling?(telling: Telling): Telling;
  remainingMs?(remaining: () => number): () => number;
  sendsPerSecond?: number;
  /** The pacer of deletions. */
  pacer?(clock: ProcessClock): Pacer;
}

export interface RunOptions {
  readonly name: string;
  readonly configuration: Configuration;
  /** The chain ids that the run is restricted to. */
  readonly only?: ReadonlySet<string>;
  /** Not a sweep: somebody asks for this one certificate to be deleted. */
  readonly request?: { readonly chainId: string; readonly force: boolean };
  /** Milliseconds that the host gives. */
  readonly lifetime: number;
  /** The process ends before the n-th continuation. */
  readonly crashAt?: number | undefined;
  readonly wallOffset: number;
  /** The wall clock is set while the run is under way. */
  readonly wallJump?:
    { readonly after: number; readonly by: number } | undefined;
  readonly timerLateness: boolean;
  /** Undefined: there is no topic. */
  readonly mailing?: Mailing;
  /** False: nothing is noted, for runs too large for it. */
  readonly keepJournal?: boolean;
  readonly tampering: Tampering;
}

export interface Run {
  readonly options: RunOptions;
  readonly startedAt: number;
  readonly journal: JournalEntry[];
  readonly readings: Reading[];
  readonly rounds: Round[];
  /** What was given to the topic, whether it took it or not. */
  readonly mails: Mail[];
  readonly clock: ProcessClock;
  /** How many continuations there were. */
  steps: number;
  crashed: boolean;
  endedAt: number | undefined;
  report: SweepReport | undefined;
  deletion: DeletionResult | undefined;
  error: unknown;
}

export interface World {
  readonly clock: VirtualClock;
  readonly vendor: VendorModel;
  readonly secret: SecretStore;
  readonly random: Random;
  readonly trace: (line: string) => void;
}

const ATTEMPT_MS = 10_000;
const REQUEST_ATTEMPT_MS = 5_000;
const REQUEST_MS = 25_000;
const IN_FLIGHT = 8;

/** Groups the calls of the observer by reading, which is what shares a deadline. */
function recordReadings(api: LiveApi, run: Run): LiveApi {
  const { readings } = run;
  const known = new Map<unknown, Reading>();
  return {
    async call(action, body, options) {
      let reading = known.get(options.deadline);
      if (reading === undefined) {
        reading = { startedAt: run.clock.monotonic(), requestIds: [] };
        known.set(options.deadline, reading);
        readings.push(reading);
      }
      const answer = await api.call(action, body, options);
      reading.requestIds.push(answer.requestId);
      return answer;
    },
  };
}

function recordRounds(observer: Observer, run: Run): Observer {
  const { readings } = run;
  return {
    ...observer,
    async observe(deadline) {
      const begun = readings.length;
      const observation = await observer.observe(deadline);
      const reading = readings.at(-1);
      if (reading === undefined) throw new Error("evidence without a reading");
      run.rounds.push({
        ...reading,
        before: readings.slice(begun, -1).at(-1),
        endedAt: run.clock.monotonic(),
        judgedAt: run.clock.now(),
      });
      return observation;
    },
  };
}

/** What XML 1.0, in which SNS passes messages on, has no way to hold. */
const NO_TEXT =
  /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\p{Noncharacter_Code_Point}/u;

function tellingOf({ options, mails }: Run): Telling | undefined {
  const { mailing, configuration } = options;
  if (mailing === undefined) return undefined;
  return {
    occasions: mailing,
    origin: { stackName: "Janitor-simulated", provider: "volcengine" },
    graceDays: configuration.policy.graceDays,
    send(mail) {
      mails.push(mail);
      return mailing.isDown || NO_TEXT.test(mail.subject + mail.text)
        ? Promise.reject(new Error("not taken"))
        : Promise.resolve();
    },
  };
}

/** Starts a run; it goes on as the world's clock is played. */
export function startRun(world: World, options: RunOptions): Run {
  const { name, configuration, tampering, keepJournal = true } = options;
  const random = world.random.fork(name);
  const step = (): boolean => {
    run.steps += 1;
    if (run.steps === options.crashAt && run.endedAt === undefined) {
      run.crashed = true;
      world.trace(`crash ${name}`);
    }
    return !run.crashed;
  };
  const run: Run = {
    options,
    startedAt: world.clock.monotonic(),
    journal: [],
    readings: [],
    rounds: [],
    mails: [],
    clock: new ProcessClock(world.clock, {
      step,
      lateness: () => (options.timerLateness ? random.next() * 2 - 0.5 : 0),
    }),
    steps: 0,
    crashed: false,
    endedAt: undefined,
    report: undefined,
    deletion: undefined,
    error: undefined,
  };
  const { clock } = run;
  clock.wallOffset = options.wallOffset;
  const { wallJump } = options;
  if (wallJump !== undefined) {
    world.clock.at(run.startedAt + wallJump.after, () => {
      clock.wallOffset += wallJump.by;
    });
  }
  const note: Log = (line) => {
    if (run.crashed) return;
    if (keepJournal)
      run.journal.push({ at: world.clock.monotonic(), kind: "log", line });
    if (keepJournal) world.trace(`log ${name} ${JSON.stringify(line)}`);
  };
  const log = tampering.log?.(note) ?? note;
  const wire = world.vendor.transport({ name, step });
  const noted: Transport = {
    ...wire,
    send(request) {
      if (keepJournal) {
        run.journal.push({
          at: world.clock.monotonic(),
          kind: "send",
          action: /Action=(\w+)/.exec(request.path)?.[1] ?? "",
          body: request.body,
          headers: request.headers,
        });
      }
      return wire.send(request);
    },
  };
  const host = { env: {}, clock, random: () => random.next(), log };
  const secrets = createSecretSource(
    {
      async send() {
        await clock.sleep(random.int(5, 40));
        const { version, sessionToken, ...key } = world.secret;
        return {
          $metadata: {},
          SecretString: JSON.stringify({
            ...key,
            ...(sessionToken !== undefined && { sessionToken }),
          }),
          VersionId: `v${String(version)}`,
        };
      },
    },
    configuration.secretId,
    clock,
  );
  const api = createLiveApi({
    endpoint: configuration.endpoint,
    region: configuration.region,
    accessKeys: secrets,
    transport: tampering.transport?.(noted, log) ?? noted,
    clock,
    random: host.random,
    attemptMs: options.request === undefined ? ATTEMPT_MS : REQUEST_ATTEMPT_MS,
  });
  const recorded = recordReadings(api, run);
  const observer = recordRounds(
    createAccountObserver(
      tampering.listings?.(recorded) ?? recorded,
      host,
      configuration,
    ),
    run,
  );
  const deleter = createDeleter(
    api,
    tampering.pacer?.(clock) ??
      createPacer(
        clock,
        tampering.sendsPerSecond ?? configuration.sendsPerSecond,
        IN_FLIGHT,
      ),
  );
  const { policy, maxDeletions, dryRun, warnDays } = configuration;
  const { only } = options;
  const settings = {
    ...{ policy, maxDeletions, dryRun, warnDays },
    ...(only !== undefined && { only }),
  };
  const remaining = (): number =>
    run.startedAt + options.lifetime - world.clock.monotonic();
  const end = (ended: Partial<Pick<Run, "report" | "deletion" | "error">>) => {
    if (run.crashed) return;
    run.endedAt = world.clock.monotonic();
    Object.assign(run, ended);
    if (keepJournal)
      world.trace(
        `end ${name} ${JSON.stringify(ended.report ?? ended.deletion?.outcome ?? String(ended.error))}`,
      );
  };
  const failed = (error: unknown): void => {
    end({ error });
  };
  const tools = {
    observer: tampering.observer?.(observer, run) ?? observer,
    deleter: tampering.deleter?.(deleter, run) ?? deleter,
    clock,
    log,
  };
  const { request } = options;
  const judging = tampering.settings?.(settings, world) ?? settings;
  world.trace(`start ${name}`);
  if (request === undefined) {
    const telling = tellingOf(run);
    sweepAndTell(
      {
        ...tools,
        remainingMs: tampering.remainingMs?.(remaining) ?? remaining,
        runId: name,
      },
      judging,
      telling && (tampering.telling?.(telling) ?? telling),
    ).then((report) => {
      end({ report });
    }, failed);
  } else {
    withDeadline(clock, REQUEST_MS, undefined, (deadline) =>
      deleteOne(
        tools,
        judging.policy,
        { ...request, dryRun: judging.dryRun, asked: { request: name } },
        deadline,
      ),
    ).then((deletion) => {
      end({ deletion });
    }, failed);
  }
  return run;
}
