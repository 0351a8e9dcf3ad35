// Photos that no camera took: a grey picture of one block, valid JPEG to the last byte, with noise in comment segments
// up to the length that is wanted. The same seed gives the same bytes, and no two seeds do.

import { chance } from './chance.js';

const SOI = [0xff, 0xd8];
/** One quantisation table: all ones. */
const DQT = [0xff, 0xdb, 0, 67, 0, ...Array<number>(64).fill(1)];
/** 8 × 8 pixels, 8 bits, one component. */
const SOF0 = [0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0];
/** A table of one code of one bit: no difference to the block before. */
const DHT_DC = [0xff, 0xc4, 0, 20, 0x00, 1, ...Array<number>(15).fill(0), 0x00];
/** A table of one code of one bit: end of block. */
const DHT_AC = [0xff, 0xc4, 0, 20, 0x10, 1, ...Array<number>(15).fill(0), 0x00];
const SOS = [0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0];
/** The two codes, filled up with ones. */
const SCAN = [0x3f];
const EOI = [0xff, 0xd9];

/** What a comment segment holds at the most. */
const COMMENT = 65_533;

/** A JPEG of about `length` bytes. */
export function jpeg(seed: string, length: number): Buffer {
  const noise = chance(seed);
  const parts: Buffer[] = [Buffer.from([...SOI, ...DQT, ...SOF0, ...DHT_DC, ...DHT_AC])];
  for (let left = Math.max(length, 64); left > 0; left -= COMMENT) {
    const comment = noise.bytes(Math.min(left, COMMENT));
    const head = Buffer.from([0xff, 0xfe, 0, 0]);
    head.writeUInt16BE(comment.length + 2, 2);
    parts.push(head, comment);
  }
  parts.push(Buffer.from([...SOS, ...SCAN, ...EOI]));
  return Buffer.concat(parts);
}
