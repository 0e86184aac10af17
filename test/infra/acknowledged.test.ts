import { Validations } from "aws-cdk-lib";
import { describe, expect, it, vi } from "vitest";
import type * as SecurityChecks from "../../infra/constructs/security-checks.ts";
import { RULE_PACKS } from "../../infra/constructs/security-checks.ts";
import { CHINA, CONFIGURATIONS, isJson, synthesize } from "./synthesize.ts";

const { switched } = vi.hoisted(() => ({ switched: { on: true } }));

vi.mock("../../infra/constructs/security-checks.ts", async (importOriginal) => {
  const original = await importOriginal<typeof SecurityChecks>();
  return {
    ...original,
    acknowledgeFindings: (
      parts: Parameters<typeof original.acknowledgeFindings>[0],
    ) => {
      if (switched.on) original.acknowledgeFindings(parts);
    },
  };
});

function stacks(acknowledged: boolean) {
  switched.on = acknowledged;
  return [
    synthesize(CONFIGURATIONS.default),
    synthesize(CONFIGURATIONS["everything on"]),
    synthesize(CONFIGURATIONS.default, CHINA),
  ].map(({ stack }) => stack);
}

/** Rule and reason of each acknowledgement. */
const acknowledged = stacks(true)
  .flatMap((stack) => stack.node.findAll())
  .flatMap(({ node }) => node.metadata)
  .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
  .flatMap(({ data }) => Object.entries<unknown>(isJson(data) ? data : {}))
  // CDK puts a prefix of its own before an id without one.
  .map(([rule, reason]) => [rule.replace(/^Annotation::/, ""), reason]);

describe("the acknowledged findings", () => {
  it("have at most ten reasons, each a sentence or more", () => {
    const reasons = new Set(acknowledged.map(([, reason]) => reason));
    expect(reasons.size).toBeGreaterThan(0);
    expect(reasons.size).toBeLessThanOrEqual(10);
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z].{60,}\.$/u);
  });

  it("are all findings: none is left over from an earlier stack", () => {
    const found = stacks(false).flatMap((stack) =>
      RULE_PACKS.flatMap((Pack) =>
        new Pack(stack)
          .validateScope(stack)
          .violations.map(({ ruleName }) => ruleName),
      ),
    );
    expect([...new Set(acknowledged.map(([rule]) => rule))].sort()).toEqual(
      [...new Set(found)].sort(),
    );
  });
});
