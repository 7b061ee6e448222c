/** `ca add`, `ca list`, `ca remove`: whose certificates let devices of a product enrol by themselves. */
import { CertificateAuthorityView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command, confirm, name, sha256 } from '../command.ts';
import { printList } from '../print/list.ts';
import { show } from '../print/say.ts';
import { localTime } from '../print/when.ts';
import { neededFile } from '../settings/files.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';

interface AddOptions extends Common {
  readonly product: string;
  readonly certificate: string;
}

const CERTIFICATE_BYTES = 16 * 1024;

export function caAddCommand(terminal: Terminal): Command {
  return command('add', 'Let devices with certificates of this CA enrol for a product.', [
    'ca add --product gw2 --certificate factory-ca.pem',
  ])
    .requiredOption('--product <name>', 'the product', name)
    .requiredOption('--certificate <file>', 'the CA’s certificate, PEM')
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<AddOptions>();
      const certificate = (await neededFile(options.certificate, CERTIFICATE_BYTES)).toString('utf8');
      const api = await openSession(options, terminal);
      const request = { product: options.product, certificate };
      const added = await api.post('/certificate-authorities', request, CertificateAuthorityView);
      show(terminal, options, added, () => [
        `Devices of ${added.product} may enrol by certificates of ${added.subject} until ${localTime(added.expiresAt)}.`,
        `SHA-256 ${added.sha256}`,
      ]);
    });
}

interface ListOptions extends Common {
  readonly product?: string;
}

export function caListCommand(terminal: Terminal): Command {
  return command('list', 'List certificate authorities.', ['ca list', 'ca list --product gw2 --json'])
    .option('--product <name>', 'of this product', name)
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<ListOptions>();
      const api = await openSession(options, terminal);
      await printList(terminal, options, {
        pages: api.pages('/certificate-authorities', { product: options.product }, CertificateAuthorityView),
        columns: [
          { title: 'PRODUCT', value: c => c.product },
          { title: 'SUBJECT', value: c => c.subject, shrinks: true },
          { title: 'EXPIRES', value: c => localTime(c.expiresAt), shrinks: true },
          { title: 'SHA-256', value: c => c.sha256 },
        ],
        nothing: 'There is no certificate authority.',
      });
    });
}

interface RemoveOptions extends Common {
  readonly yes?: boolean;
}

export function caRemoveCommand(terminal: Terminal): Command {
  return command('remove', 'Let no more devices enrol by this CA; those that did stay.', [
    'ca remove gw2 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
  ])
    .argument('<product>', 'the product', name)
    .argument('<sha256>', 'as `ca list` shows it', sha256)
    .option('--yes', 'do not ask')
    .action(async (product: string, digest: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<RemoveOptions>();
      const api = await openSession(options, terminal);
      await confirm(terminal, options.yes, `Let no more devices of ${product} enrol by the CA ${digest}?`);
      await api.remove(`/certificate-authorities/${product}/${digest}`);
      show(terminal, options, { product, sha256: digest, removed: true }, () => [
        `Removed the CA ${digest} of ${product}.`,
      ]);
    });
}
