// The phone at work: whatever the outbox still holds is sent, several things at a time, each with patience of its own.
// A failure costs only what failed: the other 99 photos are none of its business. Nothing is ever given up; what the
// server refuses stays in the outbox for the inspector to see.

import { type Patience, FIELD, pause } from './backoff.js';
import type { Line } from './line.js';
import type { Outbox } from './outbox.js';
import { type Carrier, sendPhoto } from './photos.js';
import { type Outcome, BATCH, sendAmendment, sendBatch, sendRecord } from './records.js';
import type { Photo, Submission } from './submission.js';

/** How a phone behaves. */
export interface Manner {
  /** How photos are brought to the server. */
  carry: Carrier;
  /** Whether records that wait together go together. */
  batch?: boolean;
  /** Things in the air at a time. */
  width?: number;
  patience?: Patience;
  /** Told what may be deleted now; the photo is deleted when this returns. */
  onSafe?: (submission: Submission, photo: Photo) => void;
  /** Told of failed attempts. */
  onAgain?: (what: string, why: string) => void;
}

interface Job {
  name: string;
  submission: Submission;
  /** A record that may go with others. */
  batchable: boolean;
  run: () => Promise<Outcome>;
}

interface Waiting {
  failures: number;
  notBefore: number;
}

/** Sends what an outbox holds. */
export class Phone {
  private readonly running = new Set<string>();
  private readonly waiting = new Map<string, Waiting>();
  /** Something has happened since the outbox was last looked at. */
  private stirred = false;
  private stir: () => void = () => undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly line: Line,
    private readonly manner: Manner,
  ) {}

  /** The inspector has written something: look at the outbox now. */
  nudge(): void {
    this.wake();
  }

  /** The network is back: nothing waits any longer. */
  online(): void {
    for (const waiting of this.waiting.values()) waiting.notBefore = 0;
    this.wake();
  }

  private wake(): void {
    this.stirred = true;
    this.stir();
  }

  /** Works until `ended` says so. */
  async work(ended: () => boolean): Promise<void> {
    while (!ended()) {
      this.stirred = false;
      await this.settle();
      this.start();
      await this.next();
    }
  }

  private jobs(): Job[] {
    return this.outbox.open.flatMap((submission) => {
      const jobs: Job[] = [];
      const add = (name: string, run: () => Promise<Outcome>, batchable = false) =>
        jobs.push({ name: `${submission.id} ${name}`, submission, batchable, run });
      if (submission.recordToSend !== undefined) {
        add('record', () => sendRecord(this.line, submission), true);
      }
      for (const version of submission.amendmentsToSend) {
        add(`amendment ${version}`, () => sendAmendment(this.line, submission, version));
      }
      for (const photo of submission.photosToSend) {
        add(photo.photo_id, () => sendPhoto(this.line, this.manner.carry, submission, photo));
      }
      return jobs;
    });
  }

  private ready({ name }: Job): boolean {
    return !this.running.has(name) && (this.waiting.get(name)?.notBefore ?? 0) <= performance.now();
  }

  /** Starts what is ready, as far as there is room. */
  private start(): void {
    const ready = this.jobs().filter((job) => this.ready(job));
    const room = () => this.running.size < (this.manner.width ?? 4);
    // What failed together goes alone: a small request gets through where a large one does not.
    const together = ready.filter((job) => job.batchable && !this.waiting.has(job.name)).slice(0, BATCH);
    if (this.manner.batch === true && together.length > 1 && room()) this.launchBatch(together);
    for (const job of ready) {
      if (room() && !this.running.has(job.name)) this.launch(job);
    }
  }

  private launch(job: Job): void {
    this.running.add(job.name);
    void this.guarded(job.run).then((outcome) => {
      this.finish(job, outcome);
      this.wake();
    });
  }

  private launchBatch(jobs: Job[]): void {
    for (const job of jobs) this.running.add(job.name);
    const sent = sendBatch(this.line, jobs.map((job) => job.submission));
    void sent.catch(() => new Map<Submission, Outcome>()).then((outcomes) => {
      const none: Outcome = { settled: false, why: 'no answer', after: 0 };
      for (const job of jobs) this.finish(job, outcomes.get(job.submission) ?? none);
      this.wake();
    });
  }

  private async guarded(run: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await run();
    } catch (error) {
      return { settled: false, why: error instanceof Error ? error.message : String(error), after: 0 };
    }
  }

  private finish(job: Job, outcome: Outcome): void {
    this.running.delete(job.name);
    if (outcome.settled) {
      this.waiting.delete(job.name);
      return;
    }
    this.manner.onAgain?.(job.name, outcome.why);
    const failures = outcome.further === true ? 0 : (this.waiting.get(job.name)?.failures ?? 0);
    const wait = pause(this.manner.patience ?? FIELD, failures, outcome.after);
    this.waiting.set(job.name, { failures: failures + 1, notBefore: performance.now() + wait });
  }

  /** Says what is safe to delete, and takes leave of what is done. */
  private async settle(): Promise<void> {
    for (const submission of this.outbox.open) {
      for (const photo of submission.photosToForget()) {
        this.manner.onSafe?.(submission, photo);
        await submission.forget(photo);
      }
      if (submission.canDelete()) await this.outbox.settle(submission);
    }
  }

  /** Sleeps until something ends, somebody nudges, or a wait is over. */
  private next(): Promise<void> {
    if (this.stirred) return Promise.resolve();
    const now = performance.now();
    const due = [...this.waiting.values()].map((w) => w.notBefore).filter((at) => at > now);
    const wait = Math.min(1_000, ...due.map((at) => at - now));
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.stir = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
