// What the phone makes of what it hears, from a server of a few lines.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { judge } from '../answer.js';
import { pause } from '../backoff.js';
import { newId } from '../clock.js';
import { Line } from '../line.js';
import { Outbox } from '../outbox.js';
import { Phone } from '../phone.js';
import { Session } from '../session.js';
import { applied } from '../sync.js';
import type { InspectionBody } from '../wire.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talk-'));
});
after(() => rm(folder, { recursive: true }));

type Answering = (request: IncomingMessage, answer: ServerResponse, body: string) => void;

/** A server that answers as it is told; the line to it. */
async function line(answering: Answering): Promise<{ line: Line; stop: () => void }> {
  const server = createServer((request, answer) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => answering(request, answer, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const login = () => Promise.resolve({ username: 'a', password: 'b' });
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { line: new Line(base, new Session(base, join(folder, newId(Date.now)), login)), stop };
}

function say(answer: ServerResponse, status: number, body: object): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  answer.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

const kind = (status: number, type: string, text: string, headers: Record<string, string> = {}) =>
  judge(status, { get: (name) => ({ 'content-type': type, ...headers })[name] ?? null }, text);
const PROBLEM = 'application/problem+json';

test('only what the server itself has said counts', () => {
  assert.equal(kind(200, 'application/json', '{}').kind, 'done');
  assert.equal(kind(204, '', '').kind, 'done');
  assert.equal(kind(422, PROBLEM, '{"code":"invalid_request"}').kind, 'refused');
  assert.equal(kind(401, PROBLEM, '{"code":"token_expired"}').kind, 'stranger');
  const passing: [number, string, string][] = [
    [200, 'text/html', '<h1>Free Wi-Fi</h1>'],
    [404, 'text/html', 'no such page'],
    [502, 'text/html', 'bad gateway'],
    [503, PROBLEM, '{"code":"busy"}'],
    [500, PROBLEM, '{"code":"internal"}'],
    [400, PROBLEM, '{"code":"unreadable_body"}'],
    [429, PROBLEM, '{"code":"too_many_attempts"}'],
  ];
  for (const [status, type, text] of passing) assert.equal(kind(status, type, text).kind, 'again', text);
  const busy = kind(503, PROBLEM, '{"code":"busy"}', { 'retry-after': '7' });
  assert.equal(busy.kind === 'again' && busy.after, 7_000);
});

test('waiting grows, has a limit, and respects what the server asks', () => {
  const patience = { first: 100, most: 1_000 };
  for (const [failures, least, most] of [[0, 50, 100], [2, 200, 400], [50, 500, 1_000]] as const) {
    const wait = pause(patience, failures);
    assert.ok(wait >= least && wait <= most, `${failures}: ${wait}`);
  }
  assert.ok(pause(patience, 0, 7_000) >= 7_000);
});

test('a lost answer to a refresh is asked for again with the same token', async () => {
  const shown: string[] = [];
  const tokens = (n: number) => ({ access_token: `access${n}`, refresh_token: `refresh${n}` });
  const { line: phone, stop } = await line((request, answer, body) => {
    if (request.url === '/auth/login') return say(answer, 200, tokens(1));
    if (request.url === '/auth/refresh') {
      shown.push((JSON.parse(body) as { refresh_token: string }).refresh_token);
      if (shown.length === 1) return void answer.destroy();
      return say(answer, 200, tokens(2));
    }
    if (request.headers.authorization === 'Bearer access2') return say(answer, 200, { fine: true });
    return say(answer, 401, { code: 'token_expired', status: 401 });
  });
  try {
    const answer = await phone.request({ method: 'GET', path: '/me' });
    assert.deepEqual([answer.kind, shown], ['done', ['refresh1', 'refresh1']]);
  } finally {
    stop();
  }
});

test('202 is a receipt, a refusal stays and holds up nobody else', async () => {
  const path = join(folder, 'outbox');
  const outbox = await Outbox.open(path);
  const [held, wrong, portal] = ['held', 'wrong', 'portal'].map(() => newId(Date.now)) as [string, string, string];
  let portals = 0;
  const { line: to, stop } = await line((request, answer) => {
    if (request.url === '/auth/login') return say(answer, 200, { access_token: 'a', refresh_token: 'r' });
    const id = request.url?.split('/').pop();
    if (id === held) return say(answer, 202, { inspection_id: held, reason: 'campaign_closed' });
    if (id === wrong) return say(answer, 409, { code: 'differs', status: 409, detail: '' });
    // Somebody's JSON first, then a receipt.
    return say(answer, 200, portals++ === 0 ? { welcome: true } : { id: portal });
  });
  for (const id of [held, wrong, portal]) {
    await (await outbox.submission(id)).seal({ photos: [] } as unknown as InspectionBody);
  }
  const phone = new Phone(outbox, to, {
    carry: () => Promise.reject(new Error('no photo')),
    patience: { first: 1, most: 5 },
  });
  try {
    await phone.work(() => outbox.done.size === 2 && outbox.open.every((s) => s.problems.size > 0));
    assert.deepEqual([...outbox.done].sort(), [held, portal].sort());
    const [kept] = (await Outbox.open(path)).open;
    assert.deepEqual([kept?.id, kept?.problems.get('record')?.code], [wrong, 'differs']);
    assert.equal(portals, 2);
  } finally {
    stop();
  }
});

test('a replica takes states, tombstones and a new beginning', () => {
  const page = (reset: boolean, changes: object[]) => ({ token: 't', reset, more: false, changes: changes as never });
  const first = applied({}, page(true, [
    { kind: 'area', id: 'a', area: { name: '甲' } },
    { kind: 'area', id: 'b', area: { name: '乙' } },
  ]));
  const second = applied(first, page(false, [{ kind: 'area', id: 'a', gone: true }, { kind: 'area', id: 'c', gone: true }]));
  assert.deepEqual(second, { area: { b: { name: '乙' } } });
  assert.deepEqual(applied(second, page(true, [])), {});
});
