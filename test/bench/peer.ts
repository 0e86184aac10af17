/**
 * The peer of the cold start figures: the same function, written the obvious way, with the vendor's official client
 * and the Secrets Manager client. Bundled with the product's own options.
 */
import {
  GetSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import openapi from "@volcengine/openapi";

const secrets = new SecretsManagerClient({});
let connecting: Promise<InstanceType<typeof openapi.Service>> | undefined;

async function connect(): Promise<InstanceType<typeof openapi.Service>> {
  const { SecretString } = await secrets.send(
    new GetSecretValueCommand({
      SecretId: process.env["VOLCENGINE_SECRET_ID"] ?? "",
    }),
  );
  const key: unknown = JSON.parse(SecretString ?? "");
  const text = (name: string): string => {
    const value: unknown = Reflect.get(Object(key), name);
    if (typeof value !== "string") throw new Error(`The secret lacks ${name}.`);
    return value;
  };
  const endpoint = new URL(process.env["VOLCENGINE_ENDPOINT"] ?? "");
  return new openapi.Service({
    host: endpoint.host,
    protocol: endpoint.protocol,
    serviceName: "live",
    defaultVersion: "2023-01-01",
    accessKeyId: text("accessKeyId"),
    secretKey: text("secretAccessKey"),
  });
}

interface PeerEvent {
  readonly pathParameters: { readonly chainId: string };
}

export async function handler(event: PeerEvent) {
  const service = await (connecting ??= connect());
  const answer = await service.createJSONAPI("DeleteCert")({
    ChainID: event.pathParameters.chainId,
  });
  return {
    statusCode: answer.ResponseMetadata.Error === undefined ? 200 : 502,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(answer),
  };
}
