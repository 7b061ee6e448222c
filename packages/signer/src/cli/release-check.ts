/** `release check`: judges a release file and the files that it names, without a repository and before anything is listed. */
import type { Command } from 'commander';
import { checkReleaseFile, readReleaseFile } from '../yaml/release-file.ts';
import { type Common, command, show } from './command.ts';
import { progressBar, table } from './print.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly fileOnly?: boolean;
}

export function releaseCheckCommand(terminal: Terminal): Command {
  return command('check', 'Check a release file and the files that it names; needs no repository.', [
    'release check release.yaml',
    'release check release.yaml build/rootfs.img    # where the file leaves the image to the build',
    'release check release.yaml --file-only         # before there is an image',
  ])
    .argument('<file>', 'release file')
    .argument('[image]', 'the image; not where the release file names it')
    .option('--file-only', 'do not look at image, SBOM, provenance and notes')
    .action(async (path: string, image: string | undefined, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const { file, seen } =
        options.fileOnly === true
          ? { file: await readReleaseFile(path), seen: [] }
          : await checkReleaseFile(path, image, progressBar(terminal, 'image'));
      const rows = seen.map(s => [s.kind, s.file, s.format ?? '', `sha256 ${s.sha256}`]);
      const lines = rows.length === 0 ? '' : table(['KIND', 'FILE', 'FORMAT', 'HASH'], rows);
      show(terminal, options, { valid: true, file, files: seen }, `${path} is in order.\n${lines}`);
    });
}
