// What a dying phone leaves on disk, and what is made of it.

import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newId } from '../clock.js';
import { Journal } from '../disk.js';
import { Outbox } from '../outbox.js';
import type { Photo, Submission } from '../submission.js';
import type { InspectionBody, PhotoReceipt } from '../wire.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'disk-'));
});
after(() => rm(folder, { recursive: true }));

const id = () => newId(Date.now);
const RECORD = { answers: [], photos: [] } as unknown as InspectionBody;
const RECEIPT = { status: 201, body: {} };
const receipt = ({ photo_id, sha256 }: Photo) => ({ photo_id, sha256 }) as PhotoReceipt;

async function begun(): Promise<{ path: string; outbox: Outbox; submission: Submission; photo: Photo }> {
  const path = join(folder, id());
  const outbox = await Outbox.open(path);
  const submission = await outbox.submission(id());
  const photo = await submission.take(id(), Buffer.from('a photo'));
  return { path, outbox, submission, photo };
}

test('a line that was cut off is as if it had never been written', async () => {
  const path = join(folder, 'journal');
  const journal = await Journal.open<string>(path);
  await Promise.all([journal.append('一'), journal.append('two')]);
  await appendFile(path, '"thr');
  const again = await Journal.open<string>(path);
  assert.deepEqual(again.entries, ['一', 'two']);
  await again.append('four');
  assert.equal(await readFile(path, 'utf8'), '"一"\n"two"\n"four"\n');
});

test('an outbox is reopened as it was left, without what was half written', async () => {
  const { path, submission, photo } = await begun();
  await submission.seal(RECORD);
  await submission.photoStored(photo, receipt(photo));
  await writeFile(join(submission.folder, 'amendment-2.json.aside'), '{"ver');
  const [again] = (await Outbox.open(path)).open;
  assert.equal(again?.recordToSend, JSON.stringify(RECORD));
  assert.deepEqual([again?.photos, again?.photosToSend, again?.amendmentsToSend], [[photo], [], []]);
  assert.deepEqual((await readdir(submission.folder)).filter((name) => name.endsWith('.aside')), []);
});

test('a photo is safe to delete when its receipt and that of its record are there', async () => {
  const { submission, photo } = await begun();
  await submission.seal(RECORD);
  await assert.rejects(submission.photoStored(photo, { ...receipt(photo), sha256: '0'.repeat(64) }));
  assert.equal(submission.canDeletePhoto(photo), false);
  await submission.photoStored(photo, receipt(photo));
  assert.equal(submission.canDeletePhoto(photo), false);
  await assert.rejects(submission.forget(photo));
  await submission.received(1, RECEIPT);
  assert.deepEqual([submission.canDeletePhoto(photo), submission.canDelete()], [true, true]);
  await submission.amend({ version: 2, reason: '更正', change: (record) => record });
  assert.deepEqual([submission.canDelete(), submission.amendmentsToSend], [false, [2]]);
});

test('what was refused stays, is shown, and can be asked again', async () => {
  const { path, submission } = await begun();
  await submission.seal(RECORD);
  await submission.refused(1, { status: 422, code: 'invalid_request', detail: '内容有误' });
  const [again] = (await Outbox.open(path)).open;
  assert.deepEqual([again?.recordToSend, again?.problems.get('record')?.code], [undefined, 'invalid_request']);
  await again?.askAgain('record');
  assert.equal(again?.recordToSend, JSON.stringify(RECORD));
});

test('a record that is done keeps no photo and can still be corrected', async () => {
  const { path, outbox, submission, photo } = await begun();
  await submission.seal(RECORD);
  await submission.photoStored(photo, receipt(photo));
  await submission.received(1, RECEIPT);
  const correction = { version: 2, reason: '更正', change: (record: InspectionBody) => record };
  // However the two meet, the correction is not lost.
  await Promise.all([outbox.settle(submission), outbox.amend(submission.id, correction)]);
  await outbox.amend(submission.id, correction);
  const reopened = await Outbox.open(path);
  assert.deepEqual(reopened.open.map((s) => s.amendmentsToSend), [[2]]);
  await reopened.open[0]?.received(2, RECEIPT);
  await reopened.settle(reopened.open[0]!);
  assert.deepEqual([reopened.isEmpty, reopened.done.has(submission.id)], [true, true]);
  assert.deepEqual(await readdir(join(path, 'done', submission.id)), ['amendment-2.json', 'journal.jsonl', 'record.json']);
});
