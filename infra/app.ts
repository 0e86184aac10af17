/** The CDK app: reads the settings and makes the one stack. Run by `cdk`, see cdk.json. */
import { App, Validations } from "aws-cdk-lib";
import { readConfig } from "./config.ts";
import { LiveCertJanitorStack } from "./live-cert-janitor-stack.ts";
import { RULE_PACKS } from "./security-checks.ts";

const app = new App();
Validations.of(app).addPlugins(...RULE_PACKS.map((Pack) => new Pack(app)));
// The CLI sets both from the credentials at hand; without any the template fits every account and region.
const account = process.env["CDK_DEFAULT_ACCOUNT"];
const region = process.env["CDK_DEFAULT_REGION"];
const stackName: unknown = app.node.tryGetContext("stackName");

new LiveCertJanitorStack(app, "LiveCertJanitor", {
  config: readConfig(app.node.tryGetContext("janitor")),
  description:
    "live-cert-janitor: deletes certificates of Volcengine Live on request, and expired ones on schedule",
  ...(typeof stackName === "string" ? { stackName } : {}),
  env: {
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
  },
});
