import {
  findCertificate,
  type Action,
  type ActionInput,
  type EmulatedDomain,
} from "./account.ts";
import { liveError } from "./envelope.ts";

function findDomain({ account }: ActionInput, name: string): EmulatedDomain {
  const domain = account.domains.find((one) => one.domain === name);
  if (domain === undefined) throw liveError("ResourceNotFound");
  return domain;
}

/** BindCert, docs/6469/1126820: replaces whatever certificate the domain had. */
export const bindCert: Action = (input) => {
  const { parameters } = input;
  const chainId = parameters.required("ChainID");
  const domain = findDomain(input, parameters.required("Domain"));
  const http2 = parameters.flag("HTTP2") ?? false;
  const certificate = findCertificate(input, chainId);
  domain.chainId = certificate.chainId;
  domain.certDomain = certificate.domains[0] ?? "";
  domain.http2 = http2;
  return undefined;
};

/** UnbindCert, docs/6469/1126821: the domain alone says which certificate is meant. */
export const unbindCert: Action = (input) => {
  const domain = findDomain(input, input.parameters.required("Domain"));
  domain.chainId = "";
  domain.certDomain = "";
  return undefined;
};
