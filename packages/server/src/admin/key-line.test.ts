import fc from 'fast-check';
import { expect, it } from 'vitest';
import { testDeviceKey } from '../testing/test-app.ts';
import { readHeading, readKeyLine } from './key-line.ts';

const COLUMNS = ['product', 'publicKey', 'label'] as const;
const isProduct = (name: string) => name === 'gw2';
const good = `gw2,${testDeviceKey('P-256').publicKey},x`;

it('never throws, whatever bytes a line or a heading holds', () => {
  const nearly = fc
    .tuple(fc.nat({ max: good.length }), fc.string({ unit: 'binary', maxLength: 5 }))
    .map(([at, text]) => Buffer.from(good.slice(0, at) + text + good.slice(at)));
  fc.assert(
    fc.property(fc.oneof(nearly, fc.uint8Array({ maxLength: 300 }).map(Buffer.from)), line => {
      const read = readKeyLine(line, COLUMNS, isProduct);
      expect('key' in read ? read.key.product : read.fault.detail).toMatch(/./);
      readHeading(line);
    }),
  );
});

it('brings back every label that a spreadsheet can hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), label => {
      const quoted = `"${label.replaceAll('"', '""')}"`;
      const read = readKeyLine(Buffer.from(good.slice(0, -1) + quoted), COLUMNS, isProduct);
      const control = /\p{Cc}/u.test(label);
      expect('key' in read ? read.key.label : 'fault').toBe(control ? 'fault' : label === '' ? null : label);
    }),
  );
});
