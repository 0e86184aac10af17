/** Calls through the vendor's own SDK, which shares no code with the product. */
import openapi from "@volcengine/openapi";
import type {
  EmulatedCertificate,
  EmulatedDomain,
} from "../../infra/local/live-emulator/account.ts";
import { KEY } from "./key.ts";

export { KEY };

/** What the SDK makes of an answer: it resolves whatever the status. */
interface SdkAnswer {
  readonly ResponseMetadata: {
    readonly RequestId?: string;
    readonly RequestID?: string;
    readonly Region: string;
    readonly Error?: {
      readonly Code: string;
      readonly CodeN?: number;
      readonly Message: string;
    };
  };
  readonly Result?: {
    readonly CertList?: readonly Readonly<Record<string, unknown>>[] | null;
    readonly DomainList?: readonly Readonly<Record<string, unknown>>[];
    readonly Total?: number;
    readonly ExpirationInfo?: Readonly<Record<string, number>>;
    readonly ChainID?: string;
  };
}

interface SdkKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The official client, pointed at an emulator. */
export function connect(
  url: string,
  { secretAccessKey, ...key }: SdkKey = KEY,
  region = "cn-north-1",
): (action: string, body?: object) => Promise<SdkAnswer> {
  const service = new openapi.Service({
    host: url.replace("http://", ""),
    protocol: "http:",
    serviceName: "live",
    defaultVersion: "2023-01-01",
    secretKey: secretAccessKey,
    region,
    ...key,
  });
  return async (action, body = {}) => {
    const answer: unknown = await service.createJSONAPI(action)(body);
    // Here the emulator is what is tested, and a wrong shape fails the test.
    return answer as SdkAnswer;
  };
}

interface RawRequest {
  readonly action: string;
  readonly body?: string;
  readonly at?: Date;
  readonly service?: string;
  readonly version?: string;
  readonly signal?: AbortSignal;
}

/** A request signed by the SDK's signer and sent by hand, which shows the status and the headers. */
export function sendSigned(
  url: string,
  {
    action,
    body = "{}",
    at = new Date(),
    service = "live",
    version = "2023-01-01",
    signal,
  }: RawRequest,
): Promise<Response> {
  const params = { Action: action, Version: version };
  const headers: Record<string, string> = {};
  const signer = new openapi.Signer(
    { region: "cn-north-1", method: "POST", params, headers, body },
    service,
  );
  signer.addAuthorization(
    { accessKeyId: KEY.accessKeyId, secretKey: KEY.secretAccessKey },
    at,
  );
  return fetch(`${url}/?${new URLSearchParams(params).toString()}`, {
    method: "POST",
    headers,
    body,
    ...(signal !== undefined && { signal }),
  });
}

/** A certificate that expired a month ago, unless told otherwise. */
export function certificateOf(
  number: number,
  given: Partial<EmulatedCertificate> = {},
): EmulatedCertificate {
  return {
    chainId: number.toString(16).padStart(32, "a"),
    certId: String(812_000_000 + number),
    chainIdVolc: number.toString(16).padStart(32, "b"),
    name: `certificate ${String(number)}`,
    domains: ["push.example.com"],
    notBefore: daysFromNow(-120),
    notAfter: daysFromNow(-30),
    createTime: daysFromNow(-120),
    projectName: "default",
    available: true,
    ...given,
  };
}

export function domainOf(domain: string, chainId = ""): EmulatedDomain {
  return {
    domain,
    type: "push",
    chainId,
    certDomain: "",
    status: 0,
    projectName: "default",
  };
}

export function daysFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}
