/** Lambda entry: the HTTP API. */
import { lambdaHost } from "./host/host.ts";
import { createApiHandler } from "./http/handler.ts";

export const handler = createApiHandler(lambdaHost());
