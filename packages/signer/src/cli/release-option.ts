/** A release as it is described on the command line, by a release file or by options: an image, and what people say of it. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ARTIFACT_FORMATS, type Firmware, type Localized } from '@tidegate/protocol';
import type { ReleaseRequest } from '../edit/release.ts';
import { SignerError } from '../signer-error.ts';
import { readReleaseFile, releaseRequest } from '../yaml/release-file.ts';
import { type Common, gather, gatherText, pair, wholeNumber } from './command.ts';
import { gatherLocalized } from './localized.ts';

export interface ReleaseOptions extends Common {
  readonly file?: string;
  readonly product?: string;
  readonly channel?: string;
  readonly component?: string;
  readonly version?: string;
  readonly hardware?: readonly string[];
  readonly class?: Firmware['class'];
  readonly format?: ReleaseRequest['format'];
  readonly counter?: number;
  readonly sbom?: string;
  readonly provenance?: string;
  readonly notesFile?: string;
  readonly severity?: Firmware['severity'];
  readonly fix?: readonly string[];
  readonly notes?: Localized;
  readonly addsFeatures?: boolean;
  readonly mixedReason?: Localized;
  readonly disruption?: Firmware['disruption'];
  readonly disruptionSeconds?: number;
  readonly minBattery?: number;
  readonly needsReboot?: boolean;
  readonly requires?: readonly string[];
  readonly minFrom?: number;
  readonly schedule?: readonly string[];
  readonly selfOfferAfter?: number;
}

/** What describes a release, and so stands in the file where there is one. */
const DESCRIBING = [
  'product',
  'channel',
  'component',
  'hardware',
  'class',
  'format',
  'counter',
  'severity',
  'fix',
  'notes',
  'notesFile',
  'sbom',
  'provenance',
  'addsFeatures',
  'mixedReason',
  'disruption',
  'disruptionSeconds',
  'minBattery',
  'needsReboot',
  'requires',
  'minFrom',
  'schedule',
  'selfOfferAfter',
] as const satisfies readonly (keyof ReleaseOptions)[];

export function withRelease(cmd: Command): Command {
  return cmd
    .argument('[image]', 'the image; not where the release file names it')
    .option('--file <release.yaml>', 'description in a file, instead of the options below (but for --version)')
    .option('--product <name>', 'product')
    .option('--channel <name>', 'channel')
    .option('--component <name>', 'what is updated, such as rootfs or app')
    .option('--version <version>', 'a label for people; order comes from the counter')
    .option('--hardware <ids>', 'hardware it is for; repeat or separate by commas', gather)
    .addOption(new Option('--class <class>', 'maintenance unless said').choices(['security', 'maintenance', 'feature']))
    .addOption(
      new Option('--format <format>', 'how the installer reads it; file unless said').choices(ARTIFACT_FORMATS),
    )
    .option('--counter <n>', 'release counter (else the next one)', wholeNumber)
    .addOption(new Option('--severity <severity>').choices(['low', 'medium', 'high', 'critical']))
    .option('--fix <ID=risk>', 'flaw that it removes, and its risk in plain words; repeat', gatherText)
    .option('--adds-features', 'it brings what the product could not do before')
    .option('--mixed-reason <text>', 'why fixes and features come together; as notes', gatherLocalized)
    .option('--notes <text>', 'what is new, in plain words: English, or LANGUAGE=TEXT; repeat', gatherLocalized)
    .option('--notes-file <file>', 'notes that are too long for the description')
    .option('--sbom <file>', 'what it is made of: CycloneDX or SPDX, as JSON')
    .option('--provenance <file>', 'how it was built: in-toto statement with SLSA provenance')
    .addOption(new Option('--disruption <kind>', 'none unless said').choices(['none', 'partial', 'full']))
    .option('--disruption-seconds <n>', 'how long it interrupts', wholeNumber)
    .option('--min-battery <percent>', 'least charge to install with', wholeNumber)
    .option('--needs-reboot', 'takes effect by a reboot')
    .option('--requires <component:counter>', 'another component, at least so new; repeat', gather)
    .option('--min-from <counter>', 'stepping stone: least counter to come from', wholeNumber)
    .option('--schedule <hours:basisPoints>', 'where no server speaks: who may take it when; repeat', gather)
    .option('--self-offer-after <days>', 'class security: then devices offer it whatever a server says', wholeNumber);
}

/** @throws SignerError `usage` where it is said twice or not at all, `file-invalid` */
export async function releaseOf(image: string | undefined, options: ReleaseOptions): Promise<ReleaseRequest> {
  return options.file === undefined ? asRequest(image, options) : fromFile(options.file, image, options);
}

/** One truth: what the file can say is not said by options, so that the file in version control tells all. */
async function fromFile(path: string, image: string | undefined, options: ReleaseOptions): Promise<ReleaseRequest> {
  const also = DESCRIBING.filter(name => options[name] !== undefined);
  if (also.length > 0) {
    const named = also.map(name => `--${name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`).join(', ');
    throw new SignerError('usage', `With --file the file says it all; leave out ${named}.`);
  }
  return releaseRequest(await readReleaseFile(path), path, { image, version: options.version });
}

function asRequest(image: string | undefined, options: ReleaseOptions): ReleaseRequest {
  const { disruption, severity, counter, product, channel, component, version, hardware } = options;
  const needed = { image, product, channel, component, version, hardware };
  const missing = Object.entries(needed).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (image === undefined || !product || !channel || !component || !version || !hardware) {
    throw new SignerError('usage', `Say ${missing.join(', ')} too, or give a release file: --file release.yaml.`);
  }
  const fixes = options.fix?.map(text => {
    const [id, risk] = pair(text, '=');
    return { id, risk: { en: risk } };
  });
  const requires = options.requires?.map(text => {
    const [needs, least] = pair(text, ':');
    if (!/^\d+$/.test(least)) throw new InvalidArgumentError('Write it as COMPONENT:COUNTER.');
    return { component: needs, minCounter: Number(least) };
  });
  const schedule = options.schedule?.map(text => {
    const [afterHours = '', basisPoints = ''] = /^(\d{1,9}):(\d{1,9})$/.exec(text)?.slice(1) ?? [];
    if (afterHours === '')
      throw new InvalidArgumentError('Write it as HOURS:BASISPOINTS, such as 24:1000 for a tenth.');
    return { afterHours: Number(afterHours), basisPoints: Number(basisPoints) };
  });
  return {
    file: image,
    product,
    channel,
    component,
    version,
    hardware: [...hardware],
    class: options.class ?? 'maintenance',
    format: options.format ?? 'file',
    counter,
    sbom: options.sbom,
    provenance: options.provenance,
    notesFile: options.notesFile,
    ...(disruption && { disruption }),
    ...(severity && { severity }),
    ...(fixes && { fixes }),
    ...(options.addsFeatures === true && { addsFeatures: true }),
    ...(options.mixedReason !== undefined && { mixedReason: options.mixedReason }),
    ...(options.notes !== undefined && { notes: options.notes }),
    ...(options.disruptionSeconds !== undefined && { disruptionSeconds: options.disruptionSeconds }),
    ...(options.minBattery !== undefined && { minBatteryPercent: options.minBattery }),
    ...(options.needsReboot === true && { needsReboot: true }),
    ...(requires && { requires }),
    ...(options.minFrom !== undefined && { minFromCounter: options.minFrom }),
    ...(schedule && { schedule }),
    ...(options.selfOfferAfter !== undefined && { selfOfferAfterDays: options.selfOfferAfter }),
  };
}
