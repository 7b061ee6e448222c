/** What lint looks at, read from a repository folder. Reads only, and takes files as they are: nothing is believed yet. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SHA256_PATTERN } from '@tidegate/protocol';
import type { SeenArtifact } from '../store/artifact.ts';
import type { Config } from '../store/config.ts';
import { readBounded } from '../store/durable-file.ts';
import { draftedRoles, draftPath, rolesOf, type Store, versionsOf } from '../store/store.ts';
import { kindOf, maxBytesOf, metadataFile } from '../tuf/role.ts';
import type { LintedFile, LintFacts } from './lint-facts.ts';

const EARLIER_MAX = 20;
const sha256Name = new RegExp(SHA256_PATTERN);

export async function repositoryFacts(store: Store, config: Config, now: Date): Promise<LintFacts> {
  const complete = await Promise.all((await rolesOf(store)).map(role => completeFile(store, role)));
  const drafts = await Promise.all((await draftedRoles(store)).map(role => draftFile(store, role)));
  return {
    now,
    files: [...complete, ...drafts].flat(),
    earlier: await earlierLists(store),
    expiryDays: config.expiryDays,
    keys: config.keys,
    artifacts: await storedArtifacts(store),
  };
}

/** Of each channel's and hold's list those before the newest, as far back as a mistake is likely to be found. */
async function earlierLists(store: Store): Promise<LintedFile[]> {
  const delegated = (await rolesOf(store)).filter(role => ['channel', 'holds'].includes(kindOf(role)));
  const lists = await Promise.all(
    delegated.map(async role => {
      const versions = (await versionsOf(store, role)).slice(-EARLIER_MAX - 1, -1);
      const files = versions.map(version => metadataFile(role, version));
      return Promise.all(files.map(file => oneFile(join(store.metadata, file), role, `metadata/${file}`, 'inForce')));
    }),
  );
  return lists.flat(2);
}

/** The draft of a role as it lies there; none where it became a list already. */
export async function draftFile(store: Store, role: string): Promise<LintedFile[]> {
  return oneFile(draftPath(store, role), role, `staged/${role}.json`, 'draft');
}

export async function timestampFile(store: Store): Promise<LintedFile[]> {
  return oneFile(join(store.metadata, 'timestamp.json'), 'timestamp', 'metadata/timestamp.json', 'inForce');
}

async function completeFile(store: Store, role: string): Promise<LintedFile[]> {
  if (role === 'timestamp') return timestampFile(store);
  const newest = (await versionsOf(store, role)).at(-1);
  if (newest === undefined) return [];
  const file = metadataFile(role, newest);
  return oneFile(join(store.metadata, file), role, `metadata/${file}`, 'inForce');
}

async function oneFile(
  path: string,
  role: string,
  file: string,
  standing: LintedFile['standing'],
): Promise<LintedFile[]> {
  // Somewhat more than devices read, so that a list that grew too large is told as that.
  const bytes = await readBounded(path, 4 * maxBytesOf(kindOf(role)));
  return bytes ? [{ role, file, bytes, standing }] : [];
}

/** Lengths of what is kept under a hash; files with other names are none of ours. */
export async function storedArtifacts(store: Store): Promise<Map<string, SeenArtifact>> {
  const names = (await readdir(store.artifacts)).filter(name => sha256Name.test(name));
  const seen = names.map(
    async (name): Promise<[string, SeenArtifact]> => [
      name,
      { lengthBytes: (await stat(join(store.artifacts, name))).size },
    ],
  );
  return new Map(await Promise.all(seen));
}
