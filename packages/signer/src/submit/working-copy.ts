/**
 * A repository folder for one piece of work, made of the lists that a signing service serves and a device would accept:
 * what is done in it goes by the same checks as anywhere else. It is gone afterwards.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { Repository } from '../repository.ts';
import { SignerError } from '../signer-error.ts';
import { type Artifact, artifactPath, checkArtifact } from '../store/artifact.ts';
import { createConfig, DEFAULT_EXPIRY_DAYS } from '../store/config.ts';
import { current, draft, makeFolders, storeAt } from '../store/store.ts';
import { fileBytes } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';
import { kindOf, metadataFile } from '../tuf/role.ts';
import { trustedLists, type VerifyRequest } from '../verify/trusted-lists.ts';

export interface WorkingCopy extends AsyncDisposable {
  readonly repository: Repository;
  /** The channels and holds whose lists are here. */
  readonly roles: readonly string[];
  /** The version of a role's list on which a next one is made; 0 where there is none. */
  baseVersion(role: string): number;
  /** A role's newest list as a file, complete or not. */
  list(role: string): Promise<Buffer>;
  /** Where an artifact lies. @throws SignerError `artifact-missing` where it was not made here */
  artifact(artifact: Artifact): Promise<string>;
}

export interface WorkingCopyOptions {
  readonly now: Clock;
  /** How long a next list of a channel is valid. */
  readonly channelDays?: number | undefined;
}

/** @throws SignerError as `trustedLists` */
export async function workingCopy(
  from: VerifyRequest,
  { now, channelDays = DEFAULT_EXPIRY_DAYS.channel }: WorkingCopyOptions,
): Promise<WorkingCopy> {
  const lists = await trustedLists(from);
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-copy-'));
  const dispose = () => rm(dir, { recursive: true, force: true });
  const store = storeAt(dir);
  try {
    await createConfig(dir, { expiryDays: { ...DEFAULT_EXPIRY_DAYS, channel: channelDays }, keys: [] });
    await makeFolders(store);
    for (const { role, signed, bytes } of lists) {
      await writeFile(join(store.metadata, metadataFile(role, signed.version)), bytes);
    }
    return {
      repository: await Repository.open(dir, { now }),
      roles: lists.map(l => l.role).filter(role => ['channel', 'holds'].includes(kindOf(role))),
      baseVersion: role => lists.find(l => l.role === role)?.signed.version ?? 0,
      list: async role => {
        const drafted = await draft(store, role, parseTargets);
        const bytes = drafted ? fileBytes(drafted) : (await current(store, role, parseTargets))?.bytes;
        if (!bytes) throw new SignerError('role-unknown', `There is no list of ${role}.`);
        return bytes;
      },
      artifact: async artifact => {
        await checkArtifact(store, artifact);
        return artifactPath(store, artifact.sha256);
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
