// Being logged in. The access token lives in memory, the refresh token on disk. A phone never asks its clock whether a
// token is still good: it uses it until the server says 401, then exchanges the refresh token for the next pair. If
// that answer is lost, the same refresh token, shown again within 10 seconds, brings the same pair: so here, and only
// here, the next attempt comes at once. When the session is over the inspector logs in again; the outbox waits.

import { send } from './answer.js';
import { sleep } from './backoff.js';
import { textOf, writeWhole } from './disk.js';
import type { Problem, Tokens } from './wire.js';

/** Name and password, as the inspector types them. */
export interface Credentials {
  username: string;
  password: string;
}

/** No token can be had at present. */
export class NoToken extends Error {
  constructor(
    message: string,
    /** Milliseconds that the server asks to wait. */
    readonly after = 0,
  ) {
    super(message);
  }
}

const WITHIN = 4_000;
/** Pauses after a lost answer to a refresh: all attempts together fit into the 10 s. */
const AT_ONCE = [50, 150, 300, 500];

/** Someone's session on this phone. */
export class Session {
  private access: string | undefined;
  private renewal: Promise<string> | undefined;

  constructor(
    private readonly base: string,
    private readonly file: string,
    private readonly ask: () => Promise<Credentials>,
  ) {}

  /**
   * A token to show. Those who come while it is being renewed wait for the same one.
   *
   * @throws NoToken when the server cannot be reached or lets nobody in.
   */
  async token(): Promise<string> {
    if (this.access !== undefined) return this.access;
    this.renewal ??= this.renew().finally(() => {
      this.renewal = undefined;
    });
    return this.renewal;
  }

  /** The server answered 401 to this token. */
  refused(token: string): void {
    if (this.access === token) this.access = undefined;
  }

  private async renew(): Promise<string> {
    const kept = await textOf(this.file);
    const refreshed = kept === undefined ? undefined : await this.refresh(kept);
    if (refreshed !== undefined) return refreshed;
    const tokens = await this.exchange('/auth/login', await this.ask());
    if ('code' in tokens) throw new NoToken(`${tokens.code}: ${tokens.detail}`);
    return this.keep(tokens);
  }

  /** The next pair; nothing when the session is over. */
  private async refresh(refreshToken: string): Promise<string | undefined> {
    for (const wait of [...AT_ONCE, undefined]) {
      try {
        const tokens = await this.exchange('/auth/refresh', { refresh_token: refreshToken });
        return 'code' in tokens ? undefined : await this.keep(tokens);
      } catch (error) {
        if (wait === undefined) throw error;
        await sleep(wait);
      }
    }
    return undefined;
  }

  /** The new refresh token is on disk before the new access token is used: a phone that dies in between has lost nothing. */
  private async keep(tokens: Tokens): Promise<string> {
    await writeWhole(this.file, tokens.refresh_token);
    this.access = tokens.access_token;
    return tokens.access_token;
  }

  private async exchange(path: string, body: object): Promise<Tokens | Problem> {
    const answer = await send({
      method: 'POST',
      url: this.base + path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      within: WITHIN,
    });
    if (answer.kind === 'again') throw new NoToken(answer.why, answer.after);
    return answer.kind === 'done' ? (answer.body as Tokens) : answer.problem;
  }
}
