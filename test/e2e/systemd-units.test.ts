/** The units as systemd itself reads them. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';

const UNITS = join(import.meta.dirname, '../../infra/systemd');
const SERVICES = ['tidegate-agent.service', 'tidegate-agent-once.service'];
/** `systemd-analyze` counts in tenths here: an exposure of 3.0. */
const EXPOSURE_TENTHS_MAX = '30';

function analyze(...args: string[]) {
  return spawnSync('systemd-analyze', args, { encoding: 'utf8' });
}

test.each(SERVICES)('%s leaves the supervised service alone when the agent ends', async unit => {
  expect(await readFile(join(UNITS, unit), 'utf8')).toMatch(/^KillMode=process$/m);
});

test.each(SERVICES)('systemd finds no fault in %s', async unit => {
  await using folder = await tempFolder('tidegate-units');
  const files: string[] = [];
  for (const name of [unit, 'tidegate-agent-once.timer', 'tidegate-agent-once.service']) {
    const file = join(folder.path, name);
    // The device's Node is not on this machine.
    const text = await readFile(join(UNITS, name), 'utf8');
    await writeFile(file, text.replace('/usr/bin/node', process.execPath));
    files.push(file);
  }
  const { status, stderr } = analyze('verify', '--man=no', ...files);
  expect(stderr.split('\n').filter(line => line.includes('tidegate'))).toEqual([]);
  expect(status).toBe(0);
});

test.each(SERVICES)('%s exposes little', unit => {
  const { status } = analyze('security', '--offline=true', `--threshold=${EXPOSURE_TENTHS_MAX}`, join(UNITS, unit));
  expect(status).toBe(0);
});
