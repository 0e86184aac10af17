import type { Action } from "./account.ts";
import { liveError } from "./envelope.ts";
import { describe } from "./list-domain-detail.ts";

/** DescribeDomain, docs/6469/1126814: the named domains, those that are unknown left out. */
export const describeDomain: Action = ({ parameters, account }) => {
  const names = new Set(parameters.texts("DomainList"));
  if (names.size === 0)
    throw liveError("InvalidParam", { message: "DomainList is required." });
  return {
    DomainList: account.domains
      .filter((one) => names.has(one.domain))
      .map(describe),
  };
};
