// Everything on this phone that the server may not have yet. `open/` holds the submissions in work, `done/` what is left
// of those that have all their receipts: the record and the journal, without photos. A submission moves from one to the
// other by a rename, and only then are its photos deleted.

import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder, remove, syncFolder } from './disk.js';
import { Submission } from './submission.js';

/** The submissions of a phone. */
export class Outbox {
  private readonly submissions = new Map<string, Submission>();
  private readonly settled = new Set<string>();

  private constructor(private readonly folder: string) {}

  /** Opens the outbox in a folder, as the phone left it, however it was left. */
  static async open(folder: string): Promise<Outbox> {
    const outbox = new Outbox(folder);
    for (const part of ['open', 'done']) await ensureFolder(join(folder, part));
    for (const id of await readdir(join(folder, 'done'))) {
      await removePhotos(join(folder, 'done', id));
      outbox.settled.add(id);
    }
    for (const id of await readdir(join(folder, 'open'))) {
      outbox.submissions.set(id, await Submission.open(join(folder, 'open', id)));
    }
    return outbox;
  }

  /** The submission of an inspection, begun if it is new. */
  async submission(id: string): Promise<Submission> {
    if (this.settled.has(id)) throw new Error(`${id} is done`);
    let submission = this.submissions.get(id);
    if (submission === undefined) {
      submission = await Submission.open(join(this.folder, 'open', id));
      this.submissions.set(id, submission);
    }
    return submission;
  }

  /** Those in work. */
  get open(): Submission[] {
    return [...this.submissions.values()];
  }

  /** The ids of those that are done. */
  get done(): ReadonlySet<string> {
    return this.settled;
  }

  /** Nothing is left to be sent or to be written. */
  get isEmpty(): boolean {
    return this.submissions.size === 0;
  }

  /** Takes a done submission up again, to amend it. */
  async reopen(id: string): Promise<Submission> {
    await rename(join(this.folder, 'done', id), join(this.folder, 'open', id));
    await syncFolder(join(this.folder, 'open'));
    await syncFolder(join(this.folder, 'done'));
    this.settled.delete(id);
    return this.submission(id);
  }

  /** Takes leave of a submission that has all its receipts. */
  async settle(submission: Submission): Promise<void> {
    if (!submission.canDelete()) throw new Error(`${submission.id} has not all its receipts`);
    const done = join(this.folder, 'done', submission.id);
    await rename(submission.folder, done);
    await syncFolder(join(this.folder, 'done'));
    await syncFolder(join(this.folder, 'open'));
    this.submissions.delete(submission.id);
    this.settled.add(submission.id);
    await removePhotos(done);
  }
}

async function removePhotos(folder: string): Promise<void> {
  const names = await readdir(folder);
  await remove(...names.filter((name) => !/\.jsonl?$/.test(name)).map((name) => join(folder, name)));
}
