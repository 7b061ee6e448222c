/**
 * The one place where faults of tuf-js and its models become codes of ours. tuf-js uses one class for different
 * attacks, so some are told apart by their text: the tests pin each of them to the version in use.
 */
import { AgentError, asAgentError } from '../agent-error.ts';
import type { Code } from '@tidegate/protocol';
import { LengthOrHashMismatchError, UnsignedMetadataError } from '@tufjs/models/dist/error.js';
import {
  BadVersionError,
  DownloadHTTPError,
  ExpiredMetadataError,
  PersistError,
  RepositoryError,
} from 'tuf-js/dist/error.js';

export function trustError(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error, message);
  return code ? new AgentError(code, message.slice(0, 300), { cause: error }) : asAgentError(error);
}

function codeOf(error: unknown, message: string): Code | undefined {
  if (error instanceof DownloadHTTPError) return 'network';
  if (error instanceof ExpiredMetadataError) return 'metadata-expired';
  if (error instanceof UnsignedMetadataError) return 'metadata-signature';
  if (error instanceof LengthOrHashMismatchError) return 'metadata-mismatch';
  if (error instanceof BadVersionError) return isOlder(message) ? 'metadata-rollback' : 'metadata-mismatch';
  if (error instanceof RepositoryError) return repositoryCode(message);
  if (error instanceof PersistError) return /ENOSPC|EDQUOT/.test(message) ? 'disk-full' : 'disk-io';
  if (error instanceof Error && 'errno' in error) return undefined;
  // What the models throw at malformed input: SyntaxError, TypeError, ReferenceError, RangeError, their ValueError.
  if (error instanceof Error) return 'metadata-malformed';
  return undefined;
}

function repositoryCode(message: string): Code {
  // A role that vanished from the snapshot hides its updates for ever (TUF 5.5.5).
  if (/^Missing file .* in new snapshot/.test(message)) return 'metadata-rollback';
  if (/^Missing .* in snapshot/.test(message)) return 'metadata-mismatch';
  return 'metadata-malformed';
}

function isOlder(message: string): boolean {
  if (message.includes('is less than current version')) return true;
  // An old root served under the next one's name (TUF 5.3.5).
  const root = /^Expected version (\d+), got (\d+)$/.exec(message);
  return root !== null && Number(root[2]) < Number(root[1]);
}
