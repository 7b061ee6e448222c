import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hex32List, phaseList, phaseText, share, shareWords, targetPath, wholeNumber, windowRules } from './command.ts';

test('reads each share that it writes, to the basis point', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), basisPoints => {
      expect(share(shareWords(basisPoints))).toBe(basisPoints);
    }),
  );
  const shares = [{ basisPoints: 1000 }, { basisPoints: 5000 }, { basisPoints: 10_000 }];
  expect(phaseList('10%, 50%,100%')).toEqual(shares);
});

test.each(['', '10', '101%', '100.01%', '1.234%', '-1%', '1e2%', '%', '10%,', 'ten%'])('refuses %j as shares', text => {
  expect(() => phaseList(text)).toThrow();
});

test('reads numbers of devices before shares, and writes them so that they can be read again', () => {
  const phases = [{ devices: 1 }, { devices: 25 }, { basisPoints: 10_000 }];
  expect(phaseList('1dev, 25 devices,100%')).toEqual(phases);
  expect(phaseList(phases.map(phaseText).join(','))).toEqual(phases);
  for (const text of ['5 devs,100%', '-5dev', '1.5dev']) expect(() => phaseList(text)).toThrow();
});

test('refuses numbers beyond their bounds and whatever is none', () => {
  const parse = wholeNumber(1, 10);
  expect(parse('10')).toBe(10);
  for (const text of ['0', '11', '1.5', '', '0x1', '1e1', '99999999999999999999']) expect(() => parse(text)).toThrow();
});

test('takes ids alone, so that no path is made of anything else', () => {
  const id = '0123456789abcdef0123456789abcdef';
  expect(hex32List(`${id}, ${id}`)).toEqual([id, id]);
  for (const text of ['..', `${id}/..`, id.toUpperCase(), `${id},`]) expect(() => hex32List(text)).toThrow();
});

test('collects windows, and says how one is written where it is none', () => {
  const first = windowRules('sat 02:00-05:00');
  expect(windowRules('22:00-24:00', first)).toMatchObject([{ days: ['sat'] }, { from: '22:00', to: '24:00' }]);
  for (const text of ['always', '02:00-02:00', 'sat 2-5'])
    expect(() => windowRules(text)).toThrow('mon-fri 02:00-05:00');
  expect(() => windowRules('mon 02:00-02:00')).toThrow('The end of «mon 02:00-02:00» is the same time');
});

test('says what phases and targets look like where they are something else', () => {
  expect(() => phaseList('10,20')).toThrow('numbers of devices such as 5dev');
  expect(targetPath('gw2/stable/app/1.1.0/app.tgz')).toBe('gw2/stable/app/1.1.0/app.tgz');
  for (const text of ['app.tgz', '../stable/app/1.1.0/app.tgz', ''])
    expect(() => targetPath(text)).toThrow('tidegate release list');
});
