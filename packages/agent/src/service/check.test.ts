import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findMarked, SERVICE_MARK } from './processes.ts';
import { proveByCheck } from './check.ts';

const never = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-check-'));
});
afterEach(() => rm(folder, { recursive: true }));

const sh = (script: string, timeoutSeconds = 20) =>
  proveByCheck({ command: ['sh', '-c', script], timeoutSeconds }, folder, never);

test('a check that ends with 0 is content; it runs in the folder, without the environment of the agent', async () => {
  process.env['TIDEGATE_SECRET'] = 'mine';
  await sh('test "$PWD" = "$(pwd)" && test -z "$TIDEGATE_SECRET" && touch ran');
  delete process.env['TIDEGATE_SECRET'];
  await sh('test -e ran');
});

test('a check that ends otherwise says no, with its last words', async () => {
  await expect(sh('echo the lamp is dark >&2; exit 3')).rejects.toMatchObject({
    code: 'health-failed',
    message: expect.stringContaining('ended with 3: the lamp is dark'),
  });
});

test('a check that cannot be run says no', async () => {
  const missing = proveByCheck({ command: ['/no/such/program'], timeoutSeconds: 20 }, folder, never);
  await expect(missing).rejects.toMatchObject({ code: 'health-failed' });
});

test('a check that does not end is ended, and all that it started', async () => {
  const endless = sh(`${SERVICE_MARK}=${folder} sleep 600 & sleep 600`, 0.3);
  await expect(endless).rejects.toMatchObject({ code: 'trial-timeout' });
  await expect.poll(() => findMarked(folder)).toEqual([]);
});

test('the end of the agent is no verdict on the software', async () => {
  const stopping = new AbortController();
  const check = proveByCheck({ command: ['sh', '-c', 'sleep 600'], timeoutSeconds: 20 }, folder, stopping.signal);
  stopping.abort();
  await expect(check).rejects.toMatchObject({ code: 'not-now' });
});
