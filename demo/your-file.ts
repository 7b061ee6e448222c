/** The user's own file: signed, rolled out, installed as it is on every device, and compared there with what was given. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { FACTORY_FILE, FILE_COMPONENT, installedFile, PRODUCT, type World } from '@tidegate/test';
import { formatTargetPath } from '@tidegate/protocol';
import type { Spoils } from './attacks.ts';
import { type FirmwareFile, keepFirmware } from './firmware-file.ts';
import { rollOut } from './releases.ts';
import type { View } from './view/view.ts';

const RE_RELEASED = '+again';

export interface YourFileOutcome {
  readonly verified: number;
  readonly firmware: {
    readonly file: string;
    readonly version: string;
    readonly target: string;
    readonly bytes: number;
    readonly sha256: string;
    /** Where each device holds it. */
    readonly installed: readonly string[];
  };
}

/** Brings the file to the whole fleet and looks at what each device then holds. */
export async function yourFile(world: World, view: View, file: FirmwareFile): Promise<YourFileOutcome> {
  const { path, name, version, bytes } = file;
  view.chapter(`Your file: ${basename(path)}`);
  if (name !== basename(path)) view.say(`its name does not fit into the path of a target; it is signed as ${name}`);
  const { copy, sha256 } = await keepFirmware(file, keptIn(world));
  view.say(`${bytes} bytes, sha256 ${sha256}`);
  const target = await world.publishFile(copy, version);
  const rollout = await rollOut(world, view, { target, version, component: FILE_COMPONENT });
  if (rollout.state !== 'completed') throw new Error(`the rollout of ${name} ended ${rollout.state}`);
  const installed = world.fleet.members.map(({ device }) => installedFile(device.plan.folder, name));
  for (const there of installed)
    if ((await hashOf(there)) !== sha256) throw new Error(`${there} is not what was given`);
  view.say(`${rollout.state}: ${rollout.counts.verified} of ${world.fleet.members.length} devices verified`);
  view.say('verified means here: after the switch the file was read back from the disk, and every byte is as signed.');
  view.say('Nothing runs it, so nothing is said of whether it works; a `check` command in the config can say that.');
  return { verified: rollout.counts.verified, firmware: { file: path, version, target, bytes, sha256, installed } };
}

/** What the attacker makes use of: the same bytes signed again as the next version, and what the factory signed. */
export async function spoilsOfFile(world: World, { name, version }: FirmwareFile): Promise<Spoils> {
  const next = `${version.slice(0, 64 - RE_RELEASED.length)}${RE_RELEASED}`;
  const good = await world.publishFile(join(keptIn(world), name), next);
  const place = { product: PRODUCT, channel: 'stable', component: FILE_COMPONENT };
  const older = formatTargetPath({ ...place, version: FACTORY_FILE.version, file: FACTORY_FILE.name });
  return { good: { target: good, counter: 3 }, older: { target: older, counter: FACTORY_FILE.counter } };
}

function keptIn(world: World): string {
  return join(world.folder, PRODUCT, 'your-file');
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
