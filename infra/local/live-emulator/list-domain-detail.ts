import type { Action, EmulatedDomain } from "./account.ts";
import { liveError } from "./envelope.ts";
import { pageOf } from "./parameters.ts";

function describe(domain: EmulatedDomain): object {
  return {
    Domain: domain.domain,
    Vhost: domain.vhost ?? domain.domain,
    Type: domain.type,
    Region: domain.region ?? "cn",
    CNAME: `${domain.domain}.volcgslb.com`,
    PushDomain: "",
    CreateTime: "2024-01-01T00:00:00Z",
    ChainID: domain.chainId,
    CertDomain: domain.certDomain,
    HTTP2: domain.http2 ?? false,
    CnameCheck: 1,
    DomainCheck: 0,
    ICPCheck: 1,
    Status: domain.status,
    ...domain.overrides,
  };
}

/** ListDomainDetail, docs/6469/1126815. Without `DomainStatusList` it shows domains of every status. */
export const listDomainDetail: Action = ({ parameters, account, switches }) => {
  for (const name of ["PageNum", "PageSize"]) {
    const value = parameters.integer(name);
    if (value === undefined || value < 1 || value > 1000)
      throw liveError("InvalidParam", {
        message: `${name} must be from 1 to 1000.`,
      });
  }
  // An empty list filters nothing, as an absent one.
  const allows = <T>(list: readonly T[] | undefined) => {
    const allowed = new Set(list);
    return (value: T): boolean => allowed.size === 0 || allowed.has(value);
  };
  const domains = allows(parameters.texts("DomainNameList"));
  const vhosts = allows(parameters.texts("VhostList"));
  const types = allows(parameters.texts("DomainTypeList"));
  const regions = allows(parameters.texts("DomainRegionList"));
  const statuses = allows(parameters.integers("DomainStatusList"));
  const found = account.domains.filter(
    (one) =>
      domains(one.domain) &&
      vhosts(one.vhost ?? one.domain) &&
      types(one.type) &&
      regions(one.region ?? "cn") &&
      statuses(one.status),
  );
  const { page, counted } = pageOf(parameters, found, switches);
  return {
    DomainList: page.map((one) => ({
      ProjectName: one.projectName,
      Tags: [],
      ...describe(one),
    })),
    ...counted,
  };
};
