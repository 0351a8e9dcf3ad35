// What a phone knows offline: a replica of what lies in the inspector's reach, kept in one file with the token of how far
// it goes. Both are replaced together or not at all, so that a change is never skipped and never counted without being
// there. The feed gives each thing's present state, or its tombstone; applying one twice does no harm.

import type { Line } from './line.js';
import type { Outcome } from './records.js';
import { textOf, writeWhole } from './disk.js';

/** A change: the thing's present state under the name of its kind, or a tombstone. */
interface Change {
  kind: string;
  id: string;
  gone?: boolean;
  [state: string]: unknown;
}

/** A page of the feed. */
export interface Feed {
  token: string;
  /** The phone begins anew: what it had is to be forgotten. */
  reset: boolean;
  /** There is more at once. */
  more: boolean;
  changes: Change[];
}

/** What is known, by kind and then by id. */
export type Things = Record<string, Record<string, unknown>>;

interface Kept {
  token?: string;
  things: Things;
}

/** The replica of a phone. */
export class Replica {
  private following: Promise<Outcome> | undefined;

  private constructor(
    private readonly file: string,
    private kept: Kept,
  ) {}

  /** Opens or begins the replica in a file. */
  static async open(file: string): Promise<Replica> {
    const text = await textOf(file);
    return new Replica(file, text === undefined ? { things: {} } : (JSON.parse(text) as Kept));
  }

  /** The things of a kind, by id. */
  of(kind: string): Readonly<Record<string, unknown>> {
    return this.kept.things[kind] ?? {};
  }

  /** Everything, by kind and id. */
  get things(): Things {
    return this.kept.things;
  }

  /** Follows the feed to its present end. Who asks while that is being done gets the same outcome. */
  follow(line: Line): Promise<Outcome> {
    this.following ??= this.pages(line).finally(() => {
      this.following = undefined;
    });
    return this.following;
  }

  private async pages(line: Line): Promise<Outcome> {
    for (;;) {
      const { token } = this.kept;
      const path = token === undefined ? '/sync' : `/sync?since=${encodeURIComponent(token)}`;
      const headers: Record<string, string> = token === undefined ? {} : { 'if-none-match': `"${token}"` };
      const answer = await line.request({ method: 'GET', path, headers, within: 30_000 });
      if (answer.kind === 'again') return { settled: false, why: answer.why, after: answer.after };
      if (answer.kind !== 'done') return { settled: false, why: answer.problem.code, after: 0 };
      if (answer.status === 304) return { settled: true };
      const feed = answer.body as Feed;
      if (feed.token !== token) await this.apply(feed);
      if (!feed.more) return { settled: true };
    }
  }

  private async apply(feed: Feed): Promise<void> {
    const next = { token: feed.token, things: applied(this.kept.things, feed) };
    await writeWhole(this.file, JSON.stringify(next));
    this.kept = next;
  }
}

/** What is known after a page of the feed. */
export function applied(before: Things, { reset, changes }: Feed): Things {
  const things: Things = reset ? {} : structuredClone(before);
  for (const { kind, id, gone, ...state } of changes) {
    const some = (things[kind] ??= {});
    if (gone === true) delete some[id];
    else some[id] = state[kind];
  }
  return things;
}
