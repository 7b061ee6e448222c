/** Who may sign channels: what the rules allow, but people should know. */
import type { KnownKey } from '../store/config.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import type { Finding } from './finding.ts';

/** @param keys undefined for a stranger */
export function holderFindings(targets: TargetsSigned | undefined, keys: readonly KnownKey[] | undefined): Finding[] {
  return (targets?.delegations?.roles ?? []).flatMap(({ name, keyids, threshold, paths }) => [
    ...(keys ? keyids.filter(id => !keys.some(k => k.keyid === id)).map(id => unknown(name, id)) : []),
    ...(threshold === 1 && paths[0]?.split('/')[1] === 'stable' && paths[0].split('/')[0] !== 'hold'
      ? [byOne(name)]
      : []),
  ]);
}

function unknown(role: string, keyid: string): Finding {
  const message = `Nobody here knows whose key ${keyid.slice(0, 16)} is; it counts as a machine's.`;
  const remedy = 'Get its public key file from its holder: tidegate-signer key import FILE.';
  return { code: 'key-holder-unknown', severity: 'warning', role, message, remedy };
}

function byOne(role: string): Finding {
  const message = `${role} is a stable channel that one signature alone releases to.`;
  const remedy =
    'Give it to a build pipeline and a person, by a threshold of 2: tidegate-signer delegate add --replace.';
  return { code: 'stable-by-one', severity: 'warning', role, message, remedy };
}
