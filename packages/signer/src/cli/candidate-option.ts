/** A draft as it is named on the command line: a role of the repository, or a payload file on a machine without one. */
import type { Command } from 'commander';
import { LIMITS } from '@tidegate/protocol';
import type { Candidate } from '../edit/candidate.ts';
import { candidateFromPayload, PAYLOAD_BYTES } from '../edit/payload.ts';
import { SignerError } from '../signer-error.ts';
import { type Common, openRepository } from './command.ts';
import { neededFile } from './files.ts';
import { knownKeys } from './known-keys.ts';
import type { Terminal } from './terminal.ts';

export interface CandidateOptions extends Common {
  readonly payload?: string;
  readonly trustedRoot?: string;
}

export function withCandidate(cmd: Command): Command {
  return cmd
    .argument('[role]', 'a role of the repository; not with --payload')
    .option('--payload <file>', 'payload file instead of a repository')
    .option('--trusted-root <file>', 'root that you trust: the payload must lead on from it');
}

/** @throws SignerError `usage`, and those of the draft */
export async function candidateOf(
  role: string | undefined,
  options: CandidateOptions,
  terminal: Terminal,
): Promise<Candidate> {
  const { payload, trustedRoot } = options;
  if ((role === undefined) === (payload === undefined)) {
    throw new SignerError('usage', 'Say either a role of the repository or --payload FILE.');
  }
  if (role !== undefined) return (await openRepository(options, terminal)).candidate(role);
  if (trustedRoot === undefined && options.json !== true) {
    terminal.err('The roots in this file are as its sender says. Give --trusted-root with one that you trust.\n');
  }
  return candidateFromPayload(await neededFile(payload ?? '', PAYLOAD_BYTES), {
    now: terminal.now(),
    keys: await knownKeys(options),
    trustedRoot: trustedRoot === undefined ? undefined : await neededFile(trustedRoot, LIMITS.rootBytes),
  });
}
