/** The API's description, OpenAPI 3.1, with the reasons to keep as the contract has them. */
import { SHOWN_REASONS } from "../contract/reasons.ts";
import document from "./openapi.json" with { type: "json" };

const meanings = SHOWN_REASONS.map(
  ({ reason, means }) => `\`${reason}\`: ${means}.`,
);

export const openapi = {
  ...document,
  components: {
    ...document.components,
    schemas: {
      ...document.components.schemas,
      Reason: {
        description: `Why a sweep keeps it. ${meanings.join(" ")}`,
        enum: SHOWN_REASONS.map(({ reason }) => reason),
      },
    },
  },
};
