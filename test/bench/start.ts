/** `npm start -- --once` in full, on a warm cache: what a new user waits for. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { tempFolder } from '../src/temp-folder.ts';
import { type BenchResult, rounded } from './result.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export async function start(): Promise<BenchResult> {
  await using folder = await tempFolder('tidegate-bench');
  const started = performance.now();
  const child = spawn('npm', ['start', '--silent', '--', '--once', '--data', folder.path], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`npm start ended with ${code}`);
  const seconds = rounded((performance.now() - started) / 1000);
  return { name: 'start', value: seconds, unit: 's', baseline: null, ratio: null, goal: null, pass: null };
}
