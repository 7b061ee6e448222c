import { expect, it } from 'vitest';
import { entityTag, hasAlready } from './entity-tag.ts';

const tag = entityTag(Buffer.from('abc'));

it('is the SHA-256 of the bytes', () => {
  expect(tag).toBe('"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"');
});

it('knows its bytes in a list, from a proxy that made it weak, and in anything', () => {
  for (const header of [tag, `W/${tag}`, `"a,b", ${tag}`, ` ${tag} ,W/"b"`, '*', ' * ']) {
    expect([header, hasAlready(header, tag)]).toEqual([header, true]);
  }
});

it('takes other bytes for none, and what cannot be read for nothing', () => {
  for (const header of [undefined, '', ',', '"other"', tag.slice(1, -1), `"x${tag.slice(1)}`, `"*"`, `${tag}-gzip`]) {
    expect([header, hasAlready(header, tag)]).toEqual([header, false]);
  }
});
