import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultOf, rolesFor, type Rule } from './claims-policy.ts';

const ISSUER = 'https://ci.example';
const rule = (claims: Rule['claims'], more: Partial<Rule> = {}): Rule => ({
  issuer: ISSUER,
  claims,
  product: 'gw2',
  channel: 'beta',
  ...more,
});
const plain = fc.string({ minLength: 1, maxLength: 12 }).filter(s => !s.includes('*'));

describe('rules', () => {
  test('give nothing to a token that lacks a claim, has it otherwise, or has another issuer', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('repository', 'ref', 'environment'), plain), plain, (claims, ref) => {
        const rules = [rule({ repository: 'acme/gw2', ref })];
        const fits = claims['repository'] === 'acme/gw2' && claims['ref'] === ref;
        expect(rolesFor(rules, ISSUER, claims)).toEqual(fits ? ['p-gw2-beta'] : []);
        expect(rolesFor(rules, 'https://evil.example', claims)).toEqual([]);
      }),
    );
  });

  test('take a star for any characters, as a backtracking pattern would', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 8 }).map(p => p.join(''));
    const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 10 }).map(t => t.join(''));
    fc.assert(
      fc.property(pattern, text, (wanted, value) => {
        const expected = new RegExp(`^${wanted.replaceAll('*', '.*')}$`).test(value);
        expect(rolesFor([rule({ ref: wanted })], ISSUER, { ref: value }).length > 0).toBe(expected);
      }),
    );
  });

  test('are linear in what is compared: no claim keeps the service busy', () => {
    const wanted = `${'*a'.repeat(200)}*b`;
    const before = process.cpuUsage();
    expect(rolesFor([rule({ ref: wanted })], ISSUER, { ref: 'a'.repeat(16_000) })).toEqual([]);
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
  });

  test('look only at own claims that are text, numbers or booleans', () => {
    const none = (claims: Record<string, unknown>) =>
      expect(rolesFor([rule({ ref: '*' })], ISSUER, claims)).toEqual([]);
    none({ ref: ['main'] });
    none({ ref: { a: 1 } });
    none({ ref: null });
    none(Object.create({ ref: 'main' }) as Record<string, unknown>);
    expect(rolesFor([rule({ ref_protected: 'true' })], ISSUER, { ref_protected: true })).toEqual(['p-gw2-beta']);
  });

  test('of several that fit give each role once', () => {
    const rules = [rule({ ref: 'a' }), rule({ ref: ['b', 'a'] }), rule({ ref: 'a' }, { channel: 'stable' })];
    expect(rolesFor(rules, ISSUER, { ref: 'a' })).toEqual(['p-gw2-beta', 'p-gw2-stable']);
  });
});

test('a rule that names no project in full is a fault: any project of the issuer could submit', () => {
  expect(faultOf(rule({ repository: 'acme/gw2', ref: '*' }))).toBe(undefined);
  expect(faultOf(rule({ ref: 'main' }))).toContain('names no project');
  expect(faultOf(rule({ repository: 'acme/*' }))).toContain('names no project');
  expect(faultOf(rule({ repository: ['acme/gw2', 'acme/*'] }))).toContain('names no project');
});

test('a rule opens a channel or the holds of a product, and says which', () => {
  const claims = { sub: 'grace', repository: 'acme/gw2' };
  const { channel: _channel, ...neither } = rule({ sub: 'grace' });
  expect(rolesFor([{ ...neither, holds: true }], ISSUER, claims)).toEqual(['h-gw2']);
  expect(faultOf({ ...neither, holds: true })).toBe(undefined);
  expect(faultOf(neither)).toContain('a channel, or holds');
  expect(faultOf(rule({ sub: 'grace' }, { holds: true }))).toContain('a channel, or holds');
});
