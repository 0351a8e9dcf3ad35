// Sending photos. Whatever way the bytes take, the end is the same: the phone asks for the receipt, and only the receipt
// makes a photo safe to delete. An upload that merely "succeeded" is a rumour.

import type { Line } from './line.js';
import type { Outcome } from './records.js';
import type { Photo, Submission } from './submission.js';
import type { PhotoReceipt } from './wire.js';

/**
 * A way to bring a photo's bytes to the server. Settled means that the server seems to have them all; a refusal is
 * thrown as `Refused`.
 */
export type Carrier = (line: Line, submission: Submission, photo: Photo) => Promise<Outcome>;

/** Sends a photo, asks for its receipt, and writes that down. */
export async function sendPhoto(
  line: Line,
  carry: Carrier,
  submission: Submission,
  photo: Photo,
): Promise<Outcome> {
  const carried = await carry(line, submission, photo);
  if (!carried.settled || submission.problems.has(photo.photo_id)) return carried;
  const answer = await line.request({ method: 'GET', path: `/photos/${photo.photo_id}/receipt` });
  if (answer.kind === 'done') {
    await submission.photoStored(photo, answer.body as PhotoReceipt);
    return { settled: true };
  }
  const why = answer.kind === 'again' ? answer.why : answer.problem.code;
  return { settled: false, why, after: answer.kind === 'again' ? answer.after : 0 };
}
