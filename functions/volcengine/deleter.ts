/** The only code that deletes anything at the vendor. Source: DeleteCert, docs/6469/1126818. */
import type { Deleter } from "../janitor/ports.ts";
import type { LiveApi } from "./live-api.ts";
import type { Pacer } from "./pacer.ts";

const ANSWER_BYTES = 64 * 1024;

export function createDeleter(api: LiveApi, pacer: Pacer): Deleter {
  return {
    async deleteCertificate({ chainId, ...order }) {
      const { requestId, attempts } = await api.call(
        "DeleteCert",
        { ChainID: chainId },
        { ...order, pacer, maxBytes: ANSWER_BYTES },
      );
      return { requestId, attempts };
    },
  };
}
