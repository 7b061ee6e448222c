/** `add-signature`: a signature that came back from a key holder. */
import type { Command } from 'commander';
import { parseDetached, SIGNATURE_FILE_BYTES } from '../edit/detached-signature.ts';
import { type Common, command, openRepository, show } from './command.ts';
import { neededFile } from './files.ts';
import type { Terminal } from './terminal.ts';

export function addSignatureCommand(terminal: Terminal): Command {
  return command('add-signature', 'Add a signature that was made elsewhere to the draft that it is for.', [
    'add-signature root root.alice.json',
  ])
    .argument('<role>')
    .argument('<file>', 'made by "sign --out"')
    .addHelpText(
      'after',
      '\nExit code: 0 it is kept, or was before; 4 it does not hold; 8 the key is not in the role; 9 the draft was changed since.',
    )
    .action(async (role: string, file: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const signature = parseDetached(await neededFile(file, SIGNATURE_FILE_BYTES), file);
      const result = await (await openRepository(options, terminal)).addSignature(role, signature);
      const words = result.added ? 'Added' : 'It was there before: nothing changed;';
      const state = result.complete
        ? 'the list is complete'
        : result.missing > 0
          ? `${result.missing} more wanted`
          : `enough: "tidegate-signer assemble ${role}" completes it`;
      show(terminal, options, result, `${words} ${role} version ${result.version}, ${state}.\n`);
    });
}
