/** `npm run test:chaos [-- --minutes N --seed N]`: breaks one thing after the other under load, for a bounded time. */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

const HELP = `npm run test:chaos -- [--minutes N] [--seed N]

Real servers, PostgreSQL and Redis; one fault after the other while devices update. Each fault comes at least once
(about two minutes in all) and again until --minutes are used up. --seed repeats a run's chances, not its timing.

Examples:
  npm run test:chaos
  npm run test:chaos -- --minutes 30 --seed 7`;

/** The faults of `faults.test.ts` share the time. */
const FAULTS = 8;

process.exitCode = main();

function main(): number {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const minutes = Number(values.minutes ?? 0);
  const seed = Number(values.seed ?? randomInt(1_000_000));
  if (!(minutes >= 0 && minutes <= 600) || !Number.isInteger(seed) || seed < 0) {
    process.stderr.write('--minutes takes a number up to 600, --seed a whole number\n');
    return 2;
  }
  const plan = JSON.stringify({ seed, secondsEach: (minutes * 60) / FAULTS });
  const { status } = spawnSync('vitest', ['run', '--project', 'chaos'], {
    stdio: 'inherit',
    env: { ...process.env, TIDEGATE_CHAOS: plan },
  });
  return status ?? 1;
}
