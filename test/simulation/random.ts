/** Chance that derives from a seed alone, so that a seed tells the whole story of a world. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** An own stream: what one part draws never shifts what another part draws. */
  fork(label: string): Random;
  hex(digits: number): string;
}

/** A 32-bit hash of a text (FNV-1a), to tell streams apart. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** sfc32, a small generator that passes the usual statistical tests; the seed is mixed in by a warm-up. */
export function createRandom(seed: number, label = "world"): Random {
  let a = seed >>> 0;
  let b = hashOf(label);
  let c = Math.floor(seed / 2 ** 32) ^ 0x9e3779b9;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next();
  const int = (min: number, max: number): number =>
    min + Math.floor(next() * (max - min + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: <T>(list: readonly T[]): T => {
      if (list.length === 0) throw new Error("nothing to pick from");
      return list[int(0, list.length - 1)] as T;
    },
    fork: (name) => createRandom(seed, `${label}/${name}`),
    hex: (digits) => {
      let text = "";
      while (text.length < digits) {
        text += Math.floor(next() * 2 ** 32)
          .toString(16)
          .padStart(8, "0");
      }
      return text.slice(0, digits);
    },
  };
}
