/**
 * Hands a payload to a module by named pipes: `stream-next` names the next file, `streams/NAME` is that file. A module
 * that never asks leaves the payload to us; one that asked must take all of it.
 */
import { constants } from 'node:fs';
import { chown, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../../agent-error.ts';
import { execute } from '../../service/child-process.ts';

const CHUNK_BYTES = 256 * 1024;

interface Options {
  readonly tree: string;
  readonly payload: string;
  readonly names: readonly string[];
  readonly runAs?: { readonly uid: number; readonly gid: number };
}

/**
 * Offers the files in their order until the module has ended.
 * @returns whether the module took them
 * @throws AgentError installer-failed where it ended in the middle; whatever `ended` rejects with
 */
export async function offerStreams(options: Options, ended: Promise<unknown>): Promise<boolean> {
  const { tree, payload, names } = options;
  const next = join(tree, 'stream-next');
  let taken = 0;
  for (const name of names) {
    const pipe = join(tree, 'streams', name);
    await makePipe(pipe, options.runAs);
    const asked = await feed(next, writeText(`streams/${name}\n`), ended);
    if (!asked && taken === 0) return false;
    if (!asked || !(await feed(pipe, copyOf(join(payload, name)), ended)))
      throw new AgentError('installer-failed', `the module ended before it took ${name}`);
    taken += 1;
  }
  // An empty answer says that this was all; a module may end without asking for it.
  await feed(next, async () => undefined, ended);
  await ended;
  return taken > 0;
}

export async function makeStreamTree({ tree, runAs }: Omit<Options, 'payload' | 'names'>): Promise<void> {
  await mkdir(join(tree, 'streams'), { mode: 0o700 });
  await makePipe(join(tree, 'stream-next'), runAs);
}

export async function removeStreamTree(tree: string): Promise<void> {
  await rm(join(tree, 'streams'), { recursive: true, force: true });
  await rm(join(tree, 'stream-next'), { force: true });
}

type Write = (pipe: Awaited<ReturnType<typeof open>>) => Promise<void>;

/** Opening waits for a reader. @returns false where the module ended instead, or went away in the middle of it */
async function feed(path: string, write: Write, ended: Promise<unknown>): Promise<boolean> {
  const reader = { came: false, isGone: false };
  const writing = (async () => {
    const pipe = await open(path, 'w');
    try {
      if (reader.isGone) return false;
      reader.came = true;
      await write(pipe);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false;
      throw error;
    } finally {
      await pipe.close();
    }
  })();
  const over = ended.then(() => 'ended' as const);
  const first = await Promise.race([writing, over.catch(() => 'ended' as const)]);
  if (first !== 'ended') return first;
  reader.isGone = true;
  // Where nobody came, a reader of our own lets the waiting writer go; where somebody did, its end breaks the pipe.
  const release = reader.came ? undefined : await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await writing;
  } finally {
    await release?.close();
    await over;
  }
}

const writeText =
  (text: string): Write =>
  async pipe => {
    await pipe.writeFile(text);
  };

const copyOf =
  (file: string): Write =>
  async pipe => {
    const source = await open(file, 'r');
    try {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await source.read(chunk, 0, CHUNK_BYTES);
        if (bytesRead === 0) return;
        await pipe.writeFile(chunk.subarray(0, bytesRead));
      }
    } finally {
      await source.close();
    }
  };

/** Node makes no named pipes by itself. */
async function makePipe(path: string, runAs: Options['runAs']): Promise<void> {
  await execute('mkfifo', ['-m', '600', path]);
  if (runAs) await chown(path, runAs.uid, runAs.gid);
}
