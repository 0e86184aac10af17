/** How often and how long the clients of AWS try. */

/** What an SDK client is made with: it sends at most `attempts` times, and waits `ms` for each answer, connecting included. */
export function within(attempts: number, ms: number, connectMs = ms) {
  return {
    maxAttempts: attempts,
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: ms,
      // Without it the time-out is only a warning, and a service that hangs holds up whoever asked.
      throwOnRequestTimeout: true,
    },
  };
}
