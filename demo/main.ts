/** The demonstration behind `npm start`: a good release, a faulty one, an attacker. Everything in it is real. */
import { CommanderError } from 'commander';
import { attacks, type Refusal } from './attacks.ts';
import { type DemoOptions, readOptions } from './options.ts';
import { faultyRelease, goodRelease } from './releases.ts';
import { openStage, type Stage } from './stage.ts';
import { openView, type View } from './view/view.ts';

interface Summary {
  readonly devices: number;
  readonly verified: number;
  readonly rolledBack: number;
  readonly halted: boolean;
  readonly refusals: readonly Refusal[];
  readonly seconds: number;
}

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const started = performance.now();
  const interrupted = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.resolve());
  try {
    const options = readOptions(argv);
    const view = openView(options.json ? process.stderr : process.stdout);
    view.chapter('Setting up');
    const told = openStage(options, view).then(stage => tell(stage, view, options, started, interrupted.promise));
    return (await Promise.race([told, interrupted.promise.then(() => undefined)])) ?? (await told.catch(() => 130));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`\nThe demonstration failed: ${(error as Error).message}\n`);
    return 1;
  }
}

async function tell(
  stage: Stage,
  view: View,
  options: DemoOptions,
  started: number,
  interrupted: Promise<void>,
): Promise<number> {
  await using open = stage;
  const verified = await goodRelease(open, view);
  const faulty = await faultyRelease(open, view);
  const refusals = await attacks(open, view);
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const summary: Summary = { devices: options.devices, verified, ...faulty, refusals, seconds };
  summarize(open, view, summary);
  if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  if (!options.once) {
    view.say(`\nThe server stays up at ${open.server.deviceUrl} (admin API ${open.server.adminUrl}). Ctrl-C ends it.`);
    await interrupted;
  }
  return 0;
}

function summarize(stage: Stage, view: View, summary: Summary): void {
  view.chapter('Summary');
  view.say(`  devices      ${summary.devices}, each a process of its own`);
  view.say(`  1.1.0        verified on ${summary.verified}`);
  view.say(`  1.2.0        halted; ${summary.rolledBack} went back by themselves`);
  for (const { attack, code } of summary.refusals) view.say(`  refused      ${attack}: ${code}`);
  view.say(`  time         ${summary.seconds} s`);
  view.say(`  data         ${stage.folder}`);
}
