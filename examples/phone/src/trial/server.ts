// The server of a trial: `yixun serve` on a folder, on a port of this machine. It, too, may be killed in the middle of its
// work, and comes back on the same port.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { sleep } from '../backoff.js';

const READY_WITHIN = 30_000;

/** A server under trial. */
export class YixunServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly binary: string,
    private readonly data: string,
    /** Where it listens. */
    readonly port: number,
  ) {}

  /** Starts the server on a data folder. Its working folder is this repository: the fonts lie there. */
  static async start(binary: string, data: string): Promise<YixunServer> {
    const server = new YixunServer(binary, data, await freePort());
    await server.begin();
    return server;
  }

  /** Where the API is, without any proxy. */
  get base(): string {
    return `http://127.0.0.1:${this.port}/api/v1`;
  }

  /** Pulls the plug, and starts it again. */
  async killAndRestart(): Promise<void> {
    await this.end('SIGKILL');
    await this.begin();
  }

  /** Asks it to end, and waits for that. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  private async begin(): Promise<void> {
    const environment = {
      ...process.env,
      YIXUN_DATA_DIR: this.data,
      YIXUN_LISTEN: `127.0.0.1:${this.port}`,
      YIXUN_LOG: 'warn',
    };
    const child = spawn(this.binary, ['serve'], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
    this.child = child;
    // Whoever started the trial can end the server, even where the trial was ended by force.
    if (process.env['SERVER_PID'] !== undefined) writeFileSync(process.env['SERVER_PID'], String(child.pid));
    const until = performance.now() + READY_WITHIN;
    while (!(await this.isReady())) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
      if (performance.now() > until) throw new Error('the server does not become ready');
      await sleep(100);
    }
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.port}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
    } catch {
      return false;
    }
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
