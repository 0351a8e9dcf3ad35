// The plainest way: the whole photo in one PUT. Good on a good network, and for small photos; on a bad one every cut
// begins from the first byte again, which is what the other two ways are for.

import { readFile } from 'node:fs/promises';
import type { Line } from './line.js';
import type { Outcome } from './records.js';
import type { Photo, Submission } from './submission.js';

/** Sends a photo whole. */
export async function whole(line: Line, submission: Submission, photo: Photo): Promise<Outcome> {
  const answer = await line.request({
    method: 'PUT',
    path: `/photos/${photo.photo_id}?sha256=${photo.sha256}`,
    type: 'image/jpeg',
    body: await readFile(submission.pathOf(photo)),
  });
  if (answer.kind === 'again') return { settled: false, why: answer.why, after: answer.after };
  if (answer.kind !== 'done') await submission.refused(photo, answer.problem);
  return { settled: true };
}
