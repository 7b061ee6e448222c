/** `release withdraw`: a version leaves its channel's list, with the reason signed. */
import type { Localized } from '@tidegate/protocol';
import type { Command } from 'commander';
import { type Common, command, openRepository, show } from './command.ts';
import { gatherLocalized } from './localized.ts';
import type { Terminal } from './terminal.ts';
import { REASON_HINT } from './texts.ts';

interface Options extends Common {
  readonly reason: Localized;
  readonly file?: string;
}

export function releaseWithdrawCommand(terminal: Terminal): Command {
  return command('withdraw', "Take a version off its channel's list; devices that have it keep it.", [
    "release withdraw gw2 stable rootfs 1.4.0 --reason 'Wi-Fi is lost after a day.'",
    "release withdraw gw2 stable rootfs 1.4.0 --file rootfs-b.img --reason 'Does not start on gw2-b.'",
  ])
    .argument('<product>')
    .argument('<channel>')
    .argument('<component>')
    .argument('<version>')
    .requiredOption('--reason <text>', `why, in plain words: it is signed along. ${REASON_HINT}`, gatherLocalized)
    .option('--file <name>', 'one image of the version only, by the last part of its path')
    .action(
      async (
        product: string,
        channel: string,
        component: string,
        version: string,
        _options: unknown,
        cmd: Command,
      ): Promise<void> => {
        const options = cmd.optsWithGlobals<Options>();
        const { reason, file } = options;
        const repo = await openRepository(options, terminal);
        const result = await repo.withdraw({ product, channel, component, version, file, reason });
        const { role, paths } = result;
        const lines =
          paths.length === 0
            ? `${component} ${version} is withdrawn from ${channel} of ${product} already; nothing changed.\n`
            : `Withdraws ${paths.join(', ')}.\nNext: tidegate-signer sign ${role} --key …\n`;
        show(terminal, options, result, lines);
      },
    );
}
