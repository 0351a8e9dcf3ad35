// Everything on this phone that the server may not have yet. `open/` holds the submissions in work, `done/` what is left
// of those that have all their receipts: the record and the journal, without photos. A submission moves from one to the
// other by a rename, and only then are its photos deleted.

import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder, remove, syncFolder } from './disk.js';
import { type Correction, Submission } from './submission.js';

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

  /** Corrects a record, whether it is still in work or done long since. */
  async amend(id: string, correction: Correction): Promise<void> {
    for (;;) {
      const submission = this.submissions.get(id);
      if (submission === undefined && !this.settled.has(id)) throw new Error(`${id} is not in this outbox`);
      if (await submission?.amend(correction)) return;
      if (this.settled.has(id)) return this.reopen(id, correction);
    }
  }

  private async reopen(id: string, correction: Correction): Promise<void> {
    await this.move(id, 'done', 'open');
    const submission = await Submission.open(join(this.folder, 'open', id));
    await submission.amend(correction);
    this.settled.delete(id);
    this.submissions.set(id, submission);
  }

  /** Takes leave of a submission, if it has all its receipts. */
  async settle(submission: Submission): Promise<void> {
    const { id } = submission;
    if (!(await submission.putAway(() => this.move(id, 'open', 'done')))) return;
    this.settled.add(id);
    this.submissions.delete(id);
    await removePhotos(join(this.folder, 'done', id));
  }

  private async move(id: string, from: string, to: string): Promise<void> {
    await rename(join(this.folder, from, id), join(this.folder, to, id));
    await syncFolder(join(this.folder, to));
    await syncFolder(join(this.folder, from));
  }
}

async function removePhotos(folder: string): Promise<void> {
  const names = await readdir(folder);
  await remove(...names.filter((name) => !/\.jsonl?$/.test(name)).map((name) => join(folder, name)));
}
