/**
 * Examines the workplace of a release engineer: machine, folder, keys, images, and the server. Looks and never touches:
 * it takes no lock, makes no folder and removes nothing, and one check that cannot look keeps no other from looking.
 */
import { issuedAt, lintedSet, type LintedSet } from '../lint/linted-set.ts';
import { repositoryFacts } from '../lint/repository-facts.ts';
import type { Clock } from '../clock.ts';
import type { SeenArtifact } from '../store/artifact.ts';
import { type Config, readConfig } from '../store/config.ts';
import type { Progress } from '../store/intake.ts';
import { lockOwner } from '../store/lock.ts';
import { lastPublished } from '../store/published.ts';
import { freeBytes } from '../store/room.ts';
import { type Store, storeAt } from '../store/store.ts';
import { artifactDiagnoses, hashedArtifacts } from './artifact-check.ts';
import { clockDiagnoses } from './clock-check.ts';
import { configDiagnoses } from './config-check.ts';
import { type Diagnosis, examined } from './diagnosis.ts';
import { diskDiagnoses } from './disk-check.ts';
import { folderDiagnoses, seenFolders } from './folder-check.ts';
import { keyDiagnoses, seenKeys } from './key-check.ts';
import { leftOverDiagnoses, leftOvers } from './left-over-check.ts';
import { lockDiagnoses } from './lock-check.ts';
import { nodeDiagnoses } from './node-check.ts';
import { publishingDiagnoses } from './publishing-check.ts';
import { seenServer, serverDiagnoses, type Versions } from './server-check.ts';

export interface Workplace {
  readonly repo: string;
  /** Folder of key files. */
  readonly keys: string;
  readonly now: Clock;
  /** Device address of the server; the config's unless given. */
  readonly server?: string | undefined;
  /** Reads and hashes every artifact. */
  readonly deep: boolean;
  readonly onProgress?: Progress | undefined;
}

export async function examine(at: Workplace): Promise<readonly Diagnosis[]> {
  const store = storeAt(at.repo);
  const folders = await seenFolders(store);
  const keys = await examined('keys', async () => keyDiagnoses(await seenKeys(at.keys)));
  const machine = [...nodeDiagnoses(process.versions.node), ...folderDiagnoses(folders), ...keys];
  if (folders.some(f => !f.isFolder || !f.usable)) return machine;
  const repository = await examined('config', async () => {
    const config = await readConfig(at.repo);
    return examined('folder', () => examineRepository(at, store, config));
  });
  return [...machine, ...repository];
}

async function examineRepository(at: Workplace, store: Store, config: Config): Promise<readonly Diagnosis[]> {
  const { server = config.server, now, deep, onProgress } = at;
  const facts = await repositoryFacts(store, config, now());
  const { artifacts = new Map<string, SeenArtifact>() } = facts;
  const set = lintedSet(facts.files);
  const ours = versionsIn(set);
  const seen = server === undefined ? undefined : await seenServer(server, ours.root, now);
  const owner = await lockOwner(store.dir);
  const left = await leftOvers([store.metadata, store.staged, store.artifacts], [store.dir, at.keys]);
  return [
    ...clockDiagnoses({ now: now(), issued: issuedAt(set), served: seen?.time }),
    ...diskDiagnoses({
      dir: store.dir,
      freeBytes: await freeBytes(store.dir),
      largestArtifactBytes: Math.max(0, ...[...artifacts.values()].map(a => a.lengthBytes)),
    }),
    ...lockDiagnoses(owner),
    ...leftOverDiagnoses(left, owner?.lives === true),
    ...configDiagnoses(config, productsIn(set)),
    ...(await examined('artifacts', async () =>
      artifactDiagnoses(set, deep ? await hashedArtifacts(store, artifacts, onProgress) : artifacts),
    )),
    ...publishingDiagnoses(ours.timestamp, await lastPublished(store)),
    ...(seen ? serverDiagnoses(seen, ours, facts.files.find(f => f.role === 'timestamp')?.bytes) : []),
  ];
}

function versionsIn({ lists }: LintedSet): Versions {
  const versionOf = (role: string) => lists.find(l => l.role === role && l.standing === 'inForce')?.signed.version;
  return { root: versionOf('root'), snapshot: versionOf('snapshot'), timestamp: versionOf('timestamp') };
}

/** Products that have channels, as they will be; undefined where the list of delegations is not to be had. */
function productsIn({ targets }: LintedSet): readonly string[] | undefined {
  const roles = (targets.planned ?? targets.inForce)?.delegations?.roles;
  return roles?.flatMap(({ paths }) => paths[0]?.split('/').at(0) ?? []).filter(name => name !== 'hold');
}
