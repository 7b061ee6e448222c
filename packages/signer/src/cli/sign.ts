/** `sign`: one key's signature under a draft. Exit code 3 says that more are wanted. */
import type { Command } from 'commander';
import { SignerError } from '../signer-error.ts';
import { type Common, command, openRepository, show } from './command.ts';
import { signer } from './key-option.ts';
import type { Terminal } from './terminal.ts';
import { PASSPHRASE_HINT } from './texts.ts';

interface Options extends Common {
  readonly key: string;
  readonly passphraseFile?: string;
  readonly allowPending?: boolean;
}

export function signCommand(terminal: Terminal): Command {
  return command('sign', "Sign a role's draft; with the last signature wanted, it becomes complete.", [
    'sign root --key alice',
    'sign p-gw2-stable --key file:/keys/ci.json --passphrase-file ./ci.pass --allow-pending',
  ])
    .argument('<role>', 'root, targets, p-<product>-<channel> or h-<product>')
    .requiredOption('--key <key>', 'file:PATH, or the name of a key in the keys folder')
    .option('--passphrase-file <file>', PASSPHRASE_HINT)
    .option('--allow-pending', 'exit with 0 although more signatures are wanted')
    .action(async (role: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const repo = await openRepository(options, terminal);
      await using key = await signer(options.key, options, terminal, options.passphraseFile);
      const result = await repo.sign(role, key);
      const lines = result.complete
        ? `${role} version ${result.version} is complete.
`
        : `Signed ${role} version ${result.version}; ${result.missing} more wanted.
`;
      show(terminal, options, result, lines);
      if (!result.complete && options.allowPending !== true) {
        throw new SignerError('threshold-not-met', `${role} waits for ${result.missing} more signature(s).`);
      }
    });
}
