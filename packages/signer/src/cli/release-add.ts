/** `release add`: an image becomes a release in its channel's draft, as a release file or the options describe it. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { command, openRepository, show } from './command.ts';
import { progressBar } from './print.ts';
import { type ReleaseOptions, releaseOf, withRelease } from './release-option.ts';
import type { Terminal } from './terminal.ts';

export function releaseAddCommand(terminal: Terminal): Command {
  const add = command('add', 'Hash, describe and list an image.', [
    'release add --file release.yaml',
    'release add build/rootfs.img --file release.yaml --version 1.4.0    # where the file leaves both out',
    'release add rootfs.img --product gw2 --channel stable --component rootfs --version 1.4.0 --hardware gw2-b',
    "release add app.tar --product gw2 --channel stable --component app --version 2.0.1 --hardware gw2-b --format tar --class security --fix 'CVE-2026-1234=Strangers on the same network could read your recordings.'",
  ]);
  return withRelease(add).action(async (image: string | undefined, _options: unknown, cmd: Command) => {
    const options = cmd.optsWithGlobals<ReleaseOptions>();
    const request = await releaseOf(image, options);
    const repo = await openRepository(options, terminal);
    const onProgress = progressBar(terminal, basename(request.file));
    const result = await repo.addRelease({ ...request, onProgress });
    const { path, sha256, lengthBytes, counter, role, added } = result;
    const lines = added
      ? `Listed ${path} (counter ${counter}, ${lengthBytes} bytes, sha256 ${sha256}).\nNext: tidegate-signer sign ${role} --key …\n`
      : `${path} is listed already; nothing changed.\n`;
    show(terminal, options, { path, role, sha256, lengthBytes, counter, added }, lines);
  });
}
