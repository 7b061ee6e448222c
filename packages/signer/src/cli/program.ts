/** All commands on one page, and what becomes of an error: a line for people or a JSON object, and the exit code. */
import { Command, CommanderError } from 'commander';
import { SignerError } from '../signer-error.ts';
import { addSignatureCommand } from './add-signature.ts';
import { assembleCommand } from './assemble.ts';
import { auditCommand } from './audit.ts';
import { ciCommand } from './ci.ts';
import { bundleAddCommand } from './bundle-add.ts';
import { delegateAddCommand } from './delegate-add.ts';
import { diffCommand } from './diff.ts';
import { doctorCommand } from './doctor.ts';
import { draftCommand } from './draft.ts';
import { EXIT, EXIT_OF, type Exit } from './exit-code.ts';
import { holdCommand } from './hold.ts';
import { initCommand } from './init.ts';
import { keyAddCommand } from './key-add.ts';
import { keyExportCommand } from './key-export.ts';
import { keyGenCommand } from './key-gen.ts';
import { keyImportCommand } from './key-import.ts';
import { keyListCommand } from './key-list.ts';
import { lintCommand } from './lint.ts';
import { json } from './print.ts';
import { mirrorCommand } from './mirror.ts';
import { payloadCommand } from './payload.ts';
import { pendingCommand } from './pending.ts';
import { publishCommand } from './publish.ts';
import { productDescribeCommand } from './product-describe.ts';
import { refreshCommand } from './refresh.ts';
import { releaseAddCommand } from './release-add.ts';
import { releaseCheckCommand } from './release-check.ts';
import { releaseWithdrawCommand } from './release-withdraw.ts';
import { retireCommand } from './retire.ts';
import { revokeCommand } from './revoke.ts';
import { rootCommand } from './root.ts';
import { rotateOnlineCommand } from './rotate-online.ts';
import { schemaCommand } from './schema.ts';
import { serveCommand } from './serve.ts';
import { signCommand } from './sign.ts';
import { statusCommand } from './status.ts';
import type { Terminal } from './terminal.ts';
import { verifyCommand } from './verify.ts';

/** Runs one command. @param args without the interpreter and the script @returns the exit code */
export async function run(args: readonly string[], terminal: Terminal): Promise<Exit> {
  const program = buildProgram(terminal);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, args.includes('--json'), terminal);
  }
}

function buildProgram(terminal: Terminal): Command {
  const program = new Command('tidegate-signer')
    .description('Signs releases for Tidegate: keys, lists, publishing.')
    .option('--repo <dir>', 'repository folder', './repository')
    .option('--keys <dir>', 'folder of key files (else keys/ in the repository)')
    .option('--json', 'print one JSON value');
  const key = new Command('key').description('Make, name and list keys.');
  const delegate = new Command('delegate').description('Say who may sign what.');
  const bundle = new Command('bundle').description('List releases that go together.');
  bundle.addCommand(bundleAddCommand(terminal));
  const product = new Command('product').description('Say what owners of a product may rely on.');
  product.addCommand(productDescribeCommand(terminal));
  const release = new Command('release').description('List images as releases, and take them off.');
  for (const make of [keyGenCommand, keyAddCommand, keyListCommand, keyExportCommand, keyImportCommand])
    key.addCommand(make(terminal));
  delegate.addCommand(delegateAddCommand(terminal));
  for (const make of [releaseAddCommand, releaseCheckCommand, releaseWithdrawCommand])
    release.addCommand(make(terminal));
  const all = [
    initCommand,
    holdCommand,
    draftCommand,
    diffCommand,
    lintCommand,
    doctorCommand,
    signCommand,
    pendingCommand,
    payloadCommand,
    addSignatureCommand,
    assembleCommand,
    rootCommand,
    rotateOnlineCommand,
    revokeCommand,
    refreshCommand,
    publishCommand,
    mirrorCommand,
    ciCommand,
    verifyCommand,
    statusCommand,
    retireCommand,
    schemaCommand,
    serveCommand,
    auditCommand,
  ].map(make => make(terminal));
  for (const cmd of [...all, bundle, key, delegate, product, release]) program.addCommand(cmd);
  for (const cmd of [program, ...program.commands, ...program.commands.flatMap(c => c.commands)]) {
    cmd.exitOverride().configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  }
  return program;
}

function report(error: unknown, asJson: boolean, terminal: Terminal): Exit {
  // Commander has told people already, by its own output.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { code, message, faults } =
    error instanceof SignerError ? error : { code: 'internal', message: String(error), faults: undefined };
  terminal.err(asJson ? json({ error: { code, message, faults } }) : `tidegate-signer: ${message} [${code}]\n`);
  return error instanceof SignerError ? EXIT_OF[error.code] : EXIT.failure;
}
