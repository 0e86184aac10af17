/** Tells what the functions do, from their own log lines. */
import { isObject } from "../../functions/contract/parsers.ts";
import { clean } from "./text-width.ts";

type Line = Readonly<Record<string, unknown>>;

export interface Narrator {
  say(text: string): void;
  /** A log line of the sweep: progress while it deletes, then a summary. */
  readonly sweepLine: (line: Line) => void;
  /** A log line of the API: one line a request. */
  readonly apiLine: (line: Line) => void;
  failed(error: unknown): void;
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number"
    ? clean(String(value))
    : "";
}

function summary(line: Line): string {
  const counts = isObject(line["counts"]) ? line["counts"] : {};
  const numbers = Object.entries(counts)
    .filter(([, count]) => typeof count === "number")
    .map(([name, count]) => `${name} ${text(count)}`);
  const kept = isObject(counts["kept"]) ? counts["kept"] : {};
  const reasons = Object.entries(kept).map(
    ([reason, count]) => `${reason} ${text(count)}`,
  );
  return [
    `Sweep ended (${text(line["mode"])}, ${text(line["stoppedBecause"])}) after ${text(line["rounds"])} round(s): ${numbers.join(", ")}`,
    ...(reasons.length === 0 ? [] : [`Kept by reason: ${reasons.join(", ")}`]),
  ].join("\n");
}

/** On a terminal progress rewrites one line; elsewhere each deletion has its own. */
export function createNarrator(stream: NodeJS.WriteStream): Narrator {
  let ended = 0;
  let openLine = false;
  const say = (message: string): void => {
    if (openLine) stream.write("\n");
    openLine = false;
    stream.write(`${message}\n`);
  };
  return {
    say,
    sweepLine(line) {
      if (line["event"] === "delete-outcome") {
        ended += 1;
        const message = `Deleting: ${String(ended)} done, ${text(line["outcome"])} ${text(line["name"]) || text(line["chainId"])}`;
        if (!stream.isTTY) {
          say(message);
          return;
        }
        stream.write(`\r\u001b[K${message.slice(0, stream.columns - 1)}`);
        openLine = true;
      } else if (line["event"] === "sweep-summary") {
        ended = 0;
        say(summary(line));
      }
    },
    apiLine(line) {
      if (line["event"] !== "request") return;
      say(
        `API ${text(line["routeKey"])}: ${text(line["status"])} ${text(line["problem"])}`.trimEnd(),
      );
    },
    failed(error) {
      say(error instanceof Error ? error.message : "The sweep failed.");
    },
  };
}
