/** A real Chromium, driven over its DevTools protocol: JSON on a pipe, so that it needs neither a port nor a library. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Readable, Writable } from "node:stream";
import { isObject } from "../../functions/contract/parsers.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface Page {
  /** Sends a command of the protocol and gives its result. */
  send(method: string, parameters?: Fields): Promise<Fields>;
  /** What an expression of the page gives, as JSON; rejects if it throws. */
  evaluate(expression: string): Promise<unknown>;
  /** What went wrong in the page so far: exceptions, what its policy refused, errors that were logged. */
  readonly complaints: readonly string[];
}

export interface Browser {
  /** Opens the address in a page of its own and waits until it has loaded. */
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

/** The first Chromium on the PATH, or undefined. */
export function findChromium(): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}

type Listener = (method: string, parameters: Fields) => void;

/** Commands and events of the protocol, told apart by the session of the page. */
function createConnection(input: Writable, output: Readable) {
  const waiting = new Map<unknown, (answer: Fields) => void>();
  const listeners = new Map<unknown, Listener>();
  let last = 0;
  let unread = "";
  output.setEncoding("utf8");
  output.on("data", (chunk: string) => {
    const messages = (unread + chunk).split("\0");
    unread = messages.pop() ?? "";
    for (const text of messages) {
      const message = fieldsOf(JSON.parse(text));
      const { id, method, params, sessionId } = message;
      if (typeof method === "string")
        listeners.get(sessionId)?.(method, fieldsOf(params));
      else waiting.get(id)?.(message);
      waiting.delete(id);
    }
  });
  return {
    listen: (session: string, listener: Listener) =>
      listeners.set(session, listener),
    async send(
      method: string,
      params: Fields = {},
      sessionId?: string,
    ): Promise<Fields> {
      const id = (last += 1);
      const answer = await new Promise<Fields>((resolve) => {
        waiting.set(id, resolve);
        input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      });
      if ("error" in answer)
        throw new Error(`${method}: ${JSON.stringify(answer["error"])}`);
      return fieldsOf(answer["result"]);
    },
  };
}

function complaintOf(method: string, fields: Fields): string | undefined {
  if (method === "Runtime.exceptionThrown")
    return `exception: ${JSON.stringify(fields["exceptionDetails"])}`;
  const { level, text } = fieldsOf(fields["entry"]);
  return method === "Log.entryAdded" && level === "error"
    ? `log: ${String(text)}`
    : undefined;
}

/** Starts the browser without a window, with a profile that {@link Browser.close} takes away. */
export async function startBrowser(program: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "browser-"));
  const child = spawn(
    program,
    [
      "--headless=new",
      "--no-sandbox", // root cannot have one
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--remote-debugging-pipe",
      `--user-data-dir=${profile}`,
    ],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
  );
  const ended = new Promise((resolve) => child.once("close", resolve));
  const [, , , input, output] = child.stdio;
  if (!(input instanceof Writable) || !(output instanceof Readable))
    throw new Error("the browser has no pipe");
  const connection = createConnection(input, output);

  async function open(url: string): Promise<Page> {
    const { targetId } = await connection.send("Target.createTarget", {
      url: "about:blank",
    });
    const { sessionId } = await connection.send("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    const session = String(sessionId);
    const complaints: string[] = [];
    const loaded = new Promise<void>((resolve) => {
      connection.listen(session, (method, fields) => {
        if (method === "Page.loadEventFired") resolve();
        const complaint = complaintOf(method, fields);
        if (complaint !== undefined) complaints.push(complaint);
      });
    });
    const send = (method: string, parameters?: Fields): Promise<Fields> =>
      connection.send(method, parameters, session);
    for (const domain of ["Page", "Runtime", "Log"])
      await send(`${domain}.enable`);
    await send("Page.navigate", { url });
    await loaded;
    return {
      send,
      complaints,
      async evaluate(expression) {
        const { result, exceptionDetails } = await send("Runtime.evaluate", {
          expression,
          returnByValue: true,
          awaitPromise: true,
        });
        if (exceptionDetails !== undefined)
          throw new Error(JSON.stringify(exceptionDetails));
        return fieldsOf(result)["value"];
      },
    };
  }

  return {
    open,
    async close() {
      await connection.send("Browser.close");
      await ended;
      await rm(profile, { recursive: true, force: true });
    },
  };
}
