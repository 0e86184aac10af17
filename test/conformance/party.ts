/** A party is somebody else's program that must agree with ours; each is one suite, and one line of the reporter. */
import { describe, it } from "vitest";
import { isInstalled, type ToolName } from "./tools.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Of the party that a suite stands for. */
    version?: string;
    /** What a single test counts for, where it compares many cases. @default 1 */
    cases?: number;
  }
}

/** The suite of one party; without the tools it skips, with the reason. */
export function party(
  name: string,
  version: string,
  tools: readonly ToolName[],
  tests: () => void,
): void {
  describe(name, { meta: { version } }, () => {
    const missing = tools.filter((tool) => !isInstalled(tool));
    if (missing.length === 0) {
      tests();
    } else {
      it("is available", ({ skip }) => {
        skip(
          `not installed here: ${missing.join(", ")}; npm run tools says why`,
        );
      });
    }
  });
}
