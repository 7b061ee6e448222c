/**
 * Tests: environments made by the real tools of U-Boot and GRUB, and a boot loader that does with their variables what the
 * guide's scripts do.
 */
import { execFileSync } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DurableFiles } from '../../durable/durable-files.ts';
import type { SlotName } from '../../ports.ts';
import { type BootEnvironment, bootState } from './boot-environment.ts';
import { grubEnvironment } from './grub-environment.ts';
import { ubootEnvironment } from './uboot-environment.ts';

export async function makeUboot(folder: string): Promise<(files: DurableFiles) => BootEnvironment> {
  const [environment, config] = [join(folder, 'env.bin'), join(folder, 'fw_env.config')];
  const [defaults, nothing] = [join(folder, 'defaults.txt'), join(folder, 'nothing.txt')];
  await writeFile(environment, '');
  await truncate(environment, 0x4000);
  await writeFile(config, `${environment} 0x0000 0x2000\n${environment} 0x2000 0x2000\n`);
  await writeFile(defaults, 'bootcmd=run tidegate\ntidegate_slot=a\nupgrade_available=0\nbootcount=0\n');
  await writeFile(nothing, 'bootlimit=3\n');
  execFileSync('fw_setenv', ['-c', config, '-f', defaults, '-s', nothing], { stdio: 'ignore' });
  return files => ubootEnvironment(config, join(folder, 'trust/boot.txt'), files);
}

export async function makeGrub(folder: string): Promise<(files: DurableFiles) => BootEnvironment> {
  const file = join(folder, 'grubenv');
  execFileSync('grub-editenv', [file, 'create']);
  execFileSync('grub-editenv', [file, 'set', 'tidegate_slot=a', 'upgrade_available=0', 'bootcount=0', 'saved=x']);
  return files => grubEnvironment(file, files);
}

/** One start of the machine. @returns the slot that runs then @throws Error where neither does */
export async function bootLoader(environment: BootEnvironment): Promise<SlotName> {
  const started = await startNext(environment);
  if (started === 'recovery') throw new Error('the recovery system starts');
  return started;
}

export async function startNext(environment: BootEnvironment): Promise<SlotName | 'recovery'> {
  const { next, armed } = bootState(await environment.read());
  if (next === undefined) throw new Error('nothing to start');
  if (!armed) return next;
  const bootcount = Number((await environment.read())['bootcount']) + 1;
  await environment.write({ bootcount: String(bootcount) });
  const { bootlimit, recoverylimit } = await environment.read();
  if (bootcount > Number(recoverylimit)) {
    await environment.write({ tidegate_recovery: '1' });
    return 'recovery';
  }
  const isUsedUp = bootcount > Number(bootlimit);
  return isUsedUp === (next === 'a') ? 'b' : 'a';
}
