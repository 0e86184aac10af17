/** Every problem that the API answers with: its status and its title (RFC 9457). */
export const PROBLEMS = {
  "invalid-request": [400, "The request is not valid"],
  "no-such-route": [404, "There is no such route"],
  "method-not-allowed": [405, "The route does not know this method"],
  "certificate-not-found": [404, "No such certificate in this account"],
  "certificate-in-use": [409, "The certificate is in use, or may be"],
  "certificate-protected": [409, "The certificate is protected"],
  "sweep-running": [409, "A sweep may still be running"],
  "vendor-refused": [403, "Volcengine refused"],
  "vendor-billing": [503, "Volcengine Live is not available to the account"],
  "credentials-rejected": [500, "Volcengine rejected the access key"],
  "vendor-access-denied": [500, "The access key lacks a permission"],
  "vendor-throttled": [503, "Calls are being throttled"],
  "vendor-error": [502, "Volcengine gave no usable answer"],
  "vendor-timeout": [504, "The time ran out"],
  misconfigured: [500, "This deployment is misconfigured"],
  "internal-error": [500, "This program has a defect"],
} as const;

export type ProblemName = keyof typeof PROBLEMS;
