/** `release.yaml`: what people say of a release, beside the image. */
import { dirname, resolve } from 'node:path';
import {
  ARTIFACT_FORMATS,
  closed,
  Counter,
  Firmware,
  LIMITS,
  Name,
  ReleaseClass,
  ScheduleStep,
  Version,
} from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import type { DocumentFiles } from '../documents/document.ts';
import { lookAtFiles, type SeenFile } from '../documents/look-at-files.ts';
import type { ReleaseRequest } from '../edit/release.ts';
import { classFaults } from '../policy/class-policy.ts';
import { selfOfferFaults } from '../policy/self-offer-policy.ts';
import { SignerError } from '../signer-error.ts';
import type { Progress } from '../store/intake.ts';
import { readYaml, type YamlFile } from './read-yaml.ts';
import { asLocalized, Text } from './text.ts';

const Path = Type.String({ minLength: 1, maxLength: 4096 });

export const ReleaseFile = Type.Object(
  {
    format: Type.Literal('tidegate-release-1'),
    image: Type.Optional(described(Path, 'The image, beside this file. May be left to the command line.')),
    product: Name,
    channel: Name,
    component: described(Name, 'What is updated by itself, such as rootfs or app.'),
    version: Type.Optional(
      described(Version, 'A label for people; order comes from the counter. May be left to the command line.'),
    ),
    hardware: Type.Array(Name, { minItems: 1, maxItems: 32, uniqueItems: true }),
    imageFormat: Type.Optional(
      Type.Enum([...ARTIFACT_FORMATS], { description: 'How the installer reads the image; file unless said.' }),
    ),
    class: ReleaseClass,
    severity: Type.Optional(Firmware.properties.severity),
    fixes: Type.Optional(
      Type.Array(closed({ id: Type.String({ minLength: 1, maxLength: 64 }), risk: Text }), {
        maxItems: 8,
        description: 'Flaws that it removes, each with the risk in plain words.',
      }),
    ),
    addsFeatures: Type.Optional(Type.Boolean({ description: 'It brings what the product could not do before.' })),
    mixedReason: Type.Optional(described(Text, 'Why fixes and features come together, where they do.')),
    notes: Type.Optional(Text),
    notesFile: Type.Optional(
      described(Path, 'Notes that are too long for the description: a text file beside this one.'),
    ),
    sbom: Type.Optional(described(Path, 'What the image is made of: CycloneDX or SPDX, as JSON.')),
    provenance: Type.Optional(described(Path, 'How the image was built: in-toto statement with SLSA provenance.')),
    counter: Type.Optional(described(Counter, 'The next one unless said.')),
    disruption: Type.Optional(Firmware.properties.disruption),
    disruptionSeconds: Firmware.properties.disruptionSeconds,
    minBatteryPercent: Firmware.properties.minBatteryPercent,
    needsReboot: Firmware.properties.needsReboot,
    requires: Type.Optional(Type.Array(closed({ component: Name, minCounter: Counter }), { maxItems: 8 })),
    minFromCounter: Type.Optional(described(Counter, 'Stepping stone: the least counter to come from.')),
    schedule: Type.Optional(
      Type.Array(closed(ScheduleStep.properties), {
        minItems: 1,
        maxItems: LIMITS.scheduleSteps,
        description: 'Where no server speaks: the share of devices that may take it so many hours after its release.',
      }),
    ),
    selfOfferAfterDays: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.selfOfferDays,
        description:
          'From then on devices offer it to their owners even where a server keeps it back. Class security only.',
      }),
    ),
    mustUnderstand: Firmware.properties.mustUnderstand,
  },
  { additionalProperties: false, title: 'A release of Tidegate' },
);
export type ReleaseFile = Static<typeof ReleaseFile>;

/** What a build knows and the file may leave out. */
export interface FromBuild {
  readonly image?: string | undefined;
  readonly version?: string | undefined;
}

/** Reads and judges the file by itself; the image need not be there. @throws SignerError `file-invalid`, `file-unreadable` */
export async function readReleaseFile(path: string): Promise<ReleaseFile> {
  return (await openReleaseFile(path)).value;
}

/**
 * The same, and the files that it names. @param image where the file leaves it to the command line
 * @throws SignerError `file-invalid` with all faults of those files, `file-unreadable`, `usage`
 */
export async function checkReleaseFile(
  path: string,
  image: string | undefined,
  onProgress?: Progress,
): Promise<{ readonly file: ReleaseFile; readonly seen: SeenFile[] }> {
  const { value: file, refuse } = await openReleaseFile(path);
  if (file.image !== undefined && image !== undefined) onePlace('image', file.image, image);
  const named = { ...documentsBeside(file, path), image: beside(path, file.image) ?? image };
  const { seen, faults } = await lookAtFiles(named, onProgress);
  refuse(faults);
  return { file, seen };
}

async function openReleaseFile(path: string): Promise<YamlFile<ReleaseFile>> {
  const file = await readYaml(path, ReleaseFile);
  const { class: releaseClass, addsFeatures } = file.value;
  file.refuse([
    ...classFaults({
      class: releaseClass,
      ...(addsFeatures !== undefined && { addsFeatures }),
      ...textsOf(file.value),
    }),
    ...selfOfferFaults(file.value),
  ]);
  return file;
}

/**
 * @param path of the file, beside which the image lies.
 * @throws SignerError `usage` where image or version are said nowhere, or twice
 */
export function releaseRequest(file: ReleaseFile, path: string, build: FromBuild): ReleaseRequest {
  const { format: _, image, version, imageFormat = 'file', fixes: _f, notes: _n, mixedReason: _m, ...said } = file;
  return {
    ...said,
    ...textsOf(file),
    format: imageFormat,
    ...documentsBeside(file, path),
    file: onePlace('image', beside(path, image), build.image),
    version: onePlace('version', version, build.version),
  };
}

function documentsBeside({ sbom, provenance, notesFile }: ReleaseFile, path: string): DocumentFiles {
  return { sbom: beside(path, sbom), provenance: beside(path, provenance), notesFile: beside(path, notesFile) };
}

/** Names in the file are relative to it. */
function beside(path: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : resolve(dirname(path), name);
}

function textsOf({ fixes, notes, mixedReason }: ReleaseFile): Pick<ReleaseRequest, 'fixes' | 'notes' | 'mixedReason'> {
  return {
    ...(fixes && { fixes: fixes.map(({ id, risk }) => ({ id, risk: asLocalized(risk) })) }),
    ...(notes !== undefined && { notes: asLocalized(notes) }),
    ...(mixedReason !== undefined && { mixedReason: asLocalized(mixedReason) }),
  };
}

function onePlace(what: string, inFile: string | undefined, inCall: string | undefined): string {
  const said = inFile ?? inCall;
  if (said === undefined) throw new SignerError('usage', `Neither the file nor the call says the ${what}.`);
  if (inFile === undefined || inCall === undefined) return said;
  throw new SignerError('usage', `The file says the ${what} already; say it in one place.`);
}

function described<T extends object>(schema: T, description: string): T & { description: string } {
  return { ...schema, description };
}
