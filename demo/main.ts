/** The demonstration behind `npm start`: a good release, a faulty one, an attacker. Everything in it is real. */
import { CommanderError } from 'commander';
import { buildWorld, type World } from '@tidegate/test';
import { attacks, type Refusal, type Spoils } from './attacks.ts';
import { type DemoOptions, readOptions } from './options.ts';
import { requireRoom } from './firmware-file.ts';
import { faultyRelease, goodRelease } from './releases.ts';
import { makeRunFolder } from './run-folder.ts';
import { openView, type View } from './view/view.ts';
import { spoilsOfFile, yourFile, type YourFileOutcome } from './your-file.ts';

interface Summary {
  readonly devices: number;
  readonly verified: number;
  readonly rolledBack: number;
  readonly halted: boolean;
  readonly refusals: readonly Refusal[];
  readonly seconds: number;
  /** Only with `--firmware`. */
  readonly firmware?: YourFileOutcome['firmware'];
}

const INTERRUPTED = 130;
const GATE_TICK_SECONDS = 0.5;
const PATHS_SHOWN = 10;

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
  const { devices, port, firmware } = options;
  const folder = await makeRunFolder(options.data, new Date());
  if (firmware) requireRoom(firmware, folder, devices);
  const world = await buildWorld(
    {
      folder,
      devices,
      port,
      gateTickSeconds: GATE_TICK_SECONDS,
      keepPassphrases: true,
      withFile: firmware !== undefined,
      say: view.say,
    },
    closing,
  );
  const good = firmware ? await yourFile(world, view, firmware) : { verified: await goodRelease(world, view) };
  const faulty = await faultyRelease(world, view, firmware ? '1.0.0' : '1.1.0');
  const spoils = () => (firmware ? spoilsOfFile(world, firmware) : spoilsOfSample(world));
  const refusals = await attacks(world, view, spoils, firmware?.bytes ?? 0);
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const summary: Summary = { devices, ...good, ...faulty, refusals, seconds };
  summarize(world, view, summary);
  if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  if (options.once) return 0;
  view.say(`\nThe server stays up at ${world.server.deviceUrl} (admin API ${world.server.adminUrl}). Ctrl-C ends it.`);
  return new Promise(() => {});
}

async function spoilsOfSample(world: World): Promise<Spoils> {
  const good = await world.publish({ version: '1.3.0', health: 'well' });
  return { good: { target: good, counter: 4 }, older: { target: good.replaceAll('1.3.0', '1.0.0'), counter: 1 } };
}

function summarize(world: World, view: View, summary: Summary): void {
  const { firmware } = summary;
  view.chapter('Summary');
  view.say(`  devices      ${summary.devices}, each a process of its own`);
  view.say(`  ${(firmware?.version ?? '1.1.0').padEnd(12)} verified on ${summary.verified}`);
  view.say(`  1.2.0        halted; devices that went back by themselves: ${summary.rolledBack}`);
  for (const { attack, code } of summary.refusals) view.say(`  refused      ${attack}: ${code}`);
  view.say(`  time         ${summary.seconds} s`);
  view.say(`  data         ${world.folder}`);
  if (!firmware) return;
  view.say(`\nYour file, byte for byte, on each device:`);
  for (const path of firmware.installed.slice(0, PATHS_SHOWN)) view.say(`  ${path}`);
  const more = firmware.installed.length - PATHS_SHOWN;
  if (more > 0) view.say(`  … and ${more} more, in the same place of each device`);
  view.say(`Compare one yourself:\n  cmp ${quoted(firmware.file)} ${quoted(firmware.installed[0] ?? '')}`);
}

/** As a shell reads it. */
function quoted(path: string): string {
  return /^[0-9A-Za-z/._+=@:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
