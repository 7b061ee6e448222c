/** A release as it is described on the command line: an image, and what people say of it. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Firmware } from '@tidegate/protocol';
import type { ReleaseRequest } from '../edit/release.ts';
import { type Common, gather, gatherText, pair, wholeNumber } from './command.ts';

export interface ReleaseOptions extends Common {
  readonly product: string;
  readonly channel: string;
  readonly component: string;
  readonly version: string;
  readonly hardware: readonly string[];
  readonly class: Firmware['class'];
  readonly format: ReleaseRequest['format'];
  readonly counter?: number;
  readonly severity?: Firmware['severity'];
  readonly fix?: readonly string[];
  readonly notes?: string;
  readonly disruption: Firmware['disruption'];
  readonly disruptionSeconds?: number;
  readonly minBattery?: number;
  readonly needsReboot?: boolean;
  readonly requires?: readonly string[];
  readonly minFrom?: number;
}

export function withRelease(cmd: Command): Command {
  return cmd
    .argument('<file>', 'the image')
    .requiredOption('--product <name>', 'product')
    .requiredOption('--channel <name>', 'channel')
    .requiredOption('--component <name>', 'what is updated, such as rootfs or app')
    .requiredOption('--version <version>', 'a label for people; order comes from the counter')
    .requiredOption('--hardware <ids>', 'hardware it is for; repeat or separate by commas', gather)
    .addOption(new Option('--class <class>').choices(['security', 'maintenance', 'feature']).default('maintenance'))
    .addOption(new Option('--format <format>', 'how the installer reads it').choices(['tar', 'file']).default('file'))
    .option('--counter <n>', 'release counter (else the next one)', wholeNumber)
    .addOption(new Option('--severity <severity>').choices(['low', 'medium', 'high', 'critical']))
    .option('--fix <ID=risk>', 'flaw that it removes, and its risk in plain words; repeat', gatherText)
    .option('--notes <text>', 'what is new, in plain words')
    .addOption(new Option('--disruption <kind>').choices(['none', 'partial', 'full']).default('none'))
    .option('--disruption-seconds <n>', 'how long it interrupts', wholeNumber)
    .option('--min-battery <percent>', 'least charge to install with', wholeNumber)
    .option('--needs-reboot', 'takes effect by a reboot')
    .option('--requires <component:counter>', 'another component, at least so new; repeat', gather)
    .option('--min-from <counter>', 'stepping stone: least counter to come from', wholeNumber);
}

export function releaseOf(file: string, options: ReleaseOptions): ReleaseRequest {
  const { product, channel, component, version, hardware, format, counter, severity, disruption } = options;
  const fixes = options.fix?.map(text => {
    const [id, risk] = pair(text, '=');
    return { id, risk: { en: risk } };
  });
  const requires = options.requires?.map(text => {
    const [needed, least] = pair(text, ':');
    if (!/^\d+$/.test(least)) throw new InvalidArgumentError('Write it as COMPONENT:COUNTER.');
    return { component: needed, minCounter: Number(least) };
  });
  return {
    file,
    product,
    channel,
    component,
    version,
    hardware: [...hardware],
    class: options.class,
    format,
    counter,
    disruption,
    ...(severity && { severity }),
    ...(fixes && { fixes }),
    ...(options.notes !== undefined && { notes: { en: options.notes } }),
    ...(options.disruptionSeconds !== undefined && { disruptionSeconds: options.disruptionSeconds }),
    ...(options.minBattery !== undefined && { minBatteryPercent: options.minBattery }),
    ...(options.needsReboot === true && { needsReboot: true }),
    ...(requires && { requires }),
    ...(options.minFrom !== undefined && { minFromCounter: options.minFrom }),
  };
}
