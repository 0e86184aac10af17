/** What holds data: its logical ids are written down, so that no refactoring of the constructs can replace it. */
import { CfnResource, RemovalPolicy } from "aws-cdk-lib";
import type { Construct } from "constructs";

/** Outlives the stack; yet a first deployment that fails leaves nothing behind, so that it can be repeated. */
export const KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

/**
 * Fixes the logical id of a construct's main resource.
 *
 * @throws Error if the construct has no main resource: a defect of the stack
 */
export function withLogicalId<T extends Construct>(
  construct: T,
  logicalId: string,
): T {
  const resource = construct.node.defaultChild;
  if (!CfnResource.isCfnResource(resource)) {
    throw new Error(`${construct.node.path} has no main resource`);
  }
  resource.overrideLogicalId(logicalId);
  return construct;
}
