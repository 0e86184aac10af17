/** The two faces of the vendor. Paces are DeleteCert calls a second. */
export const PROVIDERS = {
  volcengine: {
    name: "Volcengine",
    product: "Volcengine Live",
    endpoint: "https://live.volcengineapi.com",
    domain: ".volcengineapi.com",
    region: "cn-north-1",
    sweepPace: 7.8,
    apiPace: 2,
  },
  // BytePlus documents a limit of one call a second for the whole account.
  byteplus: {
    name: "BytePlus",
    product: "BytePlus MediaLive",
    endpoint: "https://open.byteplusapi.com",
    domain: ".byteplusapi.com",
    region: "ap-singapore-1",
    sweepPace: 0.6,
    apiPace: 0.3,
  },
} as const;

export type Provider = keyof typeof PROVIDERS;
