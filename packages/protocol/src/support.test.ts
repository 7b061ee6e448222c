import { expect, test } from 'vitest';
import { promisedIn, promisesLess } from './support.ts';

const descriptor = (version: string, supportEnds: string) => ({
  [`gw2/stable/product/${version}/product.json`]: {
    custom: {
      schema: 1,
      kind: 'product',
      component: 'product',
      version,
      supportEnds,
      releasedAt: '2026-03-01T12:00:00Z',
    },
  },
});

test('the descriptor with the highest number counts, whatever the order of their names', () => {
  const list = { ...descriptor('10', '2031-12-31'), ...descriptor('9', '2040-01-01'), 'gw2/stable/app/1/x': {} };
  expect(promisedIn(list)).toMatchObject({ revision: 10, supportEnds: '2031-12-31' });
  expect(promisedIn({ 'gw2/stable/product/1/product.json': { custom: { kind: 'product' } } })).toBeUndefined();
});

test.each([
  ['the same again', descriptor('1', '2031-12-31'), false],
  ['a later day', { ...descriptor('1', '2031-12-31'), ...descriptor('2', '2032-01-01') }, false],
  ['an earlier day', { ...descriptor('1', '2031-12-31'), ...descriptor('2', '2031-12-30') }, true],
  ['no descriptor any more', {}, true],
])('%s promises less: %s', (_, next, less) => {
  expect(promisesLess(promisedIn(descriptor('1', '2031-12-31')), promisedIn(next))).toBe(less);
  expect(promisesLess(undefined, promisedIn(next))).toBe(false);
});
