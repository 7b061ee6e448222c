/** The load of `mixed`, in its own process: as much as goes, then a share of that in an open loop. */
import { randomBytes } from 'node:crypto';
import { type HttpLine, openLine } from './http-line.ts';
import type { Latencies } from './latencies.ts';
import { answerParent } from './own-process.ts';
import { paced } from './paced.ts';

export interface MixedLoad {
  readonly url: string;
  /** Whole requests as text; of each kind they are taken in turn. */
  readonly checkIns: readonly string[];
  readonly reports: readonly string[];
  readonly metadata: readonly string[];
  /** Stands in a report for an id that was never used. */
  readonly freshId: string;
  readonly connections: number;
  /** How long as much is asked as goes. */
  readonly mostSeconds: number;
  /** How long the share of it is asked. */
  readonly seconds: number;
  readonly share: number;
}

export interface MixedAnswer {
  readonly mostPerSecond: number;
  readonly latencies: Latencies;
  /** Of the whole run. */
  readonly reports: number;
}

await answerParent(async (load: MixedLoad) => {
  const lines = await Promise.all(Array.from({ length: load.connections }, () => openLine(new URL(load.url))));
  const next = mixture(load);
  // What is compiled and remembered at first would count as the server's slowness.
  await most(lines, next.text, load.mostSeconds / 2);
  const mostPerSecond = await most(lines, next.text, load.mostSeconds);
  const free = waitingLines(lines);
  const perSecond = mostPerSecond * load.share;
  const latencies = await paced(perSecond, Math.round(perSecond * load.seconds), async () => {
    const line = await free.take();
    await line.ask(next.text());
    free.give(line);
  });
  for (const line of lines) line.close();
  return { mostPerSecond, latencies, reports: next.reports() } satisfies MixedAnswer;
});

/** Of fifty requests four are reports and one is metadata, spread among check-ins. */
function mixture({ checkIns, reports, metadata, freshId }: MixedLoad) {
  let asked = 0;
  let reported = 0;
  const one = (of: readonly string[], index: number) => of[index % of.length] ?? '';
  return {
    reports: () => reported,
    text: () => {
      const place = asked++ % 50;
      if (place === 25) return one(metadata, asked);
      if (place % 12 !== 6) return one(checkIns, asked);
      return one(reports, reported++).replace(freshId, randomBytes(16).toString('hex'));
    },
  };
}

/** @returns answers a second while every line asks again as soon as it was answered */
async function most(lines: readonly HttpLine[], text: () => string, seconds: number): Promise<number> {
  const begun = performance.now();
  let answered = 0;
  const askOn = async (line: HttpLine) => {
    while (performance.now() < begun + seconds * 1000) {
      await line.ask(text());
      answered++;
    }
  };
  await Promise.all(lines.map(askOn));
  return (answered * 1000) / (performance.now() - begun);
}

/** Who finds none free waits for one, first come first served: the time counts. */
function waitingLines(lines: readonly HttpLine[]) {
  const free = [...lines];
  const waiting: ((line: HttpLine) => void)[] = [];
  return {
    take: (): Promise<HttpLine> => {
      const line = free.pop();
      return line ? Promise.resolve(line) : new Promise(resolve => waiting.push(resolve));
    },
    give: (line: HttpLine) => {
      const first = waiting.shift();
      if (first) first(line);
      else free.push(line);
    },
  };
}
