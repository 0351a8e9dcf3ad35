// Two ways of writing that a dying phone cannot spoil. A file is written aside, synced and renamed: it is there whole
// or not at all. A journal is only ever appended to and synced: a last line that was cut off is as if it had never been
// written, and what comes after it begins on a line of its own.

import { mkdir, open, readFile, rename, rm, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The folder, made durable with all above it that had to be made. */
export async function ensureFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made));
  }
}

/** Makes what was created, renamed or removed in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Writes a file whole or not at all. When this resolves it survives a power failure. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const aside = `${path}.aside`;
  const file = await open(aside, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  await syncFolder(dirname(path));
}

/** A file's text; nothing where there is none. */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes files that may or may not be there. */
export async function remove(...paths: string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true, recursive: true });
}

/** An append-only list of entries, one JSON value a line. */
export class Journal<Entry> {
  private last: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    /** What has been written so far. */
    readonly entries: Entry[],
  ) {}

  /** Opens or begins a journal, and cuts off what an interrupted writing has left. */
  static async open<Entry>(path: string): Promise<Journal<Entry>> {
    const text = await textOf(path);
    if (text === undefined) {
      await writeWhole(path, '');
      return new Journal<Entry>(path, []);
    }
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole !== text) await truncate(path, Buffer.byteLength(whole));
    const lines = whole.split('\n').filter((line) => line !== '');
    return new Journal(path, lines.map((line) => JSON.parse(line) as Entry));
  }

  /** Appends an entry. When this resolves it survives a power failure. */
  append(entry: Entry): Promise<void> {
    const written = this.last.then(() => this.write(entry));
    this.last = written.catch(() => undefined);
    return written;
  }

  private async write(entry: Entry): Promise<void> {
    const file = await open(this.path, 'a', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(entry)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    this.entries.push(entry);
  }
}
