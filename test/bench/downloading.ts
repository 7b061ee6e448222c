/** The agent's downloader in a process of its own: URL, SHA-256, length and folder are its arguments. Prints what it cost. */
import { createDownloader, createHttpClient, durableFiles, systemClock } from '@tidegate/agent';

export interface Downloaded {
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

const [url = '', sha256 = '', lengthBytes = '', netDir = ''] = process.argv.slice(2);
const http = createHttpClient();
const downloader = createDownloader({
  netDir,
  sources: [url],
  placeOf: target => `/${target.sha256}`,
  http,
  files: durableFiles,
  clock: systemClock,
});
const before = process.cpuUsage();
await downloader.download(
  { path: 'image', sha256, lengthBytes: Number(lengthBytes) },
  { signal: new AbortController().signal },
);
const { user, system } = process.cpuUsage(before);
const peakMegabytes = (process.resourceUsage().maxRSS * 1024) / 1e6;
process.stdout.write(`${JSON.stringify({ cpuSeconds: (user + system) / 1e6, peakMegabytes })}\n`);
http.close();
