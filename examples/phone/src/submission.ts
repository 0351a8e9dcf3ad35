// One inspection on the phone's disk, from its first photo to its last receipt. A folder named by the inspection's id:
//
//   record.json          the inspection, once it is sealed; sent as these very bytes, however often
//   PHOTO_ID.jpg         a photo, from the moment it was taken
//   amendment-N.json     a correction; the record itself is never changed
//   journal.jsonl        what happened: photos taken, receipts, refusals
//
// Ids are made here, once, and written down before anything is sent: that is what makes sending again harmless. The
// journal alone says how far things are, so that a phone that dies at any moment goes on from there.

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Journal, ensureFolder, remove, textOf, writeWhole } from './disk.js';
import type { Declared, InspectionBody, PhotoReceipt, Problem } from './wire.js';

/** A photo on disk. */
export interface Photo {
  photo_id: string;
  sha256: string;
  length: number;
}

/** What the server said of a record: taken into the books, or held for the clerk (202): a receipt, too. */
export interface RecordReceipt {
  status: number;
  body: unknown;
}

/** A correction: what is sent is the whole record as it should have been. */
export interface Correction {
  /** The phone counts the versions itself, from 2: that is what makes sending one again harmless. */
  version: number;
  reason: string;
  change: (record: InspectionBody) => InspectionBody;
}

type Entry =
  | { what: 'taken'; photo: Photo }
  | { what: 'stored'; photo_id: string; receipt: PhotoReceipt }
  | { what: 'received'; version: number; receipt: RecordReceipt }
  | { what: 'refused'; part: string; problem: Problem }
  | { what: 'asked again'; part: string };

/** The record itself is version 1. */
const RECORD = 1;
const ENDINGS = /\.(url|url\.lock|aside)$/;

/** An inspection that is being written, sent, or waiting for its receipts. */
export class Submission {
  private readonly taken = new Map<string, Photo>();
  private readonly stored = new Map<string, PhotoReceipt>();
  private readonly versions = new Map<number, string>();
  private readonly receipts = new Map<number, RecordReceipt>();
  /** Deleted since this submission was opened. */
  private readonly forgotten = new Set<string>();
  private readonly refusals = new Map<string, Problem>();

  private isPutAway = false;
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    /** Where it lies. */
    readonly folder: string,
    private readonly journal: Journal<Entry>,
  ) {
    for (const entry of journal.entries) this.apply(entry);
  }

  /** Begins or reopens the inspection in a folder. What an interrupted writing has left is removed. */
  static async open(folder: string): Promise<Submission> {
    await ensureFolder(folder);
    const submission = new Submission(folder, await Journal.open<Entry>(join(folder, 'journal.jsonl')));
    for (const name of await readdir(folder)) {
      const version = name === 'record.json' ? RECORD : Number(/^amendment-(\d+)\.json$/.exec(name)?.[1]);
      if (version > 0) submission.versions.set(version, (await textOf(join(folder, name))) ?? '');
      if (ENDINGS.test(name) && !name.endsWith('.url')) await remove(join(folder, name));
    }
    return submission;
  }

  /** The inspection's id. */
  get id(): string {
    return basename(this.folder);
  }

  /** The photos taken so far. */
  get photos(): Photo[] {
    return [...this.taken.values()];
  }

  /** Whether the record is written and final. */
  get isSealed(): boolean {
    return this.versions.has(RECORD);
  }

  /** Where a photo lies. */
  pathOf(photo: Photo): string {
    return join(this.folder, `${photo.photo_id}.jpg`);
  }

  /** Keeps a photo. It may be sent from now on, long before the record that declares it. */
  take(photoId: string, bytes: Uint8Array): Promise<Photo> {
    return this.exclusively(() => this.keepPhoto(photoId, bytes));
  }

  private async keepPhoto(photoId: string, bytes: Uint8Array): Promise<Photo> {
    const photo = {
      photo_id: photoId,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      length: bytes.length,
    };
    await writeWhole(this.pathOf(photo), bytes);
    await this.write({ what: 'taken', photo });
    return photo;
  }

  /** How a record declares a photo. */
  declare(photo: Photo, item: string | undefined, purpose: Declared['purpose']): Declared {
    const declared = { photo_id: photo.photo_id, sha256: photo.sha256, length: photo.length, purpose };
    return item === undefined ? declared : { ...declared, item_id: item };
  }

  /** Finishes the record: from now on it is what it is. */
  seal(record: InspectionBody): Promise<void> {
    return this.exclusively(async () => {
      if (this.isSealed) throw new Error('a sealed record is corrected by an amendment');
      await this.keep(RECORD, 'record.json', JSON.stringify(record));
    });
  }

  /**
   * Corrects the record as it was sealed, once for each version. May be sent before, after, or without its original
   * having arrived. Answers false if the submission has been put away in the meantime.
   */
  amend({ version, reason, change }: Correction): Promise<boolean> {
    return this.exclusively(async () => {
      if (this.isPutAway) return false;
      const record = this.versions.get(RECORD);
      if (record === undefined) throw new Error('only a sealed record is corrected');
      if (this.versions.has(version)) return true;
      const inspection = change(JSON.parse(record) as InspectionBody);
      await this.keep(version, `amendment-${version}.json`, JSON.stringify({ version, reason, inspection }));
      return true;
    });
  }

  /** Runs `move`, which puts the folder away, if all receipts are there and nothing is being written into it. */
  putAway(move: () => Promise<void>): Promise<boolean> {
    return this.exclusively(async () => {
      if (this.isPutAway || !this.canDelete()) return false;
      await move();
      this.isPutAway = true;
      return true;
    });
  }

  /** What is written into the folder is written by one at a time. */
  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async keep(version: number, name: string, text: string): Promise<void> {
    await writeWhole(join(this.folder, name), text);
    this.versions.set(version, text);
  }

  /** The record as it is sent, in these very bytes, if it still has to be. */
  get recordToSend(): string | undefined {
    return this.toSend(RECORD);
  }

  /** The versions of amendments that still have to be sent. */
  get amendmentsToSend(): number[] {
    return [...this.versions.keys()].filter((v) => v !== RECORD && this.toSend(v) !== undefined);
  }

  /** A version as it is sent, if it still has to be. */
  toSend(version: number): string | undefined {
    const settled = this.receipts.has(version) || this.refusals.has(part(version));
    return settled ? undefined : this.versions.get(version);
  }

  /** The photos that still have to be sent. */
  get photosToSend(): Photo[] {
    return this.photos.filter((p) => !this.stored.has(p.photo_id) && !this.refusals.has(p.photo_id));
  }

  /** The server has a version. */
  received(version: number, receipt: RecordReceipt): Promise<void> {
    return this.write({ what: 'received', version, receipt });
  }

  /** The server has a photo's bytes, durably. A receipt for other bytes is none. */
  async photoStored(photo: Photo, receipt: PhotoReceipt): Promise<void> {
    if (receipt.photo_id !== photo.photo_id || receipt.sha256 !== photo.sha256) {
      throw new Error(`a receipt for ${receipt.photo_id} ${receipt.sha256}, and not for ${photo.photo_id}`);
    }
    await this.write({ what: 'stored', photo_id: photo.photo_id, receipt });
  }

  /** The server has said no to a version or a photo: for the inspector to see. Nothing is thrown away. */
  refused(what: number | Photo, problem: Problem): Promise<void> {
    return this.write({ what: 'refused', part: typeof what === 'number' ? part(what) : what.photo_id, problem });
  }

  /** What the server has said no to, by what it was: `record`, `amendment-N` or a photo's id. */
  get problems(): ReadonlyMap<string, Problem> {
    return this.refusals;
  }

  /** The inspector wants a refused part to be sent once more, perhaps after the clerk has put something right. */
  askAgain(name: string): Promise<void> {
    return this.write({ what: 'asked again', part: name });
  }

  /**
   * Whether a photo may be deleted from the phone: its receipt is there, and the receipt of the record that declares it.
   * A photo without a record would be swept from the server after 30 days.
   */
  canDeletePhoto(photo: Photo): boolean {
    return this.stored.has(photo.photo_id) && this.receipts.has(RECORD);
  }

  /** Photos that may be deleted and still lie here. */
  photosToForget(): Photo[] {
    return this.photos.filter((p) => this.canDeletePhoto(p) && !this.forgotten.has(p.photo_id));
  }

  /** Deletes a photo from the phone. */
  async forget(photo: Photo): Promise<void> {
    if (!this.canDeletePhoto(photo)) throw new Error(`${photo.photo_id} is not safe to delete`);
    await remove(this.pathOf(photo), `${this.pathOf(photo).slice(0, -'jpg'.length)}url`);
    this.forgotten.add(photo.photo_id);
  }

  /** "Safe to delete": every photo, the record and its amendments have their receipts. */
  canDelete(): boolean {
    const all = this.isSealed && [...this.versions.keys()].every((version) => this.receipts.has(version));
    return all && this.photos.every((photo) => this.canDeletePhoto(photo));
  }

  private async write(entry: Entry): Promise<void> {
    await this.journal.append(entry);
    this.apply(entry);
  }

  private apply(entry: Entry): void {
    switch (entry.what) {
      case 'taken':
        this.taken.set(entry.photo.photo_id, entry.photo);
        break;
      case 'stored':
        this.stored.set(entry.photo_id, entry.receipt);
        break;
      case 'received':
        this.receipts.set(entry.version, entry.receipt);
        break;
      case 'refused':
        this.refusals.set(entry.part, entry.problem);
        break;
      case 'asked again':
        this.refusals.delete(entry.part);
        break;
    }
  }
}

function part(version: number): string {
  return version === RECORD ? 'record' : `amendment-${version}`;
}
