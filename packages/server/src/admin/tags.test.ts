import { type DeviceView, LIMITS, type Problem, type TagAnswer } from '@tidegate/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seedDevices, seedId } from '../testing/seed.ts';
import { type TestApp, testApp } from '../testing/test-app.ts';
import { tagByFilter } from './tag-store.ts';

let app: TestApp;
let token: string;
const id = seedId('device 0');

beforeEach(async () => {
  app = await testApp();
  token = await app.apiToken('operator');
  await seedDevices(app.db, 5, new Date());
});
afterEach(() => app.close());

async function tag(body: object) {
  const answer = await app.admin('POST', '/device-tags', { token, body });
  return { ...(answer.json as TagAnswer & Problem), status: answer.status };
}

async function tagRows(rows: object[]) {
  const answer = await app.admin('POST', '/device-tags/rows', { token, body: { rows } });
  return { ...(answer.json as { changed: number } & Problem), status: answer.status };
}

async function listed(filter: string): Promise<string[]> {
  const { json } = await app.admin('GET', `/devices?filter=${encodeURIComponent(filter)}`, { token });
  return (json as { items: DeviceView[] }).items.map(d => d.id);
}

describe('tags', () => {
  it('are given and taken by name, as often as one likes, and found by filters', async () => {
    expect(await tag({ devices: [id, seedId('nobody')], add: ['lab', 'a-1'] })).toMatchObject({
      matched: 1,
      changed: 1,
    });
    expect(await tag({ devices: [id], add: ['lab'] })).toMatchObject({ matched: 1, changed: 0, next: null });
    const { json } = await app.admin('GET', `/devices/${id}`, { token });
    expect((json as DeviceView).tags).toEqual(['a-1', 'lab']);
    expect(await listed('tag==lab')).toEqual([id]);
    expect(await listed('tag!=lab')).toHaveLength(4);
    await tag({ devices: [id], remove: ['lab', 'b'] });
    expect(await listed('tag==lab')).toEqual([]);
  });

  it('are given by filter, a bounded part of a product at a time', async () => {
    await app.db.updateTable('devices').set({ hardware: 'gw-b' }).where('id', '=', id).execute();
    expect(await tag({ product: 'gw', filter: 'hardware==gw-a', add: ['old'] })).toMatchObject({
      matched: 4,
      changed: 4,
    });
    const change = { add: ['seen'], remove: [] };
    const first = await tagByFilter(app.db, { product: 'gw' }, change, new Date(), 3);
    expect(first).toMatchObject({ matched: 3, next: expect.any(String) });
    const rest = await tagByFilter(app.db, { product: 'gw', after: first.next ?? '' }, change, new Date(), 3);
    expect(rest).toMatchObject({ matched: 2, next: null });
    expect(await listed('tag==seen')).toHaveLength(5);
  });

  it('are bounded for each device: one that has all it may have stays as it was', async () => {
    const many = Array.from({ length: LIMITS.tagsPerDevice }, (_, i) => `t${i}`);
    await tag({ devices: [id], add: many });
    expect(await tag({ product: 'gw', add: ['one-more'] })).toMatchObject({ matched: 5, changed: 4, full: 1 });
    expect(await listed('tag==one-more')).toHaveLength(4);
    expect(await tag({ devices: [id], add: ['one-more'], remove: ['t0'] })).toMatchObject({ changed: 1, full: 0 });
  });

  it('leave the group alone, and a group leaves the tags: a device is in one at most', async () => {
    await tag({ devices: [id], add: ['lab'], group: 'north' });
    expect(await tag({ devices: [id], group: 'north' })).toMatchObject({ matched: 1, changed: 0 });
    await tag({ devices: [id], add: ['b'] });
    expect(await listed('group==north;tag==lab;tag==b')).toEqual([id]);
    await tag({ product: 'gw', filter: 'group==north', group: 'south' });
    expect([await listed('group==north'), await listed('group==south')]).toEqual([[], [id]]);
    await tag({ devices: [id], group: null });
    expect(await listed('group==*')).toEqual([]);
    const { json } = await app.admin('GET', `/devices/${id}`, { token });
    expect(json).toMatchObject({ tags: ['b', 'lab'], group: null });
  });

  it.each<[string, object, number, string]>([
    ['no tag', { devices: [id] }, 400, '/add'],
    ['nobody', { add: ['lab'] }, 400, '/product'],
    ['devices and a product', { add: ['lab'], devices: [id], product: 'gw' }, 400, '/devices'],
    ['what is no tag', { add: ['Lab!'], devices: [id] }, 400, '/add/0'],
    ['a filter that is none', { add: ['lab'], product: 'gw', filter: 'site==' }, 422, '/filter'],
  ])('are refused for %s', async (_, body, status, path) => {
    expect(await tag(body)).toMatchObject({ status, path });
  });

  it('are given by rows, to each device its own, as often as one likes', async () => {
    const [other, third] = [seedId('device 1'), seedId('device 2')];
    await tag({ devices: [third], add: ['x'], group: 'old' });
    const rows = [
      { device: id, add: ['lab', 'a'], group: 'north' },
      { device: other, add: ['lab'] },
      { device: third, remove: ['x', 'y'], group: null },
    ];
    expect(await tagRows(rows)).toMatchObject({ status: 200, changed: 3 });
    expect(await tagRows(rows)).toMatchObject({ status: 200, changed: 0 });
    expect(await listed('tag==lab')).toEqual([id, other].toSorted());
    expect(await listed('group==north')).toEqual([id]);
    expect(await listed('group==*,tag==x')).toEqual([id]);
  });

  it.each<[string, object[], string, RegExp]>([
    [
      'a device that is not there',
      [{ device: id, add: ['lab'] }, { device: seedId('nobody') }],
      '/rows/1/device',
      /no such device/,
    ],
    ['the same device twice', [{ device: id, add: ['lab'] }, { device: id }], '/rows/1/device', /as in row 1/],
    [
      'too many tags',
      [
        { device: id, add: ['lab'] },
        { device: seedId('device 1'), add: ['t0'] },
      ],
      '/rows/1/add',
      /32 tags/,
    ],
    [
      'what is no tag',
      [
        { device: id, add: ['lab'] },
        { device: seedId('device 1'), add: ['A B'] },
      ],
      '/rows/1/add/0',
      /./,
    ],
  ])('are given by rows to all or none: %s', async (_, rows, path, detail) => {
    const many = Array.from({ length: LIMITS.tagsPerDevice }, (_, i) => `u${i}`);
    await tag({ devices: [seedId('device 1')], add: many });
    expect(await tagRows(rows)).toMatchObject({
      status: 400,
      code: 'invalid-input',
      path,
      detail: expect.stringMatching(detail),
    });
    expect(await listed('tag==lab')).toEqual([]);
  });

  it('are for operators to change', async () => {
    const viewer = await app.apiToken('viewer');
    const body = { devices: [id], add: ['lab'] };
    expect((await app.admin('POST', '/device-tags', { token: viewer, body })).status).toBe(403);
  });
});
