// The phone's clock, and ids that are made from it. The clock may be wrong by years: nothing in this client depends on
// it. Waiting is measured by `performance.now()`, tokens are tried instead of being timed, and what is sent of the
// clock are claims that the server keeps beside its own times.

import { randomBytes } from 'node:crypto';

/** Tells the time as this phone believes it, in milliseconds since 1970. */
export type Clock = () => number;

/** A clock that is off by so many milliseconds. */
export function clockOffBy(milliseconds: number): Clock {
  return () => Date.now() + milliseconds;
}

/** An id of its own for a record, a visit or a photo: UUIDv7. A wrong clock costs it its order, never its uniqueness. */
export function newId(clock: Clock): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Math.max(0, Math.floor(clock())) % 2 ** 48, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The time as it is claimed in a record. */
export function claimed(clock: Clock): string {
  return new Date(clock()).toISOString();
}
