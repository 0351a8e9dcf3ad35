// Sending records and their amendments. One goes by itself (PUT under its own id); several go together (a batch of at
// most 50, of which each is judged by itself). Either way the server compares what it gets with what it has: the same
// again brings the same receipt, so that the phone may send as often as it likes.

import { type Answer, judge } from './answer.js';
import type { Line } from './line.js';
import type { Submission } from './submission.js';
import type { Problem } from './wire.js';

/** What became of an attempt: settled (receipt or refusal, both on disk), or to be tried again. */
export type Outcome =
  | { settled: true }
  /** `further`: something has arrived, though not all. */
  | { settled: false; why: string; after: number; further?: boolean };

/** Inspections in a batch, at the most. */
export const BATCH = 50;
/** Characters in a batch, at the most: a small one gets through where a large one never would. */
const BATCH_LENGTH = 512 * 1024;

/** Sends a record. */
export async function sendRecord(line: Line, submission: Submission): Promise<Outcome> {
  const body = submission.recordToSend;
  if (body === undefined) return { settled: true };
  const answer = await line.request({ method: 'PUT', path: `/inspections/${submission.id}`, body });
  return settle(submission, 1, answer);
}

/** Sends an amendment. */
export async function sendAmendment(line: Line, submission: Submission, version: number): Promise<Outcome> {
  const body = submission.toSend(version);
  if (body === undefined) return { settled: true };
  const path = `/inspections/${submission.id}/amendments`;
  return settle(submission, version, await line.request({ method: 'POST', path, body }));
}

interface BatchLine {
  id: string;
  status: number;
  receipt: unknown;
  problem: Problem | null;
}

/** Sends several records, as many as fit. Each has its own outcome; the others are to be tried again. */
export async function sendBatch(line: Line, submissions: Submission[]): Promise<Map<Submission, Outcome>> {
  const items: string[] = [];
  let length = 0;
  for (const submission of submissions.slice(0, BATCH)) {
    const item = `{"id":"${submission.id}","inspection":${submission.recordToSend ?? 'null'}}`;
    length += item.length;
    if (items.length > 0 && length > BATCH_LENGTH) break;
    items.push(item);
  }
  const body = `{"items":[${items.join(',')}]}`;
  const answer = await line.request({ method: 'POST', path: '/inspections/batch', body });
  const outcomes = new Map<Submission, Outcome>();
  const lines = answer.kind === 'done' ? (answer.body as { items: BatchLine[] }).items : [];
  for (const [n, submission] of submissions.entries()) {
    const judged = lines[n];
    if (judged?.id === submission.id) outcomes.set(submission, await settle(submission, 1, judgeLine(judged)));
    else outcomes.set(submission, notYet(answer));
  }
  return outcomes;
}

/** A line of a batch says what the PUT would have answered. */
function judgeLine({ status, receipt, problem }: BatchLine): Answer {
  const type = problem === null ? 'application/json' : 'application/problem+json';
  const headers = { get: (name: string) => (name === 'content-type' ? type : null) };
  return judge(status, headers, JSON.stringify(problem ?? receipt));
}

/** Without an answer for a record there is no verdict on it, even where the whole batch was refused. */
function notYet(answer: Answer): Outcome {
  if (answer.kind === 'again') return { settled: false, why: answer.why, after: answer.after };
  const why = answer.kind === 'done' ? 'not in the answer' : answer.problem.code;
  return { settled: false, why, after: 0 };
}

async function settle(submission: Submission, version: number, answer: Answer): Promise<Outcome> {
  if (answer.kind === 'done' && names(answer.body, submission.id, version)) {
    await submission.received(version, { status: answer.status, body: answer.body });
    return { settled: true };
  }
  if (answer.kind === 'refused') {
    await submission.refused(version, answer.problem);
    return { settled: true };
  }
  return notYet(answer);
}

/** A receipt is one for this version of this inspection, or it is none. */
function names(body: unknown, id: string, version: number): boolean {
  const receipt = (body ?? {}) as { id?: string; inspection_id?: string; version?: number };
  if (version !== 1 && receipt.version !== version) return false;
  return receipt.id === id || receipt.inspection_id === id;
}
