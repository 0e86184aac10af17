/**
 * In the deployed bundle this stands for the SDK's chain of credential providers (`@aws-sdk/credential-provider-node`):
 * Lambda gives its functions their keys in the environment and nowhere else, and the chain for profiles, SSO and
 * instance metadata is nearly half of the client. The client imports this one name; infra/constructs/janitor-function.ts
 * puts the file in its place.
 */
interface EnvironmentCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Rejects, naming the variables, where Lambda's are missing. */
export function defaultProvider(): () => Promise<EnvironmentCredentials> {
  return () => {
    const {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    } = process.env;
    if (!accessKeyId || !secretAccessKey) {
      return Promise.reject(
        new Error(
          "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment.",
        ),
      );
    }
    return Promise.resolve({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken && { sessionToken }),
    });
  };
}
