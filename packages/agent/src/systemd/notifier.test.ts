/** A stand-in `systemd-notify` on the PATH writes down what it is run with: systemd itself is the outside world here. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openNotifier } from './notifier.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-notify-'));
});
afterEach(() => rm(folder, { recursive: true }));

const silent = pino({ level: 'silent' });

async function standIn(script: string): Promise<{ PATH: string; NOTIFY_SOCKET: string }> {
  await writeFile(join(folder, 'systemd-notify'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: `${folder}:/usr/bin:/bin`, NOTIFY_SOCKET: join(folder, 'notify') };
}

const RECORD = `printf '%s|' "$@" >> "$NOTIFY_SOCKET.told"; echo >> "$NOTIFY_SOCKET.told"`;

async function told(): Promise<string[]> {
  return (await readFile(join(folder, 'notify.told'), 'utf8')).trim().split('\n');
}

test('says nothing where nobody listens', () => {
  expect(openNotifier({ PATH: process.env['PATH'] }, silent)).toBeUndefined();
});

test('runs one systemd-notify at a time: what comes up meanwhile goes along with the next, the newest words win', async () => {
  const notifier = openNotifier(await standIn(RECORD), silent);
  notifier?.tell({ READY: '1', STATUS: 'idle' });
  for (let percent = 0; percent < 100; percent++) notifier?.tell({ STATUS: `downloading ${percent} %` });
  notifier?.tell({ WATCHDOG: '1' });
  await notifier?.told();
  notifier?.tell({ STOPPING: '1' });
  await notifier?.told();
  expect(await told()).toEqual(['READY=1|STATUS=idle|', 'STATUS=downloading 99 %|WATCHDOG=1|', 'STOPPING=1|']);
});

test.each([
  ['fails', 'exit 1'],
  ['is missing', undefined],
])('a systemd-notify that %s is logged once and hurts nobody', async (_how, script) => {
  const said: string[] = [];
  const log = pino({ level: 'warn' }, { write: line => void said.push(line) });
  const env = script === undefined ? { PATH: folder, NOTIFY_SOCKET: join(folder, 'notify') } : await standIn(script);
  const notifier = openNotifier(env, log);
  for (const STATUS of ['one', 'two', 'three']) {
    notifier?.tell({ STATUS });
    await notifier?.told();
  }
  expect(said).toHaveLength(1);
});
