// The best way: tus (https://tus.io), by tus-js-client as it comes. It keeps the upload's URL in a file beside the
// photo, asks the server after a break where it is, and goes on from that very byte. Nothing depends on that file: the
// server gives the same upload to the same photo again (creation is idempotent by the photo's id), so a torn one is
// simply removed.

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { DetailedError, FileUrlStorage, Upload, type UploadOptions } from 'tus-js-client';
import { judge, lost } from './answer.js';
import { remove, textOf } from './disk.js';
import type { Line } from './line.js';
import type { Carrier } from './photos.js';
import type { Outcome } from './records.js';
import { NoToken } from './session.js';
import type { Photo, Submission } from './submission.js';

declare module 'tus-js-client' {
  /** Its types leave it out. */
  class FileUrlStorage implements UrlStorage {
    constructor(path: string);
    findAllUploads: UrlStorage['findAllUploads'];
    findUploadsByFingerprint: UrlStorage['findUploadsByFingerprint'];
    removeUpload: UrlStorage['removeUpload'];
    addUpload: UrlStorage['addUpload'];
  }
}

/** Milliseconds without a byte after which a phone stops waiting and asks anew. */
const SILENCE = 8_000;
/** The client's own attempts; after them the outbox decides when to go on. */
const ATTEMPTS = [100, 300, 1_000];

/** What tus-js-client is told beyond the usual. */
export type Habits = Pick<UploadOptions, 'chunkSize' | 'uploadDataDuringCreation' | 'overridePatchMethod'> & {
  silence?: number;
};

/** Sends photos by tus. */
export function resumable(habits: Habits = {}): Carrier {
  const { silence = SILENCE, ...options } = habits;
  return async (line, submission, photo) => {
    const memory = join(submission.folder, `${photo.photo_id}.url`);
    if (!(await readable(memory))) await remove(memory);
    const file = createReadStream(submission.pathOf(photo));
    try {
      const error = await upload(line, photo, file, { ...options, urlStorage: new FileUrlStorage(memory) }, silence);
      return error === undefined ? { settled: true } : await outcome(submission, photo, error);
    } finally {
      file.destroy();
    }
  };
}

async function readable(memory: string): Promise<boolean> {
  try {
    JSON.parse((await textOf(memory)) ?? '{}');
    return true;
  } catch {
    return false;
  }
}

/** Runs tus-js-client until it succeeds (nothing is returned), fails, or hears nothing for too long. */
function upload(
  line: Line,
  photo: Photo,
  file: ReturnType<typeof createReadStream>,
  options: UploadOptions,
  silence: number,
): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let token = '';
    let timer: NodeJS.Timeout;
    const end = (error?: Error) => {
      clearTimeout(timer);
      resolve(error);
    };
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        void upload.abort();
        end(new Error('silence'));
      }, silence);
    };
    const upload = new Upload(file as never, {
      ...options,
      endpoint: `${line.base}/uploads`,
      metadata: { photo_id: photo.photo_id, sha256: photo.sha256 },
      retryDelays: ATTEMPTS,
      removeFingerprintOnSuccess: true,
      onBeforeRequest: async (request) => {
        token = await line.session.token();
        request.setHeader('Authorization', `Bearer ${token}`);
      },
      onAfterResponse: (_, response) => {
        heard();
        if (response.getStatus() === 401) line.session.refused(token);
      },
      onProgress: heard,
      onError: end,
      onSuccess: () => end(),
    });
    heard();
    const begin = async () => {
      const [previous] = await upload.findPreviousUploads();
      if (previous !== undefined) upload.resumeFromPreviousUpload(previous);
      upload.start();
    };
    begin().catch(end);
  });
}

async function outcome(submission: Submission, photo: Photo, error: Error): Promise<Outcome> {
  const again = (why: string, after: number): Outcome => ({ settled: false, why, after });
  if (!(error instanceof DetailedError) || error.originalResponse === null) {
    const cause = error instanceof DetailedError ? error.causingError : error;
    if (cause instanceof NoToken) return again(cause.message, cause.after);
    const { why, after } = lost(cause ?? error) as { why: string; after: number };
    return again(why, after);
  }
  const response = error.originalResponse;
  const headers = { get: (name: string) => response.getHeader(name) ?? null };
  const answer = judge(response.getStatus(), headers, response.getBody());
  if (answer.kind === 'again') return again(answer.why, answer.after);
  if (answer.kind !== 'refused') return again(error.message, 0);
  if (!FINAL.has(answer.problem.code)) return again(answer.problem.code, 0);
  await submission.refused(photo, answer.problem);
  return { settled: true };
}

/** What no further attempt would change; everything else about an upload passes by beginning anew. */
export const FINAL = new Set([
  'id_taken',
  'photo_differs',
  'not_as_declared',
  'length_differs',
  'empty_body',
  'not_a_photo',
  'photo_unreadable',
  'too_many_pixels',
  'unsupported_media_type',
  'too_large',
  'permission_denied',
]);
