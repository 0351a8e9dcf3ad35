// The conformance run: node build/conformance.js YIXUN DATA_FOLDER DEMO_LOG. Eight phones, 200 inspections, 400 photos, a
// network that cuts connections at random bytes, phones that are killed in the middle, a server that is killed in the
// middle. It ends when every outbox is empty, and then compares: every inspection once, complete, with exactly its bytes,
// and nothing else. "Safe to delete" is checked at the server whenever a phone says it. Ends with 1 on any breach.

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { sleep } from './backoff.js';
import { Line } from './line.js';
import { FaultProxy } from './proxy.js';
import { Session } from './session.js';
import { Replica } from './sync.js';
import { type Chance, chance } from './trial/chance.js';
import { Clerk } from './trial/clerk.js';
import type { Word } from './trial/device.js';
import { CARRIERS, type CarrierName, type Orders, type Sheet, clockOff, sheets } from './trial/plan.js';
import { YixunServer } from './trial/server.js';

const DEVICE = fileURLToPath(new URL('./trial/device.js', import.meta.url));
const INSPECTIONS = 25;
const INSPECTORS = ['inspector1', 'inspector2', 'inspector3', 'inspector4', 'third1', 'third2', 'third3', 'inspector1'];
const PHONES = INSPECTORS.length;
/** Seconds after which the run has failed. */
const LIMIT = Number(process.env['LIMIT'] ?? 240);
/** Cuts that the network must have made for the run to mean anything. */
const CUTS = 300;

/** A phone is killed after so many words of its own at the most, and the server after so many photos. */
const WORDS = 60;
const PLUGS = [100, 250];

/** What the run has seen. */
class Tally {
  readonly breaches: string[] = [];
  readonly safe = new Set<string>();
  readonly why = new Map<string, number>();
  again = 0;
  twice = 0;
  checks: Promise<void>[] = [];

  breach(what: string): void {
    if (this.breaches.push(what) <= 20) console.error(`breach: ${what}`);
  }

  failed(what: string, reason: string): void {
    this.again += 1;
    const why = `${/record|amendment|sync/.exec(what)?.[0] ?? 'photo'}: ${reason}`;
    this.why.set(why, (this.why.get(why) ?? 0) + 1);
  }
}

/** A phone of the trial: a process that is started as often as it is killed. */
class Device {
  private child: ChildProcess | undefined;
  private isOver = false;
  kills = 0;
  /** What it said at its end. */
  final: Extract<Word, { say: 'empty' }> | undefined;

  constructor(
    readonly folder: string,
    readonly orders: Orders,
    private readonly hear: (word: Word) => void,
    /** How many words it has until it is killed. */
    private readonly lifetime: () => number,
  ) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'orders.json'), JSON.stringify(orders));
  }

  start(): void {
    const child = fork(DEVICE, [this.folder]);
    this.child = child;
    let lasts = this.lifetime();
    child.on('message', (word: Word) => {
      if (word.say === 'empty') this.final = word;
      this.hear(word);
      lasts -= 1;
      // Not at the word itself: in the middle of whatever it does next.
      if (lasts === 0) setTimeout(() => void this.killAndRestart(child), this.lifetime() * 10);
    });
    child.on('exit', (code) => {
      if (code !== null && code !== 0) this.hear({ say: 'refused', inspection: this.folder, problems: [['crash', code]] });
    });
  }

  private async killAndRestart(child: ChildProcess): Promise<void> {
    if (this.final !== undefined || this.child !== child || !(await this.kill())) return;
    this.kills += 1;
    await sleep(this.lifetime() * 20);
    if (!this.isOver) this.start();
  }

  /** Kills it for good. */
  async end(): Promise<void> {
    this.isOver = true;
    await this.kill();
  }

  private async kill(): Promise<boolean> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return false;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    return true;
  }
}

class Trial {
  readonly tally = new Tally();
  readonly devices: Device[];
  private readonly random: Chance;
  private readonly bySheet = new Map<string, Sheet>();
  /** Settled while the server can be asked. */
  private up: Promise<void> = Promise.resolve();

  constructor(
    private readonly server: YixunServer,
    private readonly clerk: Clerk,
    folder: string,
    orders: Orders[],
    seed: string,
  ) {
    this.random = chance(`${seed} kills`);
    const lifetime = () => 1 + this.random.below(WORDS);
    for (const sheet of orders.flatMap((o) => o.sheets)) this.bySheet.set(sheet.id, sheet);
    this.devices = orders.map((o, n) => new Device(join(folder, `phone${n}`), o, (word) => this.hear(word), lifetime));
  }

  get sheets(): Sheet[] {
    return [...this.bySheet.values()];
  }

  /** How often phones were killed. */
  get kills(): number {
    return this.devices.reduce((sum, device) => sum + device.kills, 0);
  }

  private get isOver(): boolean {
    return this.devices.every((device) => device.final !== undefined);
  }

  private hear(word: Word): void {
    switch (word.say) {
      case 'safe':
        this.tally.checks.push(this.checkSafe(word.inspection, word.photo));
        break;
      case 'again':
        this.tally.failed(word.what, word.why);
        break;
      case 'twice':
        this.tally.twice += 1;
        break;
      case 'refused':
        this.tally.breach(`refused: ${JSON.stringify(word)}`);
        break;
      case 'empty':
        // What it said just before it was killed may not have been heard.
        for (const id of word.done) {
          for (const { photo_id } of this.bySheet.get(id)?.shots ?? []) {
            this.tally.checks.push(this.checkSafe(id, photo_id));
          }
        }
        break;
    }
  }

  /** The phone deletes the photo now: the server must have it. */
  private async checkSafe(inspection: string, photo: string): Promise<void> {
    if (this.tally.safe.has(photo)) return;
    this.tally.safe.add(photo);
    await this.up;
    const sheet = this.bySheet.get(inspection);
    const has = sheet !== undefined && (await this.clerk.has(sheet, photo).catch(() => undefined));
    // The server was killed while it was being asked: once more.
    if (has === undefined) {
      this.tally.safe.delete(photo);
      await sleep(200);
      return this.checkSafe(inspection, photo);
    }
    if (!has) this.tally.breach(`${photo} was called safe to delete and is not at the server`);
  }

  /** Lets the phones work, and makes trouble, until every outbox is empty. */
  async run(): Promise<void> {
    const began = performance.now();
    for (const device of this.devices) device.start();
    const plugs = [...PLUGS];
    while (!this.isOver) {
      await sleep(200);
      if (performance.now() - began > LIMIT * 1_000) {
        return this.tally.breach(`outboxes are not empty after ${LIMIT} s`);
      }
      if (this.tally.breaches.length > 20) return;
      if (this.tally.safe.size > (plugs[0] ?? Infinity)) {
        plugs.shift();
        this.up = this.server.killAndRestart();
        await this.up;
      }
    }
  }

  /** Compares what is there with what should be. */
  async verdict(before: string[], began: string): Promise<void> {
    await Promise.all(this.tally.checks);
    await this.compareReplicas();
    const known = new Set(before);
    const added = (await this.clerk.inspections()).filter((id) => !known.has(id));
    const expected = this.sheets.map((sheet) => sheet.id);
    if (!isDeepStrictEqual([...added].sort(), [...expected].sort())) {
      const extra = added.filter((id) => !this.bySheet.has(id));
      const twice = added.filter((id, n) => added.indexOf(id) !== n);
      const lost = expected.filter((id) => !added.includes(id));
      this.tally.breach(`inspections: lost ${lost}, twice ${twice}, of nobody ${extra}`);
    }
    for (const sheet of this.sheets) {
      for (const fault of await this.clerk.faults(sheet, began)) this.tally.breach(fault);
      for (const { photo_id } of sheet.shots) {
        if (!this.tally.safe.has(photo_id)) this.tally.breach(`${photo_id} was never called safe to delete`);
      }
    }
  }

  /** What a phone has gathered change by change is what a new phone would be given at once. */
  private async compareReplicas(): Promise<void> {
    for (const { folder, orders } of this.devices) {
      const { username, password } = orders;
      const session = new Session(this.server.base, join(folder, 'session-after'), async () => ({ username, password }));
      const line = new Line(this.server.base, session);
      const [kept, fresh] = [
        await Replica.open(join(folder, 'replica.json')),
        await Replica.open(join(folder, 'replica-fresh.json')),
      ];
      if (Object.keys(kept.things).length === 0) this.tally.breach(`${username}'s phone has never synchronised`);
      for (const replica of [kept, fresh]) {
        const outcome = await replica.follow(line);
        if (!outcome.settled) this.tally.breach(`${username} cannot synchronise: ${outcome.why}`);
      }
      const kinds = Object.keys({ ...kept.things, ...fresh.things });
      const differing = kinds.filter((kind) => !isDeepStrictEqual({ ...kept.of(kind) }, { ...fresh.of(kind) }));
      if (differing.length > 0) this.tally.breach(`${username}'s replica differs in ${differing.join(', ')}`);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.end()));
  }
}

/** The password of one of the demo's people, from what the demo printed. */
function passwordOf(log: string, username: string): string {
  const line = log.split('\n').map((l) => l.trim().split(/\s+/)).find((words) => words[1] === username);
  if (line?.[2] === undefined) throw new Error(`the demo's log has no password of ${username}`);
  return line[2];
}

async function main(binary: string, data: string, log: string): Promise<number> {
  const seed = process.env['SEED'] ?? randomBytes(6).toString('hex');
  console.log(`seed ${seed} (SEED=… repeats the network and the inspections)`);
  const carriers = (process.env['CARRIERS']?.split(',') ?? CARRIERS) as CarrierName[];
  const demo = readFileSync(log, 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'phones-'));
  const server = await YixunServer.start(binary, data);
  const proxy = await FaultProxy.start(server.port, `${seed} network`);
  try {
    const clerk = await Clerk.login(server.base, { username: 'drafter1', password: passwordOf(demo, 'drafter1') });
    const district = await clerk.district();
    const before = await clerk.inspections();
    const version = await fetch(`http://127.0.0.1:${server.port}/version`);
    const { business_time } = (await version.json()) as { business_time: string };
    const orders = INSPECTORS.map((username, n): Orders => ({
      base: `http://127.0.0.1:${proxy.port}/api/v1`,
      username,
      password: passwordOf(demo, username),
      seed: `${seed} ${n}`,
      carrier: carriers[n % carriers.length]!,
      batch: n % 2 === 0,
      clockOff: clockOff(n),
      sheets: sheets(district, `${seed} ${n}`, clockOff(n), INSPECTIONS),
    }));
    const trial = new Trial(server, clerk, folder, orders, seed);
    const started = performance.now();
    try {
      await trial.run();
    } finally {
      await trial.end();
    }
    const seconds = (performance.now() - started) / 1_000;
    await trial.verdict(before, new Date(business_time).toISOString());
    const { tally } = trial;
    if (proxy.total < CUTS) tally.breach(`the network made only ${proxy.total} cuts`);
    console.log(
      `${PHONES} phones, ${trial.sheets.length} inspections, ${tally.safe.size} photos, ${seconds.toFixed(1)} s\n` +
        `${proxy.total} cuts (${Object.entries(proxy.cuts).map(([how, n]) => `${how} ${n}`).join(', ')}), ` +
        `${trial.kills} phones killed, ${PLUGS.length} times the server\n` +
        `${tally.again} attempts failed and were made again, ${tally.twice} requests sent twice at once`,
    );
    const common = [...tally.why].sort(([, a], [, b]) => b - a).slice(0, 12);
    console.log(common.map(([why, n]) => `  ${n} × ${why}`).join('\n'));
    console.log(tally.breaches.length === 0 ? 'every promise was kept' : `${tally.breaches.length} BREACHES`);
    return tally.breaches.length === 0 ? 0 : 1;
  } finally {
    proxy.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const [, , binary, data, log] = process.argv;
if (binary === undefined || data === undefined || log === undefined) {
  throw new Error('node build/conformance.js YIXUN DATA_FOLDER DEMO_LOG');
}
process.exit(await main(binary, data, log));
