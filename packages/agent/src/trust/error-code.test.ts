import { LengthOrHashMismatchError, UnsignedMetadataError } from '@tufjs/models/dist/error.js';
import {
  BadVersionError,
  DownloadHTTPError,
  EqualVersionError,
  ExpiredMetadataError,
  PersistError,
  RepositoryError,
} from 'tuf-js/dist/error.js';
import { expect, test } from 'vitest';
import { AgentError } from '../agent-error.ts';
import { trustError } from './error-code.ts';

test.each<[Error, string]>([
  [new UnsignedMetadataError('root was signed by 1/2 keys'), 'metadata-signature'],
  [new ExpiredMetadataError('timestamp.json is expired'), 'metadata-expired'],
  [new BadVersionError('New timestamp version 1 is less than current version 2'), 'metadata-rollback'],
  [new BadVersionError('Expected version 10, got 9'), 'metadata-rollback'],
  [new BadVersionError('Expected version 9, got 10'), 'metadata-mismatch'],
  [new BadVersionError("Snapshot version doesn't match timestamp"), 'metadata-mismatch'],
  [new EqualVersionError('the same'), 'metadata-mismatch'],
  [new RepositoryError('Missing file p-gw2-stable.json in new snapshot'), 'metadata-rollback'],
  [new RepositoryError('Missing p-gw2-stable.json in snapshot'), 'metadata-mismatch'],
  [new LengthOrHashMismatchError('Expected hash a but got b'), 'metadata-mismatch'],
  [new DownloadHTTPError('Failed to download', 404), 'network'],
  [new PersistError('Failed to persist metadata root error: Error: ENOSPC'), 'disk-full'],
  [new PersistError('Failed to persist metadata root error: Error: EROFS'), 'disk-io'],
  [new SyntaxError('Unexpected token'), 'metadata-malformed'],
  [new TypeError('version must be a number'), 'metadata-malformed'],
  [Object.assign(new Error('no space'), { errno: -28, code: 'ENOSPC' }), 'disk-full'],
  [new AgentError('stopped', 'stopped'), 'stopped'],
])('%s becomes %s', (error, code) => {
  expect(trustError(error).code).toBe(code);
});

test('what was thrown and is no error is our own fault', () => {
  expect(trustError('text').code).toBe('internal');
});
