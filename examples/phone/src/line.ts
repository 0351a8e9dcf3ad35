// The line to the server: requests with the session's token. A 401 is answered by a new token and the same request once
// more; what then is still no answer goes back to the caller, who waits and asks again.

import { type Answer, type Ask, lost, send } from './answer.js';
import { NoToken, type Session } from './session.js';

/** A request to the API; `path` begins after `/api/v1`. */
export interface Request {
  method: string;
  path: string;
  type?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Milliseconds for the whole exchange: a network that swallows everything must not hold a phone for ever. */
  within?: number;
}

const WITHIN = 15_000;
/** What a bad network may take for a body, in bytes a millisecond. */
const SLOWEST = 16;

/** The line of one inspector's phone. */
export class Line {
  constructor(
    /** Where the API is, e.g. `https://…/api/v1`. */
    readonly base: string,
    readonly session: Session,
  ) {}

  /** Sends with a token, and once more with a fresh one after a 401. */
  async request(request: Request): Promise<Answer> {
    const first = await this.once(request);
    if (first.kind !== 'stranger') return first;
    const second = await this.once(request);
    return second.kind === 'stranger' ? { kind: 'again', why: second.problem.code, after: 0 } : second;
  }

  private async once(request: Request): Promise<Answer> {
    let token: string;
    try {
      token = await this.session.token();
    } catch (error) {
      return error instanceof NoToken ? { kind: 'again', why: error.message, after: error.after } : lost(error);
    }
    const headers: Record<string, string> = { ...request.headers, authorization: `Bearer ${token}` };
    if (request.body !== undefined) headers['content-type'] = request.type ?? 'application/json';
    const within = request.within ?? WITHIN + Math.ceil((request.body?.length ?? 0) / SLOWEST);
    const ask: Ask = { method: request.method, url: this.base + request.path, headers, within };
    if (request.body !== undefined) ask.body = request.body;
    const answer = await this.exchange(ask);
    if (answer.kind === 'stranger') this.session.refused(token);
    return answer;
  }

  /** One exchange. A class of its own may do worse things here, as the conformance run does. */
  protected exchange(ask: Ask): Promise<Answer> {
    return send(ask);
  }
}
