// Chance that a seed repeats. The bytes of a stream cipher over zeros, keyed by the seed: enough, fast, and everywhere
// the same.

import { createCipheriv, createHash } from 'node:crypto';

/** A source of chance. */
export interface Chance {
  /** So many bytes. */
  bytes(length: number): Buffer;
  /** From 0 up to, not including, 1. */
  fraction(): number;
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  /** One of them. */
  pick<T>(some: readonly T[]): T;
}

/** The source that belongs to a seed. */
export function chance(seed: string): Chance {
  const key = createHash('sha256').update(seed).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const bytes = (length: number) => stream.update(Buffer.alloc(length));
  const fraction = () => bytes(6).readUIntBE(0, 6) / 2 ** 48;
  const below = (limit: number) => Math.floor(fraction() * limit);
  return {
    bytes,
    fraction,
    below,
    pick: (some) => {
      const one = some[below(some.length)];
      if (one === undefined) throw new Error('nothing to pick from');
      return one;
    },
  };
}
