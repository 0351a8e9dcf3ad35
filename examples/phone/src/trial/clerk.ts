// The clerk, who looks at the server directly and believes nobody: what is really there of what the phones say.

import { createHash } from 'node:crypto';
import type { Credentials } from '../session.js';
import type { Tokens } from '../wire.js';
import type { District, Sheet } from './plan.js';
import { jpeg } from './jpeg.js';

/** An inspection as the clerk reads it. */
interface Detail {
  id: string;
  state: string;
  received_at: string;
  version?: number;
  evidence: { expected: number; received: number; missing: string[] };
  photos: { photo_id: string; sha256: string; received_at: string | null }[];
  answers: { outcome: string; note?: string }[];
}

/** A person at a desk. */
export class Clerk {
  private constructor(
    private readonly base: string,
    private readonly token: string,
  ) {}

  /** Logs in. */
  static async login(base: string, { username, password }: Credentials): Promise<Clerk> {
    const response = await fetch(`${base}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password }),
    });
    if (!response.ok) throw new Error(`${username} cannot log in: ${await response.text()}`);
    return new Clerk(base, ((await response.json()) as Tokens).access_token);
  }

  /** Reads something; the status where it is not there. */
  async read(path: string): Promise<Response> {
    return fetch(this.base + path, { headers: { authorization: `Bearer ${this.token}` } });
  }

  /** Reads JSON that must be there. */
  async get<T>(path: string): Promise<T> {
    const response = await this.read(path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** All rows of a list. */
  async all<T>(path: string): Promise<T[]> {
    const rows: T[] = [];
    for (let cursor = ''; ; ) {
      const joint = path.includes('?') ? '&' : '?';
      const page = await this.get<{ items: T[]; next_cursor?: string | null }>(`${path}${joint}limit=100${cursor}`);
      rows.push(...page.items);
      if (page.next_cursor == null) return rows;
      cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
  }

  /** The ids of all inspections, as often as the server lists them. */
  async inspections(): Promise<string[]> {
    return (await this.all<{ id: string }>('/inspections')).map((inspection) => inspection.id);
  }

  /** What there is to be inspected. */
  async district(): Promise<District> {
    type Campaign = { id: string; kind: string; checklist_id: string };
    const campaigns = (await this.get<{ items: Campaign[] }>('/campaigns')).items;
    const campaign = campaigns.find((c) => c.kind === 'community_quality');
    if (campaign === undefined) throw new Error('the demo has no campaign of its community facilities');
    const { items } = await this.get<Pick<District, 'items'>>(`/checklists/${campaign.checklist_id}`);
    const facilities = await this.all<District['facilities'][number]>('/facilities');
    return { campaignId: campaign.id, checklistId: campaign.checklist_id, items, facilities };
  }

  /** Whether the server has a photo's bytes, and for the inspection that declares it. */
  async has(sheet: Sheet, photoId: string): Promise<boolean> {
    const response = await this.read(`/inspections/${sheet.id}`);
    if (!response.ok) return false;
    const { photos } = (await response.json()) as Detail;
    return photos.some((photo) => photo.photo_id === photoId && photo.received_at !== null);
  }

  /** Everything that is not as the phone meant it. */
  async faults(sheet: Sheet, began: string): Promise<string[]> {
    const faults: string[] = [];
    const check = (holds: boolean, what: string) => {
      if (!holds) faults.push(`${sheet.id}: ${what}`);
    };
    const response = await this.read(`/inspections/${sheet.id}`);
    if (!response.ok) return [`${sheet.id}: ${response.status}`];
    const detail = (await response.json()) as Detail;
    check(detail.state === 'complete', `is ${detail.state}`);
    check(detail.received_at >= began && detail.received_at < LATEST, `received at ${detail.received_at}`);
    const { expected, received, missing } = detail.evidence;
    check(expected === sheet.shots.length && received === expected && missing.length === 0, 'evidence is missing');
    if (sheet.correction !== undefined) {
      check(detail.version === 2, `is version ${detail.version}`);
      const failing = detail.answers.filter((answer) => answer.outcome === 'fail');
      check(failing.every((answer) => answer.note === sheet.correction), 'is not corrected');
    }
    for (const shot of sheet.shots) {
      const sha256 = createHash('sha256').update(jpeg(shot.photo_id, shot.length)).digest('hex');
      check(detail.photos.some((p) => p.photo_id === shot.photo_id && p.sha256 === sha256), `lacks ${shot.photo_id}`);
      const content = await this.read(`/photos/${shot.photo_id}/content`);
      const bytes = Buffer.from(await content.arrayBuffer());
      const same = content.ok && createHash('sha256').update(bytes).digest('hex') === sha256;
      check(same, `${shot.photo_id} has other bytes (${content.status}, ${bytes.length})`);
    }
    return faults;
  }
}

/** No server of today has a clock beyond this; some of the phones do. */
const LATEST = '2035';
