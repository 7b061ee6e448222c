/**
 * The device's own judgement of what may be installed: TUF lists in generations, floors apart from them, trusted time.
 * No word of the server is an input here but the bytes that it serves, which are believed by their signatures alone.
 */
import { join } from 'node:path';
import { holdPath, SelfOfferFields } from '@tidegate/protocol';
import { AgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { acquireLock } from '../durable/lock.ts';
import type { Log } from '../log.ts';
import type { HttpClient } from '../net/http-client.ts';
import type { HttpLimits } from '../net/http-limits.ts';
import type { DeviceFacts, Trust } from '../ports.ts';
import { accept, type ListedTarget, type Verdict } from './accept.ts';
import { deltasIn } from './deltas.ts';
import { openFloorStore } from './floor-store.ts';
import { counterFloor, factsOf, raiseCounters, raiseLists, requireFloors } from './floors.ts';
import { type ListFiles, openGenerations, sameFiles } from './generations.ts';
import { NO_NOTICES, noticesIn } from './notices.ts';
import { refresh } from './refresh.ts';
import { type OfflineLists, ownRoles, readLists, readRoot } from './signed-lists.ts';
import { trustedNow } from './trusted-time.ts';

export interface TrustOptions {
  /** Belongs to the helper's side alone: floors and generations. */
  readonly trustDir: string;
  /** The factory's root, from the read-only image or given at install; never from the server. */
  readonly rootFile: string;
  readonly product: string;
  readonly channel: string;
  /** Bases that serve `/tuf/metadata`: the update server, then mirrors. */
  readonly sources: readonly string[];
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: DurableFiles;
  /** RFC 3339: when the image was built. */
  readonly builtAt: string;
  /** Counters that the image's maker set as the least. */
  readonly factoryFloors: Readonly<Record<string, number>>;
  /** Counters of the slots that run and are marked good: they count where both copies of the floors are lost. */
  readonly runningGood?: Readonly<Record<string, number>>;
  /** How long a source may take over one list. */
  readonly limits?: HttpLimits;
}

/** @throws AgentError internal where the factory's root or the build time cannot be read */
export async function createTrust(options: TrustOptions): Promise<Trust> {
  const { files, clock, log, trustDir } = options;
  const factoryRoot = await files.read(options.rootFile);
  if (!factoryRoot) throw new AgentError('internal', `${options.rootFile}: the factory's root is missing`);
  const builtAtMs = Date.parse(options.builtAt);
  if (!Number.isFinite(builtAtMs)) throw new AgentError('internal', `builtAt: ${options.builtAt} is no time`);

  const roles = ownRoles(options.product, options.channel);
  const generations = openGenerations(files, join(trustDir, 'tuf'), [
    'root',
    'timestamp',
    'snapshot',
    'targets',
    roles.channel,
    roles.holds,
  ]);
  const known = await generations.load();
  const floorStore = await openFloorStore({
    trustDir,
    files,
    clock,
    log,
    builtAtMs,
    knownCounters: [options.factoryFloors, options.runningGood ?? {}],
    hadLists: known.length > 0,
  });

  /** What was verified last, and the bytes that it was: the same bytes need not be verified again. */
  let verified: { readonly files: ListFiles; readonly lists: OfflineLists } | undefined;
  const read = (files: ListFiles): OfflineLists | undefined => {
    if (verified && sameFiles(verified.files, files)) return verified.lists;
    try {
      const root = files.get('root');
      if (!root) return undefined;
      const lists = readLists(readRoot(root), roles, role => files.get(role));
      verified = { files, lists };
      return lists;
    } catch (error) {
      log.warn(
        { detail: error instanceof Error ? error.message : String(error) },
        'a generation of signed lists is damaged',
      );
      return undefined;
    }
  };
  /** The newest whole generation at or above the floors. */
  const newestLists = async (): Promise<OfflineLists | undefined> => {
    for (const generation of await generations.load()) {
      const lists = read(generation);
      if (lists && isAboveFloors(lists)) return lists;
    }
    return undefined;
  };
  const goodLists = async (): Promise<OfflineLists> => {
    const lists = await newestLists();
    if (lists) return lists;
    throw new AgentError('network', 'there are no whole signed lists on this device: refresh first');
  };
  const isAboveFloors = (lists: OfflineLists): boolean => {
    try {
      requireFloors(floorStore.floors(), factsOf(lists, roles));
      return true;
    } catch {
      return false;
    }
  };

  if (floorStore.lost) {
    for (const lists of known.map(read)) {
      if (lists) await floorStore.save(raiseLists(floorStore.floors(), factsOf(lists, roles)));
    }
  }

  const now = () =>
    trustedNow({
      floorMs: floorStore.floors().timeMs,
      sinceFloorMs: floorStore.sinceTimeFloorMs(),
      clockMs: clock.now(),
    });
  const judge = (lists: OfflineLists, device: DeviceFacts) => {
    const listed = listedIn(lists.channel);
    return (path: string): Verdict =>
      accept({
        path,
        // The lists are those of this product and channel, whatever the caller believes.
        device: { ...device, product: options.product, channel: options.channel },
        listed: leadsTo(lists, path, roles.channel) ? listed : new Map(),
        listedUntil: lists.channel?.signed.expires ?? lists.targets.signed.expires,
        isHeld: (component, version) =>
          Object.hasOwn(lists.holds?.signed.targets ?? {}, holdPath(options.product, component, version)),
        floor: component => counterFloor(floorStore.floors(), component),
        trustedNowMs: now(),
      });
  };
  const inTurn = turns();

  return {
    refresh: signal =>
      inTurn(async () => {
        const lock = await acquireLock(join(trustDir, 'tuf', 'lock'));
        try {
          const { http, sources, product, channel } = options;
          return await refresh(
            {
              http,
              clock,
              log,
              generations,
              floorStore,
              factoryRoot,
              product,
              channel,
              roles,
              sources,
              builtAtMs,
              trustedNow: now,
              limits: options.limits,
            },
            signal,
          );
        } finally {
          await lock.release();
        }
      }),

    async accept(path, device) {
      const verdict = judge(await goodLists(), device)(path);
      if (verdict.ok) return verdict.target;
      throw new AgentError(verdict.code, verdict.detail);
    },

    async deltasTo(target) {
      const lists = await newestLists();
      return lists && leadsTo(lists, target.path, roles.channel) ? deltasIn(listedIn(lists.channel), target) : [];
    },

    async selfOfferable(device) {
      const lists = await goodLists();
      const verdicts = selfOfferedIn(lists.channel).map(judge(lists, device));
      return verdicts.flatMap(verdict => (verdict.ok ? [verdict.target] : []));
    },

    async notices() {
      const lists = await newestLists();
      return lists ? noticesIn(lists, options.product) : NO_NOTICES;
    },

    floor: component => counterFloor(floorStore.floors(), component),
    raiseFloors: counters => inTurn(() => floorStore.save(raiseCounters(floorStore.floors(), counters))),
    trustedNow: now,
  };
}

/** Whether the walk for this path comes to that role first (TUF 5.6.7). */
function leadsTo(lists: OfflineLists, path: string, role: string): boolean {
  const walk = lists.targets.signed.delegations?.rolesForTarget(path).next();
  return walk?.done === false && walk.value.role === role;
}

function listedIn(channel: OfflineLists['channel']): ReadonlyMap<string, ListedTarget> {
  return new Map(
    Object.entries(channel?.signed.targets ?? {}).map(([name, target]) => [
      name,
      { lengthBytes: target.length, hashes: target.hashes, custom: target.custom },
    ]),
  );
}

/** Paths whose description says at all that devices may offer them to themselves; the acceptance rule reads the rest of it. */
function selfOfferedIn(channel: OfflineLists['channel']): string[] {
  return Object.entries(channel?.signed.targets ?? {})
    .filter(([, { custom }]) => Object.keys(SelfOfferFields).some(field => Object.hasOwn(custom, field)))
    .map(([path]) => path);
}

/** One thing at a time, in the order of asking. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return work => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
