/** A download with shortcuts in a process of its own, to be killed. */
import { createDownloader, createHttpClient, durableFiles, systemClock } from '@tidegate/agent';

const { netDir, source, target, deltas, oldImage } = JSON.parse(process.argv[2] ?? '');
const http = createHttpClient();
const downloader = createDownloader({ netDir, sources: [source], http, files: durableFiles, clock: systemClock });
await downloader.download(target, {
  signal: new AbortController().signal,
  shortcuts: { deltas, oldImage, onGivenUp: async () => undefined },
});
