/**
 * What this process can do so that keys in its memory do not end up in files: no memory in core dumps (its own and its
 * children's), no environment in diagnostic reports, no debugger at a signal. docs/threat-model.md says what is left.
 */
import { writeFileSync } from 'node:fs';

export function guardProcess(): void {
  process.report.excludeEnv = true;
  // Node opens its inspector at this signal unless somebody listens.
  process.on('SIGUSR1', () => undefined);
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch (error) {
    // Only Linux has it; elsewhere `ulimit -c 0` is the way.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
