/** What time does to a service: warnings before lists run out, and an end for lists that nobody signs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Repository } from '@tidegate/signer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { DAY_MS } from '../src/attacked-device.ts';
import { makeTestClock, type TestClock } from '../src/victim.ts';
import { until } from '../src/until.ts';
import { type Maker, openMaker, ServiceClient, startServiceProcess } from './maker.ts';

// Several starts of processes, each of which a busy machine draws out.
vi.setConfig({ testTimeout: 300_000 });

const SHIFTED = fileURLToPath(new URL('shifted-service.ts', import.meta.url));

interface Health {
  readonly status: string;
  readonly stage: string;
  readonly trouble: object | null;
  readonly expiring: readonly { readonly role: string }[];
}

let time: TestClock;
let maker: Maker;
let born: number;

beforeAll(async () => {
  time = makeTestClock(Date.now());
  born = time.nowMs;
  maker = await openMaker({ clock: { now: () => new Date(time.nowMs) } });
});
afterAll(() => maker?.[Symbol.asyncDispose]());

/** The service so many days after the ceremony, until the work is done. */
async function onDay(day: number, work: (client: ServiceClient, url: string) => Promise<void>): Promise<void> {
  time.nowMs = born + day * DAY_MS;
  const env = { DATABASE_URL: maker.databaseUrl };
  const service = await startServiceProcess(maker, await maker.configure(), env, [SHIFTED, String(day)]);
  try {
    await work(await new ServiceClient(service.url).active(), service.url);
  } finally {
    await service.child.stop();
  }
}

test.each([
  [16, 'half', 'warning', 0.53, 'half of its life is used'],
  [23, 'soon', 'warning', 0.76, 'three quarters of its life are used'],
  [28, 'now', 'failing', 0.93, 'nine tenths of its life are used'],
] as const)(
  'on day %d of 30 the holds’ list is told as "%s" by health, figures and log',
  async (day, warning, status, used, words) => {
    await onDay(day, async (_client, url) => {
      // What the last process left unfinished is too old by now, which is told until a new set is out.
      const health = await until('a new set to be out', async () => {
        const seen = (await (await fetch(`${url}/healthz`)).json()) as Health;
        const old = seen.expiring.some(e => e.role === 'snapshot' || e.role === 'timestamp');
        return old || seen.trouble || seen.stage !== 'idle' ? undefined : seen;
      });
      expect(health).toMatchObject({ status, expiring: [{ role: 'h-gw2', warning, daysLeft: 30 - day - 1 }] });
      const figures = await (await fetch(`${url}/metrics`)).text();
      expect(figures).toContain(`tidegate_signer_role_life_used_ratio{role="h-gw2"} ${used}`);
      expect(await readFile(join(maker.dir, 'service.log'), 'utf8')).toContain(`h-gw2: ${words}`);
    });
  },
);

test('a list that nobody signs is given up after thirty days, and its draft with it', async () => {
  const built = await maker.build({ version: '1', bytes: 'nobody signs', channel: 'stable' });
  let id = '';
  await onDay(28, async client => {
    const { request, sha256, bytes } = built;
    const submitted = await client.submit({ request, sha256, bytes });
    expect(submitted.state).toBe('waiting');
    id = submitted.id;
  });
  const drafts = async () => (await (await Repository.open(maker.repositoryDir)).status()).filter(r => r.draft);
  expect((await drafts()).map(r => r.role)).toEqual(['p-gw2-stable']);
  await onDay(59, async client => {
    expect(await client.settled(id)).toMatchObject({
      state: 'refused',
      refusal: { code: 'threshold-not-met', detail: expect.stringContaining('30 days') },
    });
  });
  expect(await drafts()).toEqual([]);
});
