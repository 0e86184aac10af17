import { App, CfnResource, Validations, type Environment } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../infra/settings/config.ts";
import { LiveCertJanitorStack } from "../../infra/live-cert-janitor-stack.ts";
import { RULE_PACKS } from "../../infra/constructs/security-checks.ts";
import {
  CHINA,
  CONFIGURATIONS,
  CONTEXT,
  EUROPE,
  type Json,
} from "./synthesize.ts";

function build(settings: Json, env: Environment) {
  const app = new App({
    context: { ...CONTEXT, "aws:cdk:bundling-stacks": [] },
  });
  Validations.of(app).addPlugins(...RULE_PACKS.map((Pack) => new Pack(app)));
  const stack = new LiveCertJanitorStack(app, "Janitor", {
    config: readConfig(settings),
    env,
  });
  return { app, stack };
}

/** As `cdk synth` does it: CloudFormation's resource schemas, its best practices, and the rule packs. */
describe("the validation of a synth", () => {
  beforeAll(() => {
    process.env["CDK_VALIDATION"] = "true";
  });
  afterAll(() => {
    process.env["CDK_VALIDATION"] = "false";
  });

  it.each([
    ...Object.entries(CONFIGURATIONS).map(
      ([name, settings]) => [name, settings, EUROPE] as const,
    ),
    ["China", CONFIGURATIONS.default, CHINA] as const,
  ])("finds nothing: %s", (_, settings, env) => {
    const { app } = build(settings, env);
    expect(() => app.synth()).not.toThrow();
  });

  it("would find a property of the wrong type", () => {
    const { app, stack } = build({}, EUROPE);
    const schedule = stack.node
      .findAll()
      .find(
        (construct) =>
          CfnResource.isCfnResource(construct) &&
          construct.cfnResourceType === "AWS::SQS::Queue",
      );
    if (!CfnResource.isCfnResource(schedule!)) throw new Error("no queue");
    schedule.addPropertyOverride("MessageRetentionPeriod", "soon");
    expect(() => app.synth()).toThrow(/not of type 'integer'/);
  });

  it("would find a queue that takes messages without TLS", () => {
    const { app, stack } = build({}, EUROPE);
    new Queue(stack, "Naked");
    expect(() => app.synth()).toThrow(/AwsSolutions-SQS4/);
  });
});
