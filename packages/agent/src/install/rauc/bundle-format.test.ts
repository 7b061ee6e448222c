import { expect, test } from 'vitest';
import { bundleFault, PLAIN_BYTES_MAX } from './bundle-format.ts';

const tooBig = { format: 'plain', lengthBytes: PLAIN_BYTES_MAX + 1 };

test.each(['rauc 1.8', 'rauc 1.15.1', 'rauc 1.15', 'rauc 0.4', 'who knows'])(
  'a plain bundle that %s would check by halves is refused',
  version => {
    expect(bundleFault(version, tooBig)).toContain('CVE-2026-34155');
  },
);

test.each(['rauc 1.15.2', 'rauc 1.15.10', 'rauc 1.16', 'rauc 2.0', 'rauc 1.15.2-3-gabcdef'])(
  '%s checks all of it',
  version => {
    expect(bundleFault(version, tooBig)).toBeUndefined();
  },
);

test('what old versions check whole is let through: smaller ones, and other formats', () => {
  expect(bundleFault('rauc 1.8', { format: 'plain', lengthBytes: PLAIN_BYTES_MAX })).toBeUndefined();
  expect(bundleFault('rauc 1.8', { ...tooBig, format: 'verity' })).toBeUndefined();
});
