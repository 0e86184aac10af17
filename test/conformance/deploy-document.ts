/** The commands of docs/operations.md, as they are printed, and a shell for them. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { ROOT } from "../infra/synthesize.ts";
import { toolPath } from "./tools.ts";

/** A block of shell commands, by the heading that it stands under and its place there. */
interface Block {
  readonly heading: string;
  readonly commands: string;
}

function readBlocks(): readonly Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let open: { readonly indent: string; readonly lines: string[] } | undefined;
  for (const line of readFileSync(
    join(ROOT, "docs", "operations.md"),
    "utf8",
  ).split("\n")) {
    const [, title] = /^#+ (.*)$/.exec(line) ?? [];
    const [, indent] = /^( *)```sh$/.exec(line) ?? [];
    if (open !== undefined && line === `${open.indent}\`\`\``) {
      blocks.push({ heading, commands: open.lines.join("\n") });
      open = undefined;
    } else if (open !== undefined) {
      open.lines.push(line.slice(open.indent.length));
    } else if (indent !== undefined) {
      open = { indent, lines: [] };
    } else if (title !== undefined) {
      heading = title;
    }
  }
  return blocks;
}

export const BLOCKS = readBlocks();

/** The blocks under a heading. */
export function blocksOf(heading: string): readonly string[] {
  const found = BLOCKS.filter((block) => block.heading === heading);
  if (found.length === 0) throw new Error(`no commands under ${heading}`);
  return found.map(({ commands }) => commands);
}

/** Runs shell commands with this environment and nothing of our own; gives the output. Rejects where one fails. */
export async function runInShell(
  commands: readonly string[],
  env: Readonly<Record<string, string>>,
  input = "",
): Promise<string> {
  const child = spawn("bash", ["-eu", "-c", commands.join("\n")], {
    env: {
      PATH: [dirname(toolPath("python")), "/usr/bin", "/bin"].join(delimiter),
      // No key and no settings of anybody else.
      HOME: "/nonexistent",
      AWS_PAGER: "",
      ...env,
    },
  });
  // A command that does not read its input may have ended before.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [output, said, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.once("error", reject).once("close", resolve);
    }),
  ]);
  if (code !== 0) {
    throw new Error(`${commands.at(-1) ?? ""}\nended ${String(code)}: ${said}`);
  }
  return output;
}
