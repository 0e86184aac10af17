/** One of the two functions, with a log group and a role of its own. */
import { CfnResource, Stack, Token, type Duration } from "aws-cdk-lib";
import {
  ManagedPolicy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  LoggingFormat,
  Runtime,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import {
  NodejsFunction,
  OutputFormat,
  type BundlingOptions,
} from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { join } from "node:path";
import type { FunctionEnvironment } from "../settings/config.ts";
import { KEPT, withLogicalId } from "./logical-id.ts";

/** The log is the record of who deleted what: kept a year, and longer than the stack. */
export const LOG_RETENTION = RetentionDays.ONE_YEAR;

/**
 * Clients that few invocations need: Lambda's own copies, loaded when they are used. In the bundle they would make
 * the API's import and its size more than a fifth larger.
 */
export const EXTERNAL_MODULES = [
  "@aws-sdk/client-lambda",
  "@aws-sdk/client-sns",
] as const;

const ROOT = join(import.meta.dirname, "..", "..");

// Stryker disable all: bundle.test.ts holds each, in processes of its own, which Stryker does not see
/** esbuild on this machine; with a banner for the CommonJS modules inside the bundle. */
export const BUNDLING: BundlingOptions = {
  format: OutputFormat.ESM,
  mainFields: ["module", "main"],
  minify: true,
  // undici's HTTP parser comes twice; the copy without SIMD is for processors that Lambda does not have.
  externalModules: [...EXTERNAL_MODULES, "*/llhttp-wasm.js"],
  esbuildArgs: {
    // They are then loaded by `require`, which alone looks where NODE_PATH points: to Lambda's copies.
    "--supported:dynamic-import": "false",
    "--alias:@aws-sdk/credential-provider-node": join(
      ROOT,
      "functions/host/environment-credentials.ts",
    ),
  },
  banner:
    "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
};
// Stryker restore all

interface JanitorFunctionProps {
  /** File name in functions/. */
  readonly entry: "certificates-api.ts" | "expired-sweep.ts";
  readonly description: string;
  readonly timeout: Duration;
  /** MB. */
  readonly memorySize: number;
  readonly environment: FunctionEnvironment;
  /** What the function may do, besides writing its log and its traces. */
  readonly statements: readonly PolicyStatement[];
  /** @default - none reserved */
  readonly reservedConcurrency: number | undefined;
  readonly logicalIds: { readonly function: string; readonly logs: string };
}

export class JanitorFunction extends Construct {
  readonly function: NodejsFunction;
  readonly logGroup: LogGroup;
  /** False in the China partition, where the design leaves tracing off. */
  readonly traced: boolean;

  constructor(scope: Construct, id: string, props: JanitorFunctionProps) {
    super(scope, id);
    const { region } = Stack.of(this);
    this.traced = Token.isUnresolved(region) || !region.startsWith("cn-");
    this.logGroup = withLogicalId(
      new LogGroup(this, "Logs", {
        retention: LOG_RETENTION,
        removalPolicy: KEPT,
      }),
      props.logicalIds.logs,
    );
    const policy = new ManagedPolicy(this, "Policy", {
      description: props.description,
      statements: [
        new PolicyStatement({
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: [this.logGroup.logGroupArn],
        }),
        ...(this.traced
          ? [
              new PolicyStatement({
                actions: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
                // X-Ray has no resource that could be named here.
                resources: ["*"],
              }),
            ]
          : []),
        ...props.statements,
      ],
    });
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      managedPolicies: [policy],
    });
    this.function = withLogicalId(
      new NodejsFunction(this, "Function", {
        entry: join(ROOT, "functions", props.entry),
        depsLockFilePath: join(ROOT, "package-lock.json"),
        projectRoot: ROOT,
        description: props.description,
        runtime: Runtime.NODEJS_24_X,
        architecture: Architecture.ARM_64,
        bundling: BUNDLING,
        timeout: props.timeout,
        memorySize: props.memorySize,
        environment: { ...props.environment },
        awsSdkConnectionReuse: false,
        // Everything that the function may do stands in the policy above; CDK adds nothing behind our back.
        role: role.withoutPolicyUpdates(),
        logGroup: this.logGroup,
        loggingFormat: LoggingFormat.JSON,
        tracing: this.traced ? Tracing.ACTIVE : Tracing.PASS_THROUGH,
        // Stryker disable next-line ConditionalExpression: for CDK undefined is as good as absent
        ...(props.reservedConcurrency === undefined
          ? {}
          : { reservedConcurrentExecutions: props.reservedConcurrency }),
      }),
      props.logicalIds.function,
    );
    // CDK adds a DependsOn for the role and its policy, both of which the function refers to already (cfn-lint W3005).
    const { defaultChild } = this.function.node;
    // Stryker disable next-line ConditionalExpression: it is one; only the compiler asks
    if (CfnResource.isCfnResource(defaultChild)) {
      defaultChild.addDeletionOverride("DependsOn");
    }
  }
}
