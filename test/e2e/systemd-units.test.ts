/** The units as systemd itself reads them. Defined only where systemd-analyze is there. */
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

if (analyze('security', '--help').stdout?.includes('--offline')) {
  test('systemd finds no fault in the units', async () => {
    await using folder = await tempFolder('tidegate-units');
    const files: string[] = [];
    for (const unit of [...SERVICES, 'tidegate-agent-once.timer']) {
      const file = join(folder.path, unit);
      // The device's Node is not on this machine.
      const text = await readFile(join(UNITS, unit), 'utf8');
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
}
