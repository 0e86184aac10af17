/** The vendor's three SDKs and our own client behind one interface: a command in, what the client tells of the answer out. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import {
  readConfiguration,
  type Configuration,
} from "../../functions/host/configuration.ts";
import { lambdaHost } from "../../functions/host/host.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import {
  VendorFailure,
  type FailureKind,
  type Outcome,
} from "../../functions/janitor/failure.ts";
import { withDeadline } from "../../functions/janitor/deadline.ts";
import type { Deadline, Observation } from "../../functions/janitor/ports.ts";
import {
  createAccountObserver,
  createApi,
} from "../../functions/host/observing.ts";
import {
  createLiveApi,
  type LiveApi,
  type AccessKeySource,
} from "../../functions/volcengine/live-api.ts";
import { createPacer } from "../../functions/volcengine/pacer.ts";
import type { TransportAnswer } from "../../functions/volcengine/transport.ts";
import { connect } from "../world/official-client.ts";
import { toolPath } from "./tools.ts";

export interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Command extends Key {
  /** With the port. */
  readonly host: string;
  readonly action: string;
  readonly body: object;
}

/** What a client tells its caller; undefined is what it does not tell. */
export interface Told {
  readonly failed: boolean;
  readonly status?: number;
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  readonly result: unknown;
}

export interface Client {
  readonly call: (command: Command) => Promise<Told>;
  readonly stop: () => void;
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name);
  return typeof text === "string" ? text : undefined;
}

/** Of an answer as an SDK hands it over: parsed, with whatever it says about an error. */
function toldOf(envelope: unknown, failed: boolean): Told {
  const metadata = field(envelope, "ResponseMetadata");
  return {
    failed,
    code: textField(field(metadata, "Error"), "Code"),
    requestId:
      textField(metadata, "RequestId") ?? textField(metadata, "RequestID"),
    result: field(envelope, "Result"),
  };
}

/** Of an answer that an SDK puts into the text of an error. */
function toldOfText(text: string): Told {
  let envelope: unknown;
  try {
    envelope = JSON.parse(text);
  } catch {
    // A page of a gateway, or no answer at all.
  }
  return toldOf(envelope, true);
}

/** The Node SDK hands over every answer, whatever its status, and says nothing of the status. */
export function startNode(): Client {
  return {
    async call({ host, action, body, ...key }) {
      let answer: unknown;
      try {
        answer = await connect(`http://${host}`, key)(action, body);
      } catch {
        return toldOf(undefined, true);
      }
      return toldOf(answer, false);
    },
    stop: () => undefined,
  };
}

/** A program that answers each line with a line. */
function startProgram(
  program: string,
  args: readonly string[],
  raised: (text: string) => Told,
): Client {
  // No environment: the SDKs prefer keys of environment and home to those that they are given, and obey proxies.
  const child = spawn(program, args, {
    env: {},
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  return {
    async call({ sessionToken = "", ...command }) {
      child.stdin.write(`${JSON.stringify({ ...command, sessionToken })}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error(`${program} has ended.`);
      const outcome: unknown = JSON.parse(line.value);
      const error = textField(outcome, "raised");
      return error === undefined
        ? toldOf(field(outcome, "returned"), false)
        : raised(error);
    },
    stop: () => child.kill(),
  };
}

/** The Python SDK raises the body of any answer but a 200, and says nothing of the status. */
export function startPython(): Client {
  return startProgram(
    toolPath("python"),
    [`${import.meta.dirname}/python_client.py`],
    toldOfText,
  );
}

/** The Go SDK loses a typed error: its text holds status and body, or only a request id where the status was 2xx. */
export function startGo(): Client {
  return startProgram(toolPath("go"), [], (text) => {
    const [, status, body] =
      /^api \w+ http code (\d+) body (.*)$/s.exec(text) ?? [];
    if (body !== undefined)
      return { ...toldOfText(body), status: Number(status) };
    const [, requestId] = /^request (\S+) error /.exec(text) ?? [];
    return { ...toldOf(undefined, true), requestId };
  });
}

/** What our client makes of the same. */
export interface OurTold extends Told {
  readonly kind: FailureKind | undefined;
  readonly outcome: Outcome | undefined;
}

function sourceOf(key: Key): AccessKeySource {
  const credentials = () => Promise.resolve({ ...key, version: "1" });
  return { current: credentials, refreshed: credentials };
}

/** Chance asks for a wait beyond the time to send, so a call is one attempt. */
const HOST = { ...lambdaHost(), random: () => 1000 };
const { clock } = HOST;
const ATTEMPT_MS = 10_000;

function inTime<T>(work: (deadline: Deadline) => Promise<T>): Promise<T> {
  return withDeadline(clock, 60_000, undefined, work);
}

/** Our client, with its own signer and its own transport. */
async function withOurs<T>(
  endpoint: string,
  key: Key,
  work: (api: LiveApi, configuration: Configuration) => Promise<T>,
  settings: Readonly<Record<string, string>> = {},
): Promise<T> {
  const configuration = readConfiguration({
    VOLCENGINE_SECRET_ID: "none",
    VOLCENGINE_ENDPOINT: `http://${endpoint}`,
    ...settings,
  });
  const source = sourceOf(key);
  const { api, transport } = createApi(HOST, configuration, source, ATTEMPT_MS);
  try {
    return await work(api, configuration);
  } finally {
    await transport.close();
  }
}

async function once(
  api: LiveApi,
  action: string,
  body: object,
): Promise<OurTold> {
  try {
    const { requestId, result } = await inTime((deadline) =>
      api.call(
        action,
        { ...body },
        {
          deadline,
          pacer: createPacer(clock, 1000, 1),
          maxBytes: 8 * 1024 * 1024,
          sendBefore: clock.monotonic() + 5000,
        },
      ),
    );
    return {
      failed: false,
      code: undefined,
      requestId,
      result,
      kind: undefined,
      outcome: undefined,
    };
  } catch (failure) {
    if (!(failure instanceof VendorFailure)) throw failure;
    const { code, requestId, kind, outcome } = failure;
    return { failed: true, code, requestId, result: undefined, kind, outcome };
  }
}

export function callOurs({
  host,
  action,
  body,
  ...key
}: Command): Promise<OurTold> {
  return withOurs(host, key, (api) => once(api, action, body));
}

/** Our client, given an answer that another client got. */
export function readAsOurs(answer: TransportAnswer): Promise<OurTold> {
  const api = createLiveApi({
    clock,
    random: HOST.random,
    endpoint: new URL("http://127.0.0.1"),
    region: "cn-north-1",
    accessKeys: sourceOf({ accessKeyId: "none", secretAccessKey: "none" }),
    transport: {
      send: () => Promise.resolve(answer),
      close: () => Promise.resolve(),
    },
    attemptMs: ATTEMPT_MS,
  });
  return once(api, "any", {});
}

/** Everything that our observer sees under these settings; `onAnswer` is told what each page was read from. */
export function observe(
  endpoint: string,
  key: Key,
  settings: Readonly<Record<string, string>> = {},
  onAnswer: (body: object, result: unknown) => void = () => undefined,
): Promise<Observation & Pick<Configuration, "policy">> {
  return withOurs(
    endpoint,
    key,
    async (api, configuration) => {
      const heard: LiveApi = {
        async call(action, body, options) {
          const answer = await api.call(action, body, options);
          onAnswer(body, answer.result);
          return answer;
        },
      };
      const observer = createAccountObserver(heard, HOST, configuration);
      const seen = await inTime((deadline) => observer.observe(deadline));
      return { ...seen, policy: configuration.policy };
    },
    settings,
  );
}
