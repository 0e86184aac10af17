/** `GET /certificates`: the inventory, each certificate with the verdict that the next sweep would reach. */
import { ROUTES } from "../contract/routes.ts";
import {
  inventory,
  inventoryEntries,
  readCursor,
  type SortKey,
} from "../janitor/inventory.ts";
import { judge } from "../janitor/verdict.ts";
import { observe, type Route } from "./api.ts";
import { readQuery } from "./event.ts";
import { invalid, jsonAnswer } from "./problem.ts";

const MOST = 1000;

export const list: Route = async (api, call) => {
  const query = readQuery(call.request, ROUTES.list.query);
  const { verdict, state, limit = MOST, cursor } = query;
  let after: SortKey | undefined;
  if (cursor !== undefined) {
    after = readCursor(cursor);
    if (after === undefined) {
      throw invalid("The cursor must be the `next` of an earlier answer.");
    }
  }
  const { policy, warnDays } = api.wired().configuration;
  const observation = await observe(api, call);
  const now = api.clock.now();
  const entries = inventoryEntries(
    judge(observation, policy, now),
    observation.domains,
    warnDays,
    now,
  );
  return jsonAnswer(
    200,
    call.requestId,
    inventory(entries, { verdict, state, after, limit: Number(limit) }),
  );
};
