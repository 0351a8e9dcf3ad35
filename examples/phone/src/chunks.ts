// For platforms that can neither PATCH nor set headers of their own, such as WeChat mini-programs: an upload by plain
// JSON and POST. Created once (again gives the same upload and says how far it is), then piece after piece, each at the
// offset that the server has named last. A piece that was cut in the middle counts as far as it came.

import { open } from 'node:fs/promises';
import type { Line } from './line.js';
import type { Carrier } from './photos.js';
import type { Outcome } from './records.js';
import { FINAL } from './resumable.js';
import type { Photo, Submission } from './submission.js';
import type { PhotoReceipt, Problem } from './wire.js';

/** How far an upload is. */
interface Progress {
  upload: string;
  offset: number;
  length: number;
  receipt: PhotoReceipt | null;
}

/** Sends photos piece by piece, of so many bytes. */
export function chunks(size = 128 * 1024): Carrier {
  return async (line, submission, photo) => {
    const { photo_id, sha256, length } = photo;
    const body = JSON.stringify({ photo_id, sha256, length });
    const created = await line.request({ method: 'POST', path: '/uploads/plain', body });
    if (created.kind === 'again') return { settled: false, why: created.why, after: created.after };
    if (created.kind !== 'done') return refused(submission, photo, created.problem);
    return pieces(line, submission, photo, created.body as Progress, size);
  };
}

async function pieces(
  line: Line,
  submission: Submission,
  photo: Photo,
  begun: Progress,
  size: number,
): Promise<Outcome> {
  const file = await open(submission.pathOf(photo));
  try {
    for (let at = begun; at.receipt === null; ) {
      const piece = Buffer.alloc(Math.min(size, at.length - at.offset));
      await file.read(piece, 0, piece.length, at.offset);
      const path = `/uploads/${begun.upload}/chunks?offset=${at.offset}`;
      const sent = await line.request({ method: 'POST', path, type: 'application/octet-stream', body: piece });
      const further = at.offset > begun.offset;
      if (sent.kind === 'again') return { settled: false, why: sent.why, after: sent.after, further };
      if (sent.kind !== 'done') return await refused(submission, photo, sent.problem);
      at = sent.body as Progress;
    }
    return { settled: true };
  } finally {
    await file.close();
  }
}

/** Most refusals of a piece (another offset, a lost upload) pass when the creation is asked again. */
async function refused(submission: Submission, photo: Photo, problem: Problem): Promise<Outcome> {
  if (!FINAL.has(problem.code)) return { settled: false, why: problem.code, after: 0 };
  await submission.refused(photo, problem);
  return { settled: true };
}
