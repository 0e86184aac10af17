/** `GET /certificates/{chainId}`: one certificate, with every reason and what it is bound to. */
import { ROUTES } from "../contract/routes.ts";
import { inventoryEntries } from "../janitor/inventory.ts";
import { judgeOne } from "../janitor/verdict.ts";
import { observe, type Route } from "./api.ts";
import { readChainId, readQuery } from "./event.ts";
import { jsonAnswer, notFound } from "./problem.ts";

export const explain: Route = async (api, call) => {
  const chainId = readChainId(call.request);
  readQuery(call.request, ROUTES.explain.query);
  const { policy, warnDays } = api.wired().configuration;
  const observation = await observe(api, call);
  const { domains, readAt } = observation;
  const now = api.clock.now();
  const judgement = judgeOne(observation, chainId, policy, now);
  if (judgement === undefined) throw notFound();
  const [entry] = inventoryEntries([judgement], domains, warnDays, now);
  const ids = new Set<string | undefined>(
    judgement.certificate.records.flatMap((record) => record.ids),
  );
  return jsonAnswer(200, call.requestId, {
    ...entry,
    ids: [...ids],
    boundDomains: domains
      .filter(({ boundTo }) => ids.has(boundTo))
      .map(({ name }) => name),
    readAt,
  });
};
