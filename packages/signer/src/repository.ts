/**
 * A signing repository, open for work. The class owns the folder: every change runs alone, under the folder's lock,
 * and is durable when its promise resolves. The work itself stands in the files under edit/ and publish/.
 */
import { resolve } from 'node:path';
import type { CommitAnswer } from '@tidegate/protocol';
import { type Clock, systemClock } from './clock.ts';
import { create, type NewRepository } from './edit/create.ts';
import { delegate, type DelegateRequest, type DelegateResult } from './edit/delegate.ts';
import { addHold, type HoldRequest, type HoldResult } from './edit/hold.ts';
import type { Editing } from './edit/next-list.ts';
import { refresh, type OnlineSigners, type RefreshResult } from './edit/refresh.ts';
import { addRelease, type ReleaseRequest, type ReleaseResult } from './edit/release.ts';
import { renew, type RenewResult } from './edit/renew.ts';
import { sign, type SignResult } from './edit/sign.ts';
import type { Signer } from './keys/signer.ts';
import { publish, type PublishRequest } from './publish/publish.ts';
import { statusOf, type RoleStatus } from './status/status.ts';
import { readConfig, type KnownKey, noteKeys } from './store/config.ts';
import { alone } from './store/lock.ts';
import { makeFolders, type Store, storeAt, sweepStore } from './store/store.ts';

export interface RepositoryOptions {
  /** The system's clock unless set. */
  readonly now?: Clock | undefined;
}

/** Makes the folder and its first drafts, and opens it. Next: `sign('root', …)` and `sign('targets', …)` by threshold. */
export async function createRepository(
  dir: string,
  wanted: NewRepository,
  options: RepositoryOptions = {},
): Promise<Repository> {
  await create(resolve(dir), wanted, options.now ?? systemClock);
  return Repository.open(dir, options);
}

export class Repository {
  readonly dir: string;
  readonly #store: Store;
  readonly #now: Clock;

  private constructor(dir: string, now: Clock) {
    this.dir = dir;
    this.#store = storeAt(dir);
    this.#now = now;
  }

  /** @throws SignerError `repository-missing`, `repository-damaged` */
  static async open(dir: string, options: RepositoryOptions = {}): Promise<Repository> {
    const repository = new Repository(resolve(dir), options.now ?? systemClock);
    await readConfig(repository.dir);
    await makeFolders(repository.#store);
    return repository;
  }

  /** Gives a product's channel (or, without a channel, its holds) to keys. */
  addDelegation(request: DelegateRequest): Promise<DelegateResult> {
    return this.#edit(editing => delegate(editing, request));
  }

  /** Keeps, describes and lists an image in its channel's draft. */
  addRelease(request: ReleaseRequest): Promise<ReleaseResult> {
    return this.#edit(editing => addRelease(editing, request));
  }

  addHold(request: HoldRequest): Promise<HoldResult> {
    return this.#edit(editing => addHold(editing, request));
  }

  /** Makes a draft with a new expiry and nothing else changed. */
  renew(role: string): Promise<RenewResult> {
    return this.#edit(editing => renew(editing, role));
  }

  /** Adds a signature to a role's draft; `complete` says whether the threshold is met. */
  sign(role: string, signer: Signer): Promise<SignResult> {
    return this.#edit(editing => sign(editing, role, signer));
  }

  /** Signs a snapshot, where one is due, and a timestamp. */
  refreshOnline(signers: OnlineSigners): Promise<RefreshResult> {
    return this.#edit(editing => refresh(editing, signers));
  }

  /** Uploads what the current timestamp stands for. Changes no list here, and notes what is out. */
  publish(request: PublishRequest): Promise<CommitAnswer> {
    return publish(this.#store, this.#now, request);
  }

  async status(): Promise<RoleStatus[]> {
    return statusOf(this.#store, this.#now, await readConfig(this.dir));
  }

  async keys(): Promise<readonly KnownKey[]> {
    return (await readConfig(this.dir)).keys;
  }

  /** Notes who holds a key. */
  noteKey(key: KnownKey): Promise<void> {
    return alone(this.dir, () => noteKeys(this.dir, [key]));
  }

  #edit<T>(work: (editing: Editing) => Promise<T>): Promise<T> {
    return alone(this.dir, async () => {
      await sweepStore(this.#store);
      const { expiryDays, keys } = await readConfig(this.dir);
      return work({ store: this.#store, now: this.#now, expiryDays, keys });
    });
  }
}
