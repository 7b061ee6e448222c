/** `sign`: one key's signature under a draft, in a file of its own, or at a signing service. Exit code 3: more are wanted. */
import type { Command } from 'commander';
import { type DetachedSignature, LIMITS } from '@tidegate/protocol';
import type { Candidate } from '../edit/candidate.ts';
import { signDetached } from '../edit/sign.ts';
import { SignerError } from '../signer-error.ts';
import { writeDurably } from '../store/durable-file.ts';
import type { SubmissionsApi } from '../submit/submissions-api.ts';
import { type CandidateOptions, candidateOf, submissionOf, withCandidate } from './candidate-option.ts';
import { draftText, shownDraft } from './change-lines.ts';
import { command, openRepository, show } from './command.ts';
import { signer } from './key-option.ts';
import { findingLines } from './findings.ts';
import { json } from './print.ts';
import { mustConfirm } from './confirm.ts';
import type { Terminal } from './terminal.ts';
import { PASSPHRASE_HINT } from './texts.ts';

interface Options extends CandidateOptions {
  readonly key: string;
  readonly passphraseFile?: string;
  readonly out?: string;
  readonly yes?: boolean;
  readonly allowPending?: boolean;
}

export function signCommand(terminal: Terminal): Command {
  const sign = command('sign', "Sign a role's draft; with the last signature wanted, it becomes complete.", [
    'sign root --key alice',
    'sign p-gw2-stable --key file:/keys/ci.json --passphrase-file ./ci.pass --allow-pending',
    'sign p-gw2-beta --key env:FW_KEY',
    "sign targets --key 'pkcs11:token=alice;object=fw?module-path=/usr/lib/softhsm/libsofthsm2.so'",
    'sign --payload root.payload.json --key alice --keys ~/keys --out root.alice.json',
    'sign --submission 4f1c… --service https://signing.example --trusted-root ./root.json --key alice',
  ]);
  return withCandidate(sign)
    .requiredOption('--key <key>', 'URI, or the name of a key in the keys folder')
    .option('--passphrase-file <file>', PASSPHRASE_HINT)
    .option('--out <file>', 'write the signature to a file for "add-signature"; the draft stays as it is')
    .option('--yes', 'sign what comes from elsewhere without asking in a terminal')
    .option('--allow-pending', 'exit with 0 although more signatures are wanted')
    .action(async (role: string | undefined, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      if (options.out !== undefined) return signApart(await candidateOf(role, options, terminal), options, terminal);
      if (options.submission !== undefined) {
        const { id, api } = submissionOf(options);
        return signAtService(id, api, await candidateOf(role, options, terminal), options, terminal);
      }
      if (role === undefined || options.payload !== undefined) {
        throw new SignerError('usage', 'A payload is signed into a file of its own: add --out FILE.');
      }
      await signInPlace(role, options, terminal);
    });
}

async function signInPlace(role: string, options: Options, terminal: Terminal): Promise<void> {
  const repo = await openRepository(options, terminal);
  const warnings = (await repo.lint()).filter(f => f.severity === 'warning' && f.role === role);
  if (warnings.length > 0 && options.json !== true) terminal.err(findingLines(warnings));
  await using key = await signer(options.key, options, terminal, options.passphraseFile);
  const result = await repo.sign(role, key);
  const lines = result.complete
    ? `${role} version ${result.version} is complete.\n`
    : `Signed ${role} version ${result.version}; ${result.missing} more wanted.\n`;
  show(terminal, options, { ...result, warnings }, lines);
  if (!result.complete && options.allowPending !== true) {
    throw new SignerError('threshold-not-met', `${role} waits for ${result.missing} more signature(s).`);
  }
}

async function signApart(candidate: Candidate, options: Options, terminal: Terminal): Promise<void> {
  const shown = shownDraft(candidate);
  const signature = await signShown(candidate, options, terminal);
  await writeDurably(options.out ?? '', json(signature));
  const { role, version } = shown;
  show(
    terminal,
    options,
    { ...shown, keyid: signature.keyid, path: options.out },
    `Signed ${role} version ${version} into ${options.out}. Send this file back.\n`,
  );
}

async function signAtService(
  id: string,
  api: SubmissionsApi,
  candidate: Candidate,
  options: Options,
  terminal: Terminal,
): Promise<void> {
  const signature = await signShown(candidate, options, terminal);
  const taken = await api.addSignature(id, signature);
  const view = taken.state === 'publishing' ? await api.show(id, LIMITS.submissionWaitSeconds) : taken;
  const { role, version, state, missing } = view;
  const { keyid, payloadSha256 } = signature;
  const words = missing > 0 ? `${missing} more wanted` : `it is ${state}`;
  const result = { role, version, payloadSha256, keyid, missing, state, submission: id };
  show(terminal, options, result, `Signed ${role} version ${version}; ${words}.\n`);
  if (missing > 0 && options.allowPending !== true) {
    throw new SignerError('threshold-not-met', `${role} waits for ${missing} more signature(s).`);
  }
}

/** Shows first what would be signed: that is all that a key holder elsewhere can go by. */
async function signShown(candidate: Candidate, options: Options, terminal: Terminal): Promise<DetachedSignature> {
  if (options.json !== true) terminal.out(draftText(shownDraft(candidate)));
  if (options.yes !== true && terminal.confirm) await mustConfirm(terminal, 'Sign this?');
  await using key = await signer(options.key, options, terminal, options.passphraseFile);
  return signDetached(candidate, key);
}
