/** The CDK app: reads the settings and makes a stack of each. Run by `cdk`, see cdk.json. */
import { Annotations, App, Validations } from "aws-cdk-lib";
import { BadSettings, readDeployments } from "./settings/config.ts";
import { LiveCertJanitorStack } from "./live-cert-janitor-stack.ts";
import { RULE_PACKS } from "./constructs/security-checks.ts";

const app = new App();
Validations.of(app).addPlugins(...RULE_PACKS.map((Pack) => new Pack(app)));
// The CLI sets both from the credentials at hand; without any the template fits every account and region.
const account = process.env["CDK_DEFAULT_ACCOUNT"];
const region = process.env["CDK_DEFAULT_REGION"];
const stackName: unknown = app.node.tryGetContext("stackName");

try {
  const deployments = readDeployments(app.node.tryGetContext("janitor"), {
    region,
  });
  if (stackName !== undefined && deployments.length > 1) {
    throw new BadSettings([
      "stackName is one name for several stacks; permitted: with one stack only, the others are called by their name",
    ]);
  }
  for (const { stackId, config } of deployments) {
    const stack = new LiveCertJanitorStack(app, stackId, {
      config,
      description:
        "live-cert-janitor: deletes certificates of Volcengine Live on request, and expired ones on schedule",
      ...(typeof stackName === "string" ? { stackName } : {}),
      env: {
        ...(account === undefined ? {} : { account }),
        ...(region === undefined ? {} : { region }),
      },
    });
    if (account === undefined) {
      Annotations.of(stack).addInfo(
        "There are no AWS credentials at hand. This template fits any account and region, but `cdk deploy` will refuse: log in first (aws sso login, AWS_PROFILE).",
      );
    }
  }
} catch (error) {
  if (!(error instanceof BadSettings)) throw error;
  // Its message says all that the operator needs; a stack trace of ours would bury it.
  console.error(error.message);
  process.exit(1);
}
