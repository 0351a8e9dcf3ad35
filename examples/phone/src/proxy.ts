// A network as it is in basements: a TCP proxy on this machine that lets some connections through and ruins the others,
// each at a byte that a seed decides. A request half sent; an answer lost after the server has done the work; a hard
// reset; minutes of nothing (here: seconds); a phone that is gone while the server still believes in it.

import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { type Chance, chance } from './trial/chance.js';

/** How a connection ends before its time. */
type Fate = 'cut' | 'reset' | 'deaf' | 'stall';

/** What becomes of a connection. */
interface Plan {
  fate: Fate;
  /** Bytes towards the server before it happens. */
  up: number;
  /** Bytes towards the phone before it happens. */
  down: number;
}

/** Average bytes towards the server, and towards the phone, that a ruined connection carries. */
const MEAN = { up: 55_000, down: 800 };
/** A connection that is spared is spared for so many bytes: the next one takes its chance again. */
const SPARED = 1_200_000;
/** Milliseconds that a stalled connection, or one that the phone has left, hangs about. */
const HANGING = 2_500;

/** Decides a connection's fate. */
function drawPlan(random: Chance): Plan {
  const fate = random.pick<Fate>(['cut', 'cut', 'reset', 'reset', 'deaf', 'stall']);
  if (random.below(7) === 0) return { fate, up: SPARED, down: SPARED };
  // An answer can only be lost when the request has got there: half of them die on the way back.
  const upwards = random.below(2) === 0;
  const exponential = (mean: number) => Math.floor(-mean * Math.log(1 - random.fraction()));
  return upwards
    ? { fate, up: exponential(MEAN.up), down: Infinity }
    : { fate, up: Infinity, down: exponential(MEAN.down) };
}

/** A proxy that ruins connections. */
export class FaultProxy {
  /** Connections that were ruined, by how. */
  readonly cuts: Record<Fate, number> = { cut: 0, reset: 0, deaf: 0, stall: 0 };
  private readonly sockets = new Set<Socket>();
  private readonly random: Chance;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
    seed: string,
  ) {
    this.random = chance(seed);
    server.on('connection', (phone) => this.carry(phone));
  }

  /** Listens on a free port of this machine, in front of the port `target`. */
  static async start(target: number, seed: string): Promise<FaultProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FaultProxy(server, target, seed);
  }

  /** Where it listens. */
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** All cuts. */
  get total(): number {
    return Object.values(this.cuts).reduce((sum, n) => sum + n, 0);
  }

  /** Ends, with all connections. */
  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private carry(phone: Socket): void {
    const plan = drawPlan(this.random);
    const server = connect(this.target, '127.0.0.1');
    const pair = [phone, server];
    for (const socket of pair) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
    }
    let left = { up: plan.up, down: plan.down };
    let ruined = false;
    const ruin = () => {
      ruined = true;
      this.ruin(plan.fate, phone, server);
    };
    const pass = (from: Socket, to: Socket, way: 'up' | 'down') => {
      from.on('data', (bytes: Buffer) => {
        if (ruined) return;
        const some = bytes.subarray(0, left[way]);
        left = { ...left, [way]: left[way] - some.length };
        const flows = to.write(some);
        if (left[way] <= 0) ruin();
        else if (!flows) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
      from.on('close', () => {
        // Whoever is left hears of it, unless this is a ruin in which nobody hears anything.
        if (!ruined) to.end();
      });
    };
    pass(phone, server, 'up');
    pass(server, phone, 'down');
  }

  /** What has been passed on arrives; nothing else does. */
  private ruin(fate: Fate, phone: Socket, server: Socket): void {
    this.cuts[fate] += 1;
    const later = (...sockets: Socket[]) => {
      setTimeout(() => sockets.forEach((socket) => socket.destroy()), HANGING);
    };
    switch (fate) {
      case 'cut':
        phone.end();
        server.end();
        later(phone, server);
        break;
      case 'reset':
        server.resetAndDestroy();
        phone.resetAndDestroy();
        break;
      case 'deaf':
        phone.resetAndDestroy();
        later(server);
        break;
      case 'stall':
        later(phone, server);
        break;
    }
  }
}
