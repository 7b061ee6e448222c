/**
 * A draft as it is named on the command line: a role of the repository, or, on a machine without one, a payload file or a
 * submission that waits at a signing service.
 */
import type { Command } from 'commander';
import { LIMITS } from '@tidegate/protocol';
import type { Candidate } from '../edit/candidate.ts';
import { candidateFromPayload, PAYLOAD_BYTES } from '../edit/payload.ts';
import { SignerError } from '../signer-error.ts';
import { submissionsApi } from '../submit/submissions-api.ts';
import { type Common, openRepository } from './command.ts';
import { neededFile } from './files.ts';
import { knownKeys } from './known-keys.ts';
import type { Terminal } from './terminal.ts';

export interface CandidateOptions extends Common {
  readonly payload?: string;
  readonly submission?: string;
  readonly service?: string;
  readonly trustedRoot?: string;
}

export function withCandidate(cmd: Command): Command {
  return cmd
    .argument('[role]', 'a role of the repository; not with --payload or --submission')
    .option('--payload <file>', 'payload file instead of a repository')
    .option('--submission <id>', 'what waits at the signing service of --service')
    .option('--service <url>', "the signing service's address")
    .option('--trusted-root <file>', 'root that you trust: what comes from elsewhere must lead on from it');
}

/** @throws SignerError `usage`, and those of the draft */
export async function candidateOf(
  role: string | undefined,
  options: CandidateOptions,
  terminal: Terminal,
): Promise<Candidate> {
  const { payload, submission, trustedRoot } = options;
  if ([role, payload, submission].filter(said => said !== undefined).length !== 1) {
    throw new SignerError('usage', 'Say one: a role of the repository, --payload FILE, or --submission ID.');
  }
  if (role !== undefined) return (await openRepository(options, terminal)).candidate(role);
  if (trustedRoot === undefined && options.json !== true) {
    terminal.err('The roots in this file are as its sender says. Give --trusted-root with one that you trust.\n');
  }
  return candidateFromPayload(await payloadOf(options), {
    now: terminal.now(),
    keys: await knownKeys(options),
    trustedRoot: trustedRoot === undefined ? undefined : await neededFile(trustedRoot, LIMITS.rootBytes),
  });
}

/** @throws SignerError `usage` where the service, or the root that it is measured by, is not said */
export function submissionOf({ submission, service, trustedRoot }: CandidateOptions) {
  if (submission === undefined || !/^[0-9a-f]{32}$/.test(submission) || service === undefined) {
    throw new SignerError('usage', 'A submission is named by --submission ID (32 hex digits) and --service URL.');
  }
  // A service that was taken over could prove its list before by roots of its own, and so hide what changes.
  if (trustedRoot === undefined) {
    throw new SignerError(
      'usage',
      'What a service shows is judged from a root that you trust: add --trusted-root FILE.',
    );
  }
  return { id: submission, api: submissionsApi(service) };
}

async function payloadOf(options: CandidateOptions): Promise<Buffer> {
  if (options.payload !== undefined) return neededFile(options.payload, PAYLOAD_BYTES);
  const { id, api } = submissionOf(options);
  return api.payload(id);
}
