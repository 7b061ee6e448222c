/** `release withdraw`: a version leaves its channel's list, with the reason signed. */
import type { Localized } from '@tidegate/protocol';
import type { Command } from 'commander';
import type { WithdrawResult } from '../edit/withdraw.ts';
import type { Repository } from '../repository.ts';
import { SignerError } from '../signer-error.ts';
import { command, openRepository, show } from './command.ts';
import { gatherLocalized } from './localized.ts';
import { isAtService, mustNotSignHere, type ServiceOptions, submit, withService } from './service-option.ts';
import type { Terminal } from './terminal.ts';
import { REASON_HINT, SERVICE_KEY_HINT } from './texts.ts';

interface Options extends ServiceOptions {
  readonly reason: Localized;
  readonly file?: string;
}

export function releaseWithdrawCommand(terminal: Terminal): Command {
  const withdraw = command('withdraw', "Take a version off its channel's list; devices that have it keep it.", [
    "release withdraw gw2 stable rootfs 1.4.0 --reason 'Wi-Fi is lost after a day.'",
    "release withdraw gw2 stable rootfs 1.4.0 --file rootfs-b.img --reason 'Does not start on gw2-b.'",
    "release withdraw gw2 stable rootfs 1.4.0 --reason 'Wi-Fi is lost.' --service https://signing.example --root ./root.json --key file:./ada.json",
  ])
    .argument('<product>')
    .argument('<channel>')
    .argument('<component>')
    .argument('<version>')
    .requiredOption('--reason <text>', `why, in plain words: it is signed along. ${REASON_HINT}`, gatherLocalized)
    .option('--file <name>', 'one image of the version only, by the last part of its path');
  return withService(withdraw, SERVICE_KEY_HINT).action(
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
      const request = { product, channel, component, version, reason, ...(file !== undefined && { file }) };
      const said = ({ paths }: Pick<WithdrawResult, 'paths'>) =>
        paths.length === 0
          ? `${component} ${version} is withdrawn from ${channel} of ${product} already; nothing changed.`
          : `Withdraws ${paths.join(', ')}.`;
      if (isAtService(options)) {
        const make = async (repo: Repository) => {
          const { role, paths } = await repo.withdraw(request).catch(needsFolder);
          return { role, paths, changed: paths.length > 0, asked: { act: 'withdraw', ...request } };
        };
        return submit(options, terminal, { product, make }, said);
      }
      mustNotSignHere(options);
      const result = await (await openRepository(options, terminal)).withdraw(request);
      const next = result.paths.length === 0 ? '' : `Next: tidegate-signer sign ${result.role} --key …\n`;
      show(terminal, options, result, `${said(result)}\n${next}`);
    },
  );
}

/** What a bundle holds is in its file, which the service does not serve. */
function needsFolder(error: unknown): never {
  if (!(error instanceof SignerError) || error.code !== 'artifact-missing') throw error;
  throw new SignerError(
    'artifact-missing',
    'This channel lists a bundle, whose parts cannot be seen from here. Withdraw in the repository folder, without --service.',
    { cause: error },
  );
}
