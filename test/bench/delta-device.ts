/** A device that brings an image in by its deltas, in a process of its own: what it fetched, and its memory at the most. */
import { readFile } from 'node:fs/promises';
import { createDownloader, createHttpClient, durableFiles, type Shortcuts, systemClock } from '@tidegate/agent';
import { answerParent } from './own-process.ts';

export interface DeltaDownload {
  readonly netDir: string;
  readonly source: string;
  readonly target: { readonly path: string; readonly sha256: string; readonly lengthBytes: number };
  readonly deltas: Shortcuts['deltas'];
  readonly oldImage: Shortcuts['oldImage'];
}

export interface DeltaDownloaded {
  readonly peakBytes: number;
}

await answerParent(async ({ netDir, source, target, deltas, oldImage }: DeltaDownload): Promise<DeltaDownloaded> => {
  const http = createHttpClient();
  const downloader = createDownloader({ netDir, sources: [source], http, files: durableFiles, clock: systemClock });
  await downloader.download(target, {
    signal: new AbortController().signal,
    shortcuts: {
      deltas,
      oldImage,
      onGivenUp: async (delta, fault) => {
        throw new Error(`${delta.path} was given up`, { cause: fault });
      },
    },
  });
  http.close();
  return { peakBytes: await peakBytes() };
});

/** As the kernel has it for this program: what `getrusage` says includes the process that this one was forked from. */
async function peakBytes(): Promise<number> {
  const kib = /^VmHWM:\s*(\d+) kB$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1];
  if (kib === undefined) throw new Error('/proc/self/status has no VmHWM');
  return Number(kib) * 1024;
}
