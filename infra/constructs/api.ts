/** The HTTP API: its function, its routes and who may call them. */
import { Duration, Stack } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import {
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
  type IHttpRouteAuthorizer,
} from "aws-cdk-lib/aws-apigatewayv2";
import {
  HttpIamAuthorizer,
  HttpJwtAuthorizer,
} from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { ROUTES } from "../../functions/contract/routes.ts";
import type { StackConfiguration } from "../settings/config.ts";
import type { AccessKeySecret } from "./access-key-secret.ts";
import { JanitorFunction, LOG_RETENTION } from "./janitor-function.ts";
import { KEPT, withLogicalId } from "./logical-id.ts";

/** Requests a second, and at once. DeleteCert allows ten a second, of which the sweep takes up to 7.8. */
const THROTTLE = { rateLimit: 2, burstLimit: 2 };

/** One JSON object a request; the caller is an IAM ARN or a token's subject. */
const ACCESS_LOG = JSON.stringify({
  time: "$context.requestTime",
  requestId: "$context.requestId",
  sourceIp: "$context.identity.sourceIp",
  iamCaller: "$context.identity.userArn",
  tokenSubject: "$context.authorizer.claims.sub",
  routeKey: "$context.routeKey",
  status: "$context.status",
  responseLength: "$context.responseLength",
  responseLatencyMs: "$context.responseLatency",
  integrationLatencyMs: "$context.integrationLatency",
  integrationError: "$context.integrationErrorMessage",
  error: "$context.error.message",
});

interface ApiProps {
  readonly config: StackConfiguration;
  readonly secret: AccessKeySecret;
  /** Started by `POST /sweeps`. */
  readonly sweepFunction: IFunction;
}

export class Api extends Construct {
  readonly httpApi: HttpApi;
  readonly stage: HttpStage;
  readonly responder: JanitorFunction;
  readonly accessLogs: LogGroup;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const { config, secret, sweepFunction } = props;
    this.responder = new JanitorFunction(this, "Responder", {
      entry: "certificates-api.ts",
      description:
        "HTTP API to list, explain and delete certificates of Volcengine Live",
      timeout: Duration.seconds(29),
      memorySize: 512,
      environment: {
        VOLCENGINE_SECRET_ID: secret.secretArn,
        ...config.environment,
        SENDS_PER_SECOND: config.pace.api,
        SWEEP_FUNCTION_NAME: sweepFunction.functionName,
      },
      statements: [
        ...secret.readStatements,
        new PolicyStatement({
          actions: ["lambda:InvokeFunction"],
          resources: [sweepFunction.functionArn],
        }),
      ],
      reservedConcurrency: config.settings.reservedConcurrency,
      logicalIds: { function: "ApiFunction", logs: "ApiLogs" },
    });
    this.httpApi = withLogicalId(
      new HttpApi(this, "HttpApi", {
        // A label, not an identity: two APIs may have the same.
        apiName: Stack.of(this).stackName,
        description: "live-cert-janitor",
        createDefaultStage: false,
      }),
      "HttpApi",
    );
    this.#addRoutes(config);
    this.accessLogs = withLogicalId(
      new LogGroup(this, "AccessLogs", {
        retention: LOG_RETENTION,
        removalPolicy: KEPT,
      }),
      "ApiAccessLogs",
    );
    this.stage = new HttpStage(this, "Stage", {
      httpApi: this.httpApi,
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(this.accessLogs),
        format: AccessLogFormat.custom(ACCESS_LOG),
      },
    });
  }

  #addRoutes({ settings: { authorizer } }: StackConfiguration): void {
    const integration = new HttpLambdaIntegration(
      "Integration",
      this.responder.function,
    );
    const guard: IHttpRouteAuthorizer =
      authorizer === "iam"
        ? new HttpIamAuthorizer()
        : new HttpJwtAuthorizer("Jwt", authorizer.issuer, {
            jwtAudience: [authorizer.audience],
          });
    const scopes =
      authorizer === "iam"
        ? undefined
        : { read: authorizer.readScope, delete: authorizer.deleteScope };
    // The same logical ids whatever guards the routes: a new one would be made before the old one goes, and the API
    // refuses a second route of the same key.
    const route = (
      id: string,
      routeKey: HttpRouteKey,
      access: readonly ("read" | "delete")[],
    ): void => {
      new HttpRoute(this, `${id}Route`, {
        httpApi: this.httpApi,
        routeKey,
        integration,
        authorizer: guard,
        ...(scopes !== undefined && {
          authorizationScopes: access.map((name) => scopes[name]),
        }),
      });
    };
    for (const { id, method, path, access } of Object.values(ROUTES)) {
      route(id, HttpRouteKey.with(path, HttpMethod[method]), [access]);
    }
    // It exists so that unknown routes and wrong methods get a problem that says so.
    route("Default", HttpRouteKey.DEFAULT, ["read", "delete"]);
  }
}
