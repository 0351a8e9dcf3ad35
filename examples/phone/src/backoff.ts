// How long to wait before the next attempt: twice as long each time, up to a limit, and by chance, so that a street full
// of phones does not knock in step when the network comes back. There is no last attempt.

/** Bounds of the waiting, in milliseconds. */
export interface Patience {
  first: number;
  most: number;
}

/** For phones in the field. */
export const FIELD: Patience = { first: 1_000, most: 300_000 };

/** Milliseconds until the attempt after `failures` failed ones; the server's `Retry-After`, if any, is respected. */
export function pause(patience: Patience, failures: number, asked = 0): number {
  const limit = Math.min(patience.most, patience.first * 2 ** Math.min(failures, 30));
  return asked + limit * (0.5 + Math.random() / 2);
}

/** Waits. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
