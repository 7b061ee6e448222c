/** `bundle add`: listed releases become one signed target. */
import type { Command } from 'commander';
import type { BundleResult } from '../edit/bundle.ts';
import type { Repository } from '../repository.ts';
import { readBundleFile } from '../yaml/bundle-file.ts';
import { command, openRepository, show } from './command.ts';
import { isAtService, mustNotSignHere, type ServiceOptions, submit, withService } from './service-option.ts';
import type { Terminal } from './terminal.ts';
import { SERVICE_KEY_HINT } from './texts.ts';

export function bundleAddCommand(terminal: Terminal): Command {
  const add = command('add', 'List releases of several components as one bundle.', [
    'bundle add bundle.yaml',
    'bundle add bundle.yaml --json',
    'bundle add bundle.yaml --service https://signing.example --root ./root.json --key file:./ada.json',
  ]).argument('<file>', 'bundle file');
  return withService(add, SERVICE_KEY_HINT).action(async (path: string, _options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<ServiceOptions>();
    const request = await readBundleFile(path);
    const said = (made: Omit<BundleResult, 'added' | 'role'>, added: boolean) =>
      added
        ? `Listed ${made.path} (${made.class}; ${made.parts.length} images; ${made.hardware.join(', ')}).`
        : `${made.path} is listed already; nothing changed.`;
    if (isAtService(options)) {
      const make = async (repo: Repository) => {
        const { added, ...result } = await repo.addBundle(request);
        return { ...result, changed: added, asked: { act: 'bundle', ...request } };
      };
      return submit(options, terminal, { product: request.product, make }, made => said(made, made.changed));
    }
    mustNotSignHere(options);
    const result = await (await openRepository(options, terminal)).addBundle(request);
    const next = result.added ? `Next: tidegate-signer sign ${result.role} --key …\n` : '';
    show(terminal, options, result, `${said(result, result.added)}\n${next}`);
  });
}
