import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BOOTS_REMEMBERED, followBoots } from './boot-trail.ts';

const boots = fc.uniqueArray(fc.nat().map(String), { minLength: 1, maxLength: 40 });

it('takes restarts for restarts, however many, and however often each boot is heard of', () => {
  fc.assert(
    fc.property(boots, fc.integer({ min: 1, max: 4 }), (ids, times) => {
      const heard = ids.flatMap(id => Array.from({ length: times }, () => id));
      expect(followBoots([], heard)).toEqual({ recent: ids.slice(-BOOTS_REMEMBERED), isClone: false });
    }),
  );
});

it('notices a boot that comes back after others, as long as it is remembered', () => {
  fc.assert(
    fc.property(boots, fc.nat(), (ids, pick) => {
      fc.pre(ids.length > 1);
      const kept = ids.slice(-BOOTS_REMEMBERED);
      const back = kept[pick % (kept.length - 1)] ?? '';
      const { recent, isClone } = followBoots([], [...ids, back]);
      expect({ isClone, last: recent.at(-1) }).toEqual({ isClone: true, last: back });
      expect(new Set(recent).size).toBe(recent.length);
    }),
  );
});

it('comes to the same whether boots are heard of one by one or many at once', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 }), fc.nat(), (heard, cut) => {
      const first = followBoots([], heard.slice(0, cut % (heard.length + 1)));
      const then = followBoots(first.recent, heard.slice(cut % (heard.length + 1)));
      expect({ recent: then.recent, isClone: first.isClone || then.isClone }).toEqual(followBoots([], heard));
    }),
  );
});
