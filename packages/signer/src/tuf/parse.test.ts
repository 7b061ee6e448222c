import { expect, test } from 'vitest';
import { parseTargets } from './parse.ts';

const list = (custom: string) =>
  Buffer.from(
    `{"signatures":[],"signed":{"_type":"targets","spec_version":"1.0.31","version":1,"expires":"2026-03-01T12:00:00Z",` +
      `"targets":{"a":{"length":1,"hashes":{"sha256":"${'0'.repeat(64)}"},"custom":{"x":${custom}}}}}}`,
  );

test.each(['1.5', '9007199254740992', '1e999', `${'['.repeat(300_000)}${']'.repeat(300_000)}`])(
  'what canonical JSON cannot say is refused in fields that nobody knows too (%#)',
  custom => {
    expect(() => parseTargets(list(custom), 'x.json')).toThrow(expect.objectContaining({ code: 'metadata-invalid' }));
  },
);
