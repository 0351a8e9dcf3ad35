// A phone of a trial, as a process of its own, so that it can really be killed: `node device.js FOLDER`. The folder holds
// its orders and, from start to start, its outbox, session and replica. Its inspector keeps writing while the phone
// sends, sends twice out of impatience, and comes with a token that somebody has spoiled. What the phone says goes to
// the trial, which does not take its word for it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer, Ask } from '../answer.js';
import { sleep } from '../backoff.js';
import { chunks } from '../chunks.js';
import { Line } from '../line.js';
import { Outbox } from '../outbox.js';
import { Phone } from '../phone.js';
import type { Carrier } from '../photos.js';
import { resumable } from '../resumable.js';
import { Session } from '../session.js';
import type { Correction, Submission } from '../submission.js';
import { Replica } from '../sync.js';
import { whole } from '../whole.js';
import type { InspectionBody } from '../wire.js';
import { jpeg } from './jpeg.js';
import type { CarrierName, Orders, Sheet } from './plan.js';

/** What a phone tells the trial. */
export type Word =
  /** This photo may be deleted. */
  | { say: 'safe'; inspection: string; photo: string }
  /** A request was sent again, or twice. */
  | { say: 'again'; what: string; why: string }
  | { say: 'twice' }
  /** The server said no. */
  | { say: 'refused'; inspection: string; problems: [string, unknown][] }
  /** The outbox is empty. */
  | { say: 'empty'; done: string[] };

const PIECE = 64 * 1024;
/** Milliseconds after which an impatient phone drops a silent upload. */
const SILENCE = 4_000;

/** Milliseconds between looks at what is new. */
const SYNC = 3_000;

const CARRY: Record<CarrierName, Carrier> = {
  tus: resumable({ silence: SILENCE }),
  'tus at creation': resumable({ silence: SILENCE, uploadDataDuringCreation: true }),
  'tus in pieces': resumable({ silence: SILENCE, chunkSize: PIECE }),
  'tus without PATCH': resumable({ silence: SILENCE, overridePatchMethod: true }),
  chunks: chunks(PIECE),
  whole,
};

function tell(word: Word): void {
  process.send?.(word);
}

/** A line with an impatient finger on it. */
class Impatient extends Line {
  protected override async exchange(ask: Ask): Promise<Answer> {
    const spoilt = { ...ask.headers, authorization: 'Bearer spoilt' };
    if (Math.random() < 0.02) return super.exchange({ ...ask, headers: spoilt });
    if (ask.method === 'GET' || Math.random() < 0.7) return super.exchange(ask);
    tell({ say: 'twice' });
    const both = [super.exchange(ask), sleep(Math.random() * 60).then(() => super.exchange(ask))];
    const first = await Promise.race(both);
    if (first.kind === 'done') return first;
    const answers = await Promise.all(both);
    return answers.find((answer) => answer.kind === 'done') ?? first;
  }
}

/** The inspector: takes the photos, writes the record, corrects it. Goes on where the last life of the phone ended. */
async function inspect(outbox: Outbox, phone: Phone, sheet: Sheet): Promise<void> {
  if (!outbox.done.has(sheet.id)) {
    const submission = await outbox.submission(sheet.id);
    for (const shot of sheet.shots) {
      if (submission.photos.some((photo) => photo.photo_id === shot.photo_id)) continue;
      await submission.take(shot.photo_id, jpeg(shot.photo_id, shot.length));
      if (sheet.photosFirst) phone.nudge();
    }
    if (sheet.photosFirst) await sleep(Math.random() * 1_500);
    if (!submission.isSealed) await submission.seal(declared(sheet, submission));
    phone.nudge();
  }
  if (sheet.correction !== undefined) {
    await sleep(Math.random() * 1_000);
    await outbox.amend(sheet.id, correction(sheet.correction));
    phone.nudge();
  }
}

function declared({ record, shots }: Sheet, submission: Submission): Sheet['record'] {
  const photos = submission.photos.map((photo) => {
    const shot = shots.find((s) => s.photo_id === photo.photo_id);
    return submission.declare(photo, shot?.item_id, shot?.purpose ?? 'scene');
  });
  return { ...record, photos };
}

function correction(note: string): Correction {
  const change = (record: InspectionBody): InspectionBody => ({
    ...record,
    answers: record.answers.map((answer) => (answer.outcome === 'fail' ? { ...answer, note } : answer)),
  });
  return { version: 2, reason: '现场情况描述有误（演示）', change };
}

/** A life of the phone: until its outbox is empty, or until it is killed. */
async function live(folder: string): Promise<void> {
  const orders = JSON.parse(await readFile(join(folder, 'orders.json'), 'utf8')) as Orders;
  const { username, password } = orders;
  const session = new Session(orders.base, join(folder, 'session'), async () => ({ username, password }));
  const line = new Impatient(orders.base, session);
  const [outbox, replica] = [
    await Outbox.open(join(folder, 'outbox')),
    await Replica.open(join(folder, 'replica.json')),
  ];
  const phone = new Phone(outbox, line, {
    carry: CARRY[orders.carrier],
    batch: orders.batch,
    patience: { first: 150, most: 1_500 },
    onSafe: (submission, photo) => tell({ say: 'safe', inspection: submission.id, photo: photo.photo_id }),
    onAgain: (what, why) => tell({ say: 'again', what, why }),
  });
  let written = false;
  const writing = (async () => {
    for (const sheet of orders.sheets) {
      await inspect(outbox, phone, sheet);
      reportRefusals(outbox);
    }
    written = true;
  })();
  const following = follow(replica, line);
  void following.then(() => setInterval(() => void replica.follow(line), SYNC));
  await Promise.all([writing, following, phone.work(() => written && outbox.isEmpty)]);
  tell({ say: 'empty', done: [...outbox.done] });
}

function reportRefusals(outbox: Outbox): void {
  for (const { id, problems } of outbox.open) {
    if (problems.size > 0) tell({ say: 'refused', inspection: id, problems: [...problems] });
  }
}

async function follow(replica: Replica, line: Line): Promise<void> {
  for (;;) {
    const outcome = await replica.follow(line);
    if (outcome.settled) return;
    tell({ say: 'again', what: 'sync', why: outcome.why });
    await sleep(300);
  }
}

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('node device.js FOLDER');
// A phone of a trial that is over is over.
process.on('disconnect', () => process.exit(1));
await live(folder);
process.removeAllListeners('disconnect');
process.disconnect?.();
process.exit(0);
