/**
 * `release add`: an image becomes a release in its channel's draft, as a release file or the options describe it, with
 * shorter ways to it from older releases where they are asked for.
 */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { command, gather, openRepository, show } from './command.ts';
import { deltaLine } from './delta-line.ts';
import { progressBar } from './print.ts';
import { type ReleaseOptions, releaseOf, withRelease } from './release-option.ts';
import type { Terminal } from './terminal.ts';

interface Options extends ReleaseOptions {
  readonly deltaFrom?: readonly string[];
  readonly chunks?: boolean;
}

export function releaseAddCommand(terminal: Terminal): Command {
  const add = command('add', 'Hash, describe and list an image.', [
    'release add --file release.yaml',
    'release add build/rootfs.img --file release.yaml --version 1.4.0    # where the file leaves both out',
    'release add rootfs.img --product gw2 --channel stable --component rootfs --version 1.4.0 --hardware gw2-b',
    "release add app.tar --product gw2 --channel stable --component app --version 2.0.1 --hardware gw2-b --format tar --class security --fix 'CVE-2026-1234=Strangers on the same network could read your recordings.'",
    'release add --file release.yaml --delta-from 1.3.0 --delta-from 1.2.1 --chunks',
  ]);
  return withRelease(add)
    .option('--delta-from <versions>', 'make a patch from this older release too; repeat or separate by commas', gather)
    .option('--chunks', 'make an index of chunks too, for devices that run anything else')
    .action(async (image: string | undefined, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const request = await releaseOf(image, options);
      const repo = await openRepository(options, terminal);
      const onProgress = progressBar(terminal, basename(request.file));
      const result = await repo.addRelease({ ...request, onProgress });
      const { path, sha256, lengthBytes, counter, role, added } = result;
      const deltas = await repo.addDeltas({
        image: path,
        from: options.deltaFrom ?? [],
        chunks: options.chunks === true,
        progressOf: file => progressBar(terminal, file),
      });
      const lines = [
        added
          ? `Listed ${path} (counter ${counter}, ${lengthBytes} bytes, sha256 ${sha256}).`
          : `${path} is listed already.`,
        ...deltas.map(deltaLine),
        added || deltas.some(({ outcome }) => outcome === 'listed')
          ? `Next: tidegate-signer sign ${role} --key …`
          : 'Nothing changed.',
      ];
      show(
        terminal,
        options,
        { path, role, sha256, lengthBytes, counter, added, deltas },
        lines.map(line => `${line}\n`).join(''),
      );
    });
}
