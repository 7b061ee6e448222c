/**
 * Check-ins per second of the server process's own CPU time while its metrics are scraped ten times a second, against
 * the same without a scrape. The two take turns.
 */
import { startServerProcess } from '../src/server-process.ts';
import { perCpuSecond } from './cpu.ts';
import { openGround } from './ground.ts';
import { type BenchResult, median, rounded } from './result.ts';
import { checkInLoad } from './warm-fleet.ts';

const SCRAPE_MS = 100;
const ROUNDS = 7;
const ROUND_SECONDS = 2;
const GOAL = 0.9;

export async function metricsScrape(): Promise<BenchResult> {
  await using ground = await openGround();
  const server = await startServerProcess(ground.plan);
  await using closing = new AsyncDisposableStack();
  closing.use(server.child);
  const load = await checkInLoad(server, ROUND_SECONDS);
  const quiet = () => perCpuSecond(load, server.child.pid);
  const scraped = () => whileScraping(server.adminUrl, quiet);
  await quiet();
  await scraped();

  const rounds: { scraped: number; quiet: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push({ scraped: await scraped(), quiet: await quiet() });
  const ratio = median(rounds.map(r => r.scraped / r.quiet));
  return {
    name: 'metrics-scrape',
    value: rounded(median(rounds.map(r => r.scraped))),
    unit: 'check-ins per second of CPU',
    baseline: rounded(median(rounds.map(r => r.quiet))),
    ratio: rounded(ratio),
    goal: `ratio >= ${GOAL}`,
    pass: ratio >= GOAL,
  };
}

/** Scrapes on a fixed beat, also where an answer is still under way, as several scrapers would. */
async function whileScraping<T>(adminUrl: string, work: () => Promise<T>): Promise<T> {
  const scrapes: Promise<void>[] = [];
  const timer = setInterval(() => scrapes.push(scrape(adminUrl)), SCRAPE_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await Promise.all(scrapes);
  }
}

async function scrape(adminUrl: string): Promise<void> {
  const response = await fetch(`${adminUrl}/metrics`);
  const text = await response.text();
  if (!text.includes('tidegate_check_ins_total')) throw new Error(`/metrics answered ${response.status}`);
}
