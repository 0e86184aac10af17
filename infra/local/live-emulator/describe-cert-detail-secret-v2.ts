import { findCertificate, missing, type Action } from "./account.ts";
import { liveError } from "./envelope.ts";
import { statusAt } from "./list-cert-v2.ts";

/**
 * DescribeCertDetailSecretV2, docs/6469/1126822, for exactly one of `ChainID` and `CertID`. There is no private key in
 * the answer, and none in the emulator.
 */
export const describeCertDetailSecretV2: Action = (input) => {
  const chainId = input.parameters.text("ChainID") ?? "";
  const certId = input.parameters.text("CertID") ?? "";
  if ((chainId === "") === (certId === ""))
    throw liveError("InvalidParam", {
      message: "Exactly one of ChainID and CertID is required.",
    });
  const certificate =
    chainId === ""
      ? input.account.certificates.find((one) => one.certId === certId)
      : findCertificate(input, chainId);
  if (certificate === undefined) throw missing(input, certId);
  return {
    ChainID: certificate.chainId,
    CertName: certificate.name,
    CertDomainList: certificate.domains,
    NotBefore: certificate.notBefore,
    NotAfter: certificate.notAfter,
    Status: statusAt(certificate.notAfter, input.now),
    SSL: { KeyType: "rsa", Chain: [] },
  };
};
