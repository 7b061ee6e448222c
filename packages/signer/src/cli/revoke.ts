/** `revoke`: takes a key out of every role, guided. */
import type { Command } from 'commander';
import { command, openRepository } from './command.ts';
import { findKeyId } from './key-id.ts';
import { publicKey } from './key-option.ts';
import { guide, type RotationOptions, withConfirmation } from './rotation.ts';
import type { Terminal } from './terminal.ts';

interface Options extends RotationOptions {
  readonly replaceWith?: string;
}

export function revokeCommand(terminal: Terminal): Command {
  const revoke = command(
    'revoke',
    'Take a key out of every role, and say who must sign and what happens in the field.',
    ['revoke carol --replace-with frank', 'revoke 3f2a91b0 --replace-with ./ci2.pub.json --yes'],
  )
    .argument('<key>', 'its name, its id, or the first eight digits of its id or more')
    .option('--replace-with <key>', 'public half of the key that takes its place wherever it stands');
  return withConfirmation(revoke).action(async (text: string, _options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<Options>();
    const replacement = options.replaceWith === undefined ? undefined : await publicKey(options.replaceWith, options);
    const repo = await openRepository(options, terminal);
    const keyid = findKeyId(text, await repo.keys());
    await guide(terminal, options, how => repo.revoke({ keyid, replacement }, how));
  });
}
