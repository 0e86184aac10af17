/** Four ways in which a vendor may count "10 in a second". Each is asked once per arrival, in order of time. */

export const LIMITERS = [
  "fixed-second",
  "sliding-log",
  "token-bucket-10",
  "token-bucket-2",
] as const;
export type LimiterKind = (typeof LIMITERS)[number];

const PER_SECOND = 10;

/** True: let through. `time` in milliseconds. */
export type Limiter = (time: number) => boolean;

function tokenBucket(size: number): Limiter {
  let tokens = size;
  let last = 0;
  return (time) => {
    tokens = Math.min(size, tokens + ((time - last) / 1000) * PER_SECOND);
    last = time;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

export function createLimiter(kind: LimiterKind): Limiter {
  switch (kind) {
    case "fixed-second": {
      let second = -1;
      let count = 0;
      return (time) => {
        const now = Math.floor(time / 1000);
        if (now !== second) [second, count] = [now, 0];
        count += 1;
        return count <= PER_SECOND;
      };
    }
    case "sliding-log": {
      let log: number[] = [];
      return (time) => {
        log = log.filter((at) => at > time - 1000);
        if (log.length >= PER_SECOND) return false;
        log.push(time);
        return true;
      };
    }
    case "token-bucket-10":
      return tokenBucket(10);
    case "token-bucket-2":
      return tokenBucket(2);
  }
}
