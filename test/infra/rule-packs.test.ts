/** The findings of the rule packs, and the validation of a synth as `cdk synth` does it. */
import { App, CfnResource, Validations } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { RULE_PACKS } from "../../infra/constructs/security-checks.ts";
import { LiveCertJanitorStack } from "../../infra/live-cert-janitor-stack.ts";
import { readConfig } from "../../infra/settings/config.ts";
import {
  CONFIGURATIONS,
  CONTEXT,
  EUROPE,
  isJson,
  synthesize,
  variant,
  VARIANT_NAMES,
  VARIANTS,
  type Json,
} from "./synthesize.ts";

function findings(stack: LiveCertJanitorStack): readonly string[] {
  return RULE_PACKS.flatMap((Pack) =>
    new Pack(stack)
      .validateScope(stack)
      .violations.map(({ ruleName }) => ruleName),
  );
}

describe("the rule packs", () => {
  it.each(VARIANT_NAMES)("find nothing that does not stand: %s", (name) => {
    expect(findings(variant(name).stack)).toEqual([]);
  });

  /** Rule and reason of each acknowledgement. */
  const acknowledged = () =>
    VARIANT_NAMES.flatMap((name) => variant(name).stack.node.findAll())
      .flatMap(({ node }) => node.metadata)
      .filter(
        ({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY,
      )
      .flatMap(({ data }) => Object.entries<unknown>(isJson(data) ? data : {}))
      // CDK puts a prefix of its own before an id without one.
      .map(([rule, reason]) => [rule.replace(/^Annotation::/, ""), reason]);

  it("are answered with at most ten reasons, each a sentence or more", () => {
    const reasons = new Set(acknowledged().map(([, reason]) => reason));
    expect(reasons.size).toBeGreaterThan(0);
    expect(reasons.size).toBeLessThanOrEqual(10);
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z].{60,}\.$/u);
  });

  it("find all that is answered: nothing is left over from an earlier stack", () => {
    const silent = vi.spyOn(Validations.prototype, "acknowledge");
    silent.mockReturnValue();
    const found = (["default", "everything on", "China"] as const).flatMap(
      (name) => {
        const { settings, ...place } = VARIANTS[name];
        const env = "env" in place ? place.env : EUROPE;
        return findings(synthesize(settings, env).stack);
      },
    );
    silent.mockRestore();
    expect([...new Set(acknowledged().map(([rule]) => rule))].sort()).toEqual(
      [...new Set(found)].sort(),
    );
  });
});

it("the app runs every pack, so that a finding fails the synth", async () => {
  process.env["CDK_CONTEXT_JSON"] = JSON.stringify({
    ...CONTEXT,
    "aws:cdk:bundling-stacks": [],
  });
  const added = vi.spyOn(Validations.prototype, "addPlugins");
  await import("../../infra/app.ts");
  const packs = added.mock.calls.flat().map(({ constructor }) => constructor);
  added.mockRestore();
  delete process.env["CDK_CONTEXT_JSON"];
  expect(packs).toEqual(RULE_PACKS);
});

/** CloudFormation's resource schemas, its best practices, and the rule packs. */
describe("the validation of a synth", () => {
  beforeAll(() => {
    process.env["CDK_VALIDATION"] = "true";
  });
  afterAll(() => {
    process.env["CDK_VALIDATION"] = "false";
  });

  function build(settings: Json) {
    const app = new App({
      context: { ...CONTEXT, "aws:cdk:bundling-stacks": [] },
    });
    Validations.of(app).addPlugins(...RULE_PACKS.map((Pack) => new Pack(app)));
    const stack = new LiveCertJanitorStack(app, "Janitor", {
      config: readConfig(settings),
      env: EUROPE,
    });
    return { app, stack };
  }

  it("finds nothing with everything on", () => {
    const { app } = build(CONFIGURATIONS["everything on"]);
    expect(() => app.synth()).not.toThrow();
  });

  // One thing of each kind that it looks for.
  it("would find a property of the wrong type, and a queue that takes messages without TLS", () => {
    const { app, stack } = build({});
    const queue = stack.node
      .findAll()
      .filter((one) => CfnResource.isCfnResource(one))
      .find(({ cfnResourceType }) => cfnResourceType === "AWS::SQS::Queue");
    queue?.addPropertyOverride("MessageRetentionPeriod", "soon");
    expect(() => app.synth()).toThrow(/not of type 'integer'/);

    const other = build({});
    new Queue(other.stack, "Naked");
    expect(() => other.app.synth()).toThrow(/AwsSolutions-SQS4/);
  });
});
