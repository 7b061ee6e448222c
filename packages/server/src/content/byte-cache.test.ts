import { expect, it } from 'vitest';
import { byteCache } from './byte-cache.ts';

const of = (length: number) => ({ bytes: Buffer.alloc(length) });

/** A cache of ten bytes, and what it loaded. */
function counted() {
  const cache = byteCache(10);
  const loads: string[] = [];
  const get = (name: string, file: { bytes: Buffer } | undefined) =>
    cache.get(name, async () => {
      loads.push(name);
      return file;
    });
  return { get, loads };
}

it('loads once what many ask for at once, and what is asked for again', async () => {
  const { get, loads } = counted();
  await Promise.all([get('a', of(5)), get('a', of(5))]);
  await get('a', of(5));
  expect(loads).toEqual(['a']);
});

it('forgets what was not used for longest, and keeps nothing that is larger than all of it', async () => {
  const { get, loads } = counted();
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await get(name, of(5));
  expect(loads).toEqual(['a', 'b', 'c', 'b']);
  for (const _ of [1, 2]) expect((await get('large', of(11)))?.bytes).toHaveLength(11);
  expect(loads.slice(4)).toEqual(['large', 'large']);
});

it('remembers neither what is missing nor a failure', async () => {
  const { get, loads } = counted();
  for (const _ of [1, 2]) expect(await get('none', undefined)).toBeUndefined();
  expect(loads).toHaveLength(2);
  const cache = byteCache(10);
  await expect(cache.get('a', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  expect((await cache.get('a', async () => of(1)))?.bytes).toHaveLength(1);
});
