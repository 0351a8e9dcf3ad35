// What an answer means. A phone can only be sure of what the server itself has said: a Wi-Fi portal answers 200 with a
// page of advertisements, a proxy answers 502 with HTML, a cut connection answers half a sentence. So a success counts
// only as JSON, a refusal only as problem details with a code; everything else is no answer, and the request is sent
// again, unchanged, for as long as it takes.

import type { Problem } from './wire.js';

/** What became of a request. */
export type Answer =
  /** The server has done it; `body` is its JSON, or undefined for an answer without a body (204). */
  | { kind: 'done'; status: number; body: unknown }
  /** The server has read it and said no: the same request would be refused again. For the inspector's eyes. */
  | { kind: 'refused'; problem: Problem }
  /** The token is not, or no longer, good. */
  | { kind: 'stranger'; problem: Problem }
  /** Nobody knows whether the server has seen it. `after`: milliseconds that the server asks to wait. */
  | { kind: 'again'; why: string; after: number };

/** How a request is sent. */
export interface Ask {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Milliseconds for the whole exchange. */
  within: number;
}

/** Codes that do not judge the content: it broke off on its way, or the inspector must see to the account first. */
const ELSEWHERE = new Set([
  'unreadable_body',
  'unreadable_timeout',
  'unreadable_json',
  'bad_request',
  'password_change_required',
]);
/** Statuses that pass. */
const PASSING = new Set([408, 425, 429]);

/** Sends a request once. Never throws: a failure is an answer, too. */
export async function send(ask: Ask): Promise<Answer> {
  try {
    const response = await fetch(ask.url, {
      method: ask.method,
      headers: ask.headers ?? {},
      body: ask.body ?? null,
      signal: AbortSignal.timeout(ask.within),
      redirect: 'error',
    });
    return judge(response.status, response.headers, await response.text());
  } catch (error) {
    return lost(error);
  }
}

/** No answer. */
export function lost(error: unknown): Answer {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return { kind: 'again', why: cause instanceof Error ? cause.message : String(cause), after: 0 };
}

/** What an answer's status, headers and text mean. */
export function judge(status: number, headers: { get(name: string): string | null }, text: string): Answer {
  const type = headers.get('content-type') ?? '';
  const after = 1_000 * (Number.parseInt(headers.get('retry-after') ?? '', 10) || 0);
  if (status === 204 || status === 304) return { kind: 'done', status, body: undefined };
  if (status >= 200 && status < 300 && type.startsWith('application/json')) {
    return { kind: 'done', status, body: JSON.parse(text) as unknown };
  }
  const problem = type.startsWith('application/problem+json') ? (JSON.parse(text) as Problem) : undefined;
  if (problem === undefined || typeof problem.code !== 'string') {
    return { kind: 'again', why: `${status} ${type}: not from the server`, after };
  }
  if (status >= 500 || PASSING.has(status) || ELSEWHERE.has(problem.code)) {
    return { kind: 'again', why: `${status} ${problem.code}`, after };
  }
  return { kind: status === 401 ? 'stranger' : 'refused', problem };
}
