/** The demonstration behind `npm start`: a good release, a faulty one, an attacker. Everything in it is real. */
import { CommanderError } from 'commander';
import { buildWorld, type World } from '@tidegate/test';
import { attacks, type Refusal } from './attacks.ts';
import { type DemoOptions, readOptions } from './options.ts';
import { faultyRelease, goodRelease } from './releases.ts';
import { makeRunFolder } from './run-folder.ts';
import { openView, type View } from './view/view.ts';

interface Summary {
  readonly devices: number;
  readonly verified: number;
  readonly rolledBack: number;
  readonly halted: boolean;
  readonly refusals: readonly Refusal[];
  readonly seconds: number;
}

const INTERRUPTED = 130;
const GATE_TICK_SECONDS = 0.5;

process.exit(await main(process.argv.slice(2)));

async function main(argv: readonly string[]): Promise<number> {
  const interrupted = Promise.withResolvers<number>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.resolve(INTERRUPTED));
  await using closing = new AsyncDisposableStack();
  try {
    const options = readOptions(argv);
    const view = openView(options.json ? process.stderr : process.stdout);
    return await Promise.race([tell(options, view, closing), interrupted.promise]);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`\nThe demonstration failed: ${(error as Error).message}\n`);
    return 1;
  }
}

/** The whole story. Without `--once` it ends only by Ctrl-C. */
async function tell(options: DemoOptions, view: View, closing: AsyncDisposableStack): Promise<number> {
  const started = performance.now();
  view.chapter('Setting up');
  const world = await buildWorld(
    {
      folder: await makeRunFolder(options.data, new Date()),
      devices: options.devices,
      port: options.port,
      gateTickSeconds: GATE_TICK_SECONDS,
      keepPassphrases: true,
      say: view.say,
    },
    closing,
  );
  const verified = await goodRelease(world, view);
  const faulty = await faultyRelease(world, view);
  const refusals = await attacks(world, view);
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const summary: Summary = { devices: options.devices, verified, ...faulty, refusals, seconds };
  summarize(world, view, summary);
  if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  if (options.once) return 0;
  view.say(`\nThe server stays up at ${world.server.deviceUrl} (admin API ${world.server.adminUrl}). Ctrl-C ends it.`);
  return new Promise(() => {});
}

function summarize(world: World, view: View, summary: Summary): void {
  view.chapter('Summary');
  view.say(`  devices      ${summary.devices}, each a process of its own`);
  view.say(`  1.1.0        verified on ${summary.verified}`);
  view.say(`  1.2.0        halted; devices that went back by themselves: ${summary.rolledBack}`);
  for (const { attack, code } of summary.refusals) view.say(`  refused      ${attack}: ${code}`);
  view.say(`  time         ${summary.seconds} s`);
  view.say(`  data         ${world.folder}`);
}
