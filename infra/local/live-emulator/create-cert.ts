import {
  createPrivateKey,
  randomBytes,
  randomInt,
  X509Certificate,
} from "node:crypto";
import { findCertificate, type Action } from "./account.ts";
import { liveError } from "./envelope.ts";

/** What a certificate says of itself. The key is only compared with it, never kept. */
function readPair(
  pubkey: string,
  prikey: string,
): { domains: string[]; notBefore: string; notAfter: string } {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(pubkey);
    if (!leaf.checkPrivateKey(createPrivateKey(prikey)))
      throw new Error("the key belongs to another certificate");
  } catch {
    throw liveError("InvalidParam", {
      message: "Rsa holds no certificate with its key.",
    });
  }
  const wholeSeconds = (date: Date): string =>
    date.toISOString().replace(/\.\d+Z$/, "Z");
  return {
    domains: [...(leaf.subjectAltName ?? "").matchAll(/DNS:([^,\s]+)/g)].map(
      ([, name = ""]) => name,
    ),
    notBefore: wholeSeconds(new Date(leaf.validFrom)),
    notAfter: wholeSeconds(new Date(leaf.validTo)),
  };
}

/** CreateCert, docs/6469/1126817: adds a certificate, or renews the one of `ChainID`, which keeps that id. */
export const createCert: Action = (input) => {
  const { parameters, account, now } = input;
  if (parameters.required("UseWay") !== "https")
    throw liveError("InvalidParam", { message: "UseWay must be https." });
  const rsa = parameters.object("Rsa");
  if (rsa === undefined)
    throw liveError("InvalidParam", { message: "Rsa is required." });
  const pair = readPair(rsa.required("Pubkey"), rsa.required("Prikey"));
  const given = {
    name: parameters.text("CertName"),
    projectName: parameters.text("ProjectName"),
  };
  const chainId = parameters.text("ChainID") ?? "";
  if (chainId !== "") {
    const renewed = findCertificate(input, chainId);
    Object.assign(renewed, pair);
    if (given.name !== undefined) renewed.name = given.name;
    return { ChainID: chainId, UseWay: "https" };
  }
  const added = {
    ...pair,
    chainId: randomBytes(16).toString("hex"),
    certId: String(randomInt(100_000_000, 999_999_999)),
    chainIdVolc: randomBytes(16).toString("hex"),
    name: given.name ?? pair.domains[0] ?? "",
    createTime: new Date(now).toISOString().replace(/\.\d+Z$/, "Z"),
    projectName: given.projectName ?? "default",
    available: true,
  };
  account.certificates.push(added);
  return { ChainID: added.chainId, UseWay: "https" };
};
