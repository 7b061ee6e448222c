/** What is listed of a product, in all its channels, drafts included: the ground on which counters are decided. */
import { channelPaths, channelRole, parseTargetPath, WITHDRAWN_FIELD } from '@tidegate/protocol';
import type { Listed } from '../policy/counter.ts';
import { imagesIn } from '../policy/description-policy.ts';
import { newestTargets, type Store } from '../store/store.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';

/** A list that stands in for what the repository has of its role. */
export interface InPlace {
  readonly role: string;
  readonly list: TargetsSigned;
}

/** All full images, those withdrawn too: devices may have them. */
export async function listedReleases(store: Store, product: string, inPlace?: InPlace): Promise<Listed[]> {
  const read = async (role: string) => (role === inPlace?.role ? inPlace.list : newestTargets(store, role));
  const lists = await Promise.all((await channelsOf(store, product)).map(read));
  return lists.flatMap(list =>
    list ? [...imagesIn(list).map(({ firmware, sha256 }) => ({ ...firmware, sha256 })), ...withdrawnFrom(list)] : [],
  );
}

/** The roles of a product's channels, in the order of their delegations. */
export async function channelsOf(store: Store, product: string): Promise<string[]> {
  const roles = (await newestTargets(store, 'targets'))?.delegations?.roles ?? [];
  return roles.filter(({ name, paths }) => isChannelOf(product, name, paths)).map(r => r.name);
}

export function withdrawnFrom(list: TargetsSigned): Listed[] {
  return Object.entries(list[WITHDRAWN_FIELD] ?? {}).flatMap(([path, { sha256, counter, hardware }]) => {
    const at = parseTargetPath(path);
    if (!at || counter === undefined || hardware === undefined) return [];
    return [{ component: at.component, version: at.version, counter, hardware, sha256 }];
  });
}

function isChannelOf(product: string, role: string, paths: readonly string[]): boolean {
  const channel = parseTargetPath((paths[0] ?? '').replaceAll('*', 'x'))?.channel ?? '';
  return role === channelRole(product, channel) && paths.join() === channelPaths(product, channel).join();
}
