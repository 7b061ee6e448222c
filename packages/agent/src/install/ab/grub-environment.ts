/** GRUB's environment file, written in place: `grub-editenv` empties it first, and a power cut then leaves nothing. */
import { AgentError } from '../../agent-error.ts';
import type { DurableFiles } from '../../durable/durable-files.ts';
import type { BootEnvironment } from './boot-environment.ts';
import { changedSector, readBlock } from './grub-block.ts';

export function grubEnvironment(file: string, files: DurableFiles): BootEnvironment {
  const bytesOf = async () => {
    const bytes = await files.read(file);
    if (!bytes) throw new AgentError('activate-failed', `${file} is missing`);
    return bytes;
  };
  return {
    async read() {
      const variables = readBlock(await bytesOf());
      if (!variables) throw new AgentError('activate-failed', `${file} is no environment block of GRUB`);
      return variables;
    },
    async write(variables) {
      const changed = changedSector(await bytesOf(), variables);
      if ('fault' in changed) throw new AgentError('activate-failed', `${file}: ${changed.fault}`);
      await files.overwrite(file, changed.sector);
    },
  };
}
