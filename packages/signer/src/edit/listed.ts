/** What is listed of a product, in all its channels, drafts included: the ground on which counters are decided. */
import { channelPaths, channelRole, parseTargetPath } from '@tidegate/protocol';
import type { Listed } from '../policy/counter.ts';
import { checkFirmware } from '../policy/firmware-policy.ts';
import { newestTargets, type Store } from '../store/store.ts';

/** All full images; deltas go by the counter of the image that they lead to. */
export async function listedReleases(store: Store, product: string): Promise<Listed[]> {
  const roles = (await newestTargets(store, 'targets'))?.delegations?.roles ?? [];
  const names = roles.filter(({ name, paths }) => isChannelOf(product, name, paths)).map(r => r.name);
  const lists = await Promise.all(names.map(name => newestTargets(store, name)));
  return lists.flatMap(list =>
    Object.entries(list?.targets ?? {})
      .map(([path, { hashes, custom }]) => ({ ...checkFirmware(custom, path), sha256: hashes.sha256 }))
      .filter(firmware => firmware.kind === 'full'),
  );
}

function isChannelOf(product: string, role: string, paths: readonly string[]): boolean {
  const channel = parseTargetPath((paths[0] ?? '').replaceAll('*', 'x'))?.channel ?? '';
  return role === channelRole(product, channel) && paths.join() === channelPaths(product, channel).join();
}
