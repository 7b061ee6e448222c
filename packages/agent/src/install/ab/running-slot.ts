/** Which slot runs, as the boot loader told the kernel: `tidegate.slot=a` or `b` on its command line. Pure. */
import { ConfigError } from '../../config-error.ts';
import type { SlotName } from '../../ports.ts';

const PARAMETER = 'tidegate.slot=';

/** The last one counts, as for the kernel. @throws ConfigError where it says neither: a guess would write over what runs */
export function runningSlot(commandLine: string): SlotName {
  const told = commandLine
    .split(/\s+/)
    .findLast(word => word.startsWith(PARAMETER))
    ?.slice(PARAMETER.length);
  if (told === 'a' || told === 'b') return told;
  throw new ConfigError(`the kernel's command line must say ${PARAMETER}a or ${PARAMETER}b`);
}
