import type { Action } from "./account.ts";
import { LiveError, liveError } from "./envelope.ts";

/**
 * DeleteCert, docs/6469/1126818: removes every record of a chain id, at once and for good. A domain that was bound to
 * it keeps pointing to it.
 */
export const deleteCert: Action = ({ parameters, account, switches }) => {
  const chainId = parameters.required("ChainID");
  const found = account.certificates.find((one) => one.chainId === chainId);
  if (found === undefined)
    throw liveError(
      account.foreign.has(chainId)
        ? "RequestForbidden.AccountIDNotAllow"
        : switches.missing,
    );
  const { certId, chainIdVolc, refusal } = found;
  if (refusal !== undefined) {
    const { code, status } = refusal;
    throw new LiveError(code, status, undefined, "Told to refuse.");
  }
  if (switches.bound === "refuse") {
    const ids = [chainId, certId, chainIdVolc].map((id) => id.toLowerCase());
    // An assumption: the page has no code for a certificate in use.
    if (
      account.domains.some(
        (one) => one.chainId !== "" && ids.includes(one.chainId.toLowerCase()),
      )
    )
      throw liveError("InvalidParam", {
        message: "The certificate is bound to a domain.",
      });
  }
  // In place, so that whoever holds the list sees it.
  const { certificates } = account;
  for (let index = certificates.length - 1; index >= 0; index -= 1)
    if (certificates[index]?.chainId === chainId) certificates.splice(index, 1);
  return undefined;
};
