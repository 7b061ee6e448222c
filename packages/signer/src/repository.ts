/**
 * A signing repository, open for work. The class owns the folder: every change runs alone, under the folder's lock,
 * and is durable when its promise resolves. The work itself stands in the files under edit/ and publish/.
 */
import { resolve } from 'node:path';
import type { CommitAnswer } from '@tidegate/protocol';
import { type Clock, systemClock } from './clock.ts';
import { addSignature, type AddSignatureResult } from './edit/add-signature.ts';
import { adopt, type Brought, signaturesOf, weigh, type Weighed } from './edit/adopt.ts';
import { assemble } from './edit/assemble.ts';
import { addBundle, type BundleRequest, type BundleResult } from './edit/bundle.ts';
import { candidateFor, type Candidate, candidateWith } from './edit/candidate.ts';
import { create, type NewRepository } from './edit/create.ts';
import { addDeltas, type DeltaRequest, type DeltaResult } from './edit/delta.ts';
import { delegate, type DelegateRequest, type DelegateResult } from './edit/delegate.ts';
import type { DetachedSignature } from '@tidegate/protocol';
import { checkEvidence } from './edit/evidence.ts';
import { addHold, type HoldRequest, type HoldResult, liftHold } from './edit/hold.ts';
import { heldVersions, type HeldVersion } from './edit/holds.ts';
import type { Editing } from './edit/next-list.ts';
import { exportPayload, type Payload } from './edit/payload.ts';
import { describeProduct, type ProductRequest, type ProductResult } from './edit/product.ts';
import { outlook, type Outlook, refresh, type OnlineSigners, type RefreshResult } from './edit/refresh.ts';
import { addRelease, type ReleaseRequest, type ReleaseResult } from './edit/release.ts';
import { dropDraft, renew, type RenewOptions, type RenewResult } from './edit/renew.ts';
import { retire, type RetireRequest } from './edit/retire.ts';
import { addRootKey, expireRoot, removeRootKey, type RootDraft, setRootThreshold } from './edit/root.ts';
import { withdraw, type WithdrawRequest, type WithdrawResult } from './edit/withdraw.ts';
import { sign, signDetached, type SignResult } from './edit/sign.ts';
import { type RoleStanding, standingOf } from './edit/standing.ts';
import type { PublicKey, Signer } from './keys/signer.ts';
import type { Finding } from './lint/finding.ts';
import { lint } from './lint/lint.ts';
import { repositoryFacts } from './lint/repository-facts.ts';
import type { PeopleRole } from './policy/root-policy.ts';
import { mirror, type MirrorRequest, type MirrorResult } from './publish/mirror.ts';
import { publish, type PublishRequest } from './publish/publish.ts';
import { type RotationDrafts, type RotationPlan, writeRotation } from './rotation/plan.ts';
import { planRevocation, type Revocation, revocationDrafts } from './rotation/revoke.ts';
import { onlineDrafts, type OnlineRotation, planOnline } from './rotation/rotate-online.ts';
import { statusOf, type RoleStatus } from './status/status.ts';
import { readConfig, type KnownKey, noteKeys } from './store/config.ts';
import { withIntake } from './store/intake.ts';
import { alone } from './store/lock.ts';
import { lastPublished, type Published } from './store/published.ts';
import { makeFolders, type Store, storeAt, sweepStore } from './store/store.ts';
import type { Envelope, Signature } from './tuf/metadata.ts';

export interface RepositoryOptions {
  /** The system's clock unless set. */
  readonly now?: Clock | undefined;
  /** Asked under the folder's lock before each piece of work; what it throws keeps that from being done. */
  readonly guard?: (() => Promise<void>) | undefined;
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
  readonly #guard: () => Promise<void>;

  private constructor(dir: string, { now = systemClock, guard = async () => {} }: RepositoryOptions) {
    this.dir = dir;
    this.#store = storeAt(dir);
    this.#now = now;
    this.#guard = guard;
  }

  /** @throws SignerError `repository-missing`, `repository-damaged` */
  static async open(dir: string, options: RepositoryOptions = {}): Promise<Repository> {
    const repository = new Repository(resolve(dir), options);
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

  /** Makes shorter ways to an image and lists them beside it. */
  addDeltas(request: DeltaRequest): Promise<DeltaResult[]> {
    return this.#edit(editing => addDeltas(editing, request));
  }

  /** Takes a version off its channel's list, by a draft. */
  withdraw(request: WithdrawRequest): Promise<WithdrawResult> {
    return this.#edit(editing => withdraw(editing, request));
  }

  /** Lists releases that go together as one. */
  addBundle(request: BundleRequest): Promise<BundleResult> {
    return this.#edit(editing => addBundle(editing, request));
  }

  /** Lists a product's descriptor, where it says something new. */
  describeProduct(request: ProductRequest): Promise<ProductResult> {
    return this.#edit(editing => describeProduct(editing, request));
  }

  /** Drafts the last lists of a product, valid for years. */
  retire(request: RetireRequest): Promise<RenewResult[]> {
    return this.#edit(editing => retire(editing, request));
  }

  /** Holds a version back; with a key the hold is signed at once. */
  addHold(request: HoldRequest, signer?: Signer): Promise<HoldResult> {
    return this.#edit(editing => addHold(editing, request, signer));
  }

  /** Ends a hold; with a key that is signed at once. */
  liftHold(request: HoldRequest, signer?: Signer): Promise<HoldResult> {
    return this.#edit(editing => liftHold(editing, request, signer));
  }

  /** What is held of one product or of all, and what of it waits for a signature. */
  holds(product?: string): Promise<HeldVersion[]> {
    return this.#edit(({ store }) => heldVersions(store, product));
  }

  /** Makes a draft with a new expiry and nothing else changed. */
  renew(role: string, options: RenewOptions = {}): Promise<RenewResult> {
    return this.#edit(editing => renew(editing, role, options));
  }

  /** Throws a role's draft away. */
  dropDraft(role: string): Promise<void> {
    return this.#edit(editing => dropDraft(editing, role));
  }

  addRootKey(request: { key: PublicKey; roles?: readonly PeopleRole[] | undefined }): Promise<RootDraft> {
    return this.#edit(editing => addRootKey(editing, request));
  }

  removeRootKey(request: { keyid: string; roles?: readonly PeopleRole[] | undefined }): Promise<RootDraft> {
    return this.#edit(editing => removeRootKey(editing, request));
  }

  setRootThreshold(request: { role: PeopleRole; threshold: number }): Promise<RootDraft> {
    return this.#edit(editing => setRootThreshold(editing, request));
  }

  /** Sets until when the next root is valid, in days from now. */
  expireRoot(request: { days: number }): Promise<RootDraft> {
    return this.#edit(editing => expireRoot(editing, request));
  }

  /** New online keys by a new root. `write: false` says only what would be done. */
  rotateOnline(request: OnlineRotation, { write }: { write: boolean }): Promise<RotationPlan> {
    return this.#edit(async editing => {
      const drafts = await onlineDrafts(editing, request);
      return this.#rotate(editing, drafts, await planOnline(editing, drafts), write);
    });
  }

  /** Takes a key out of every role in which it stands. `write: false` says only what would be done. */
  revoke(request: Revocation, { write }: { write: boolean }): Promise<RotationPlan> {
    return this.#edit(async editing => {
      const drafts = await revocationDrafts(editing, request);
      return this.#rotate(editing, drafts, await planRevocation(editing, request, drafts), write);
    });
  }

  /** Adds a signature to a role's draft; `complete` says whether the threshold is met. */
  sign(role: string, signer: Signer): Promise<SignResult> {
    return this.#edit(editing => sign(editing, role, signer));
  }

  /** The draft of a role with all by which it is judged; changes nothing. */
  candidate(role: string): Promise<Candidate> {
    return this.#edit(editing => candidateFor(editing, role));
  }

  /** Makes a signature as a file of its own; the draft stays as it is. */
  signDetached(role: string, signer: Signer): Promise<DetachedSignature> {
    return this.#edit(async editing => {
      const candidate = await candidateFor(editing, role);
      await checkEvidence(editing, candidate);
      return signDetached(candidate, signer);
    });
  }

  /** What a key holder needs to judge and sign a draft on a machine without this repository. */
  exportPayload(role: string): Promise<Payload> {
    return this.#edit(editing => exportPayload(editing, role));
  }

  /** Takes in a signature that was made elsewhere; asking again changes nothing. */
  addSignature(role: string, signature: DetachedSignature): Promise<AddSignatureResult> {
    return this.#edit(editing => addSignature(editing, role, signature));
  }

  /** Judges a list that was made and signed elsewhere as the role's next one; changes nothing. */
  weigh(brought: Brought): Promise<Weighed> {
    return this.#edit(editing => weigh(editing, brought));
  }

  /** Whether a key of the role has signed the list, and nothing else of it. */
  weighSignatures(role: string, envelope: Envelope): Promise<readonly Signature[]> {
    return this.#edit(async editing => signaturesOf(await candidateWith(editing, role, envelope)));
  }

  /** Takes it as the role's draft, perhaps in place of the draft with that payload. */
  adopt(brought: Brought, inPlaceOf?: string): Promise<void> {
    return this.#edit(editing => adopt(editing, brought, inPlaceOf));
  }

  /** Where a role stands, and whether its list of that version is complete. */
  standing(role: string, version: number): Promise<RoleStanding> {
    return this.#edit(editing => standingOf(editing, role, version));
  }

  /** Completes every draft (or those of `roles`) that has enough signatures. */
  assemble(roles?: readonly string[]): Promise<SignResult[]> {
    return this.#edit(editing => assemble(editing, roles));
  }

  /** Signs a snapshot, where one is due, and a timestamp. */
  refreshOnline(signers: OnlineSigners): Promise<RefreshResult> {
    return this.#edit(editing => refresh(editing, signers));
  }

  /** What the next snapshot would say, and what would be left out of it. Signs nothing. */
  outlook(): Promise<Outlook> {
    return this.#edit(outlook);
  }

  /** Uploads what the current timestamp stands for. Changes no list here, and notes what is out. */
  publish(request: PublishRequest): Promise<CommitAnswer> {
    return publish(this.#store, this.#now, request);
  }

  /** Lays the same out as a folder for any file server. */
  mirror(request: MirrorRequest): Promise<MirrorResult> {
    return mirror(this.#store, this.#now, request);
  }

  /** What was last published from here; undefined before the first time. */
  lastPublished(): Promise<Published | undefined> {
    return lastPublished(this.#store);
  }

  async status(): Promise<RoleStatus[]> {
    return statusOf(this.#store, this.#now, await readConfig(this.dir));
  }

  /** Everything that stands against what lies here, drafts included. Changes nothing. */
  async lint(): Promise<Finding[]> {
    return lint(await repositoryFacts(this.#store, await readConfig(this.dir), this.#now()));
  }

  async keys(): Promise<readonly KnownKey[]> {
    return (await readConfig(this.dir)).keys;
  }

  /** Notes who holds a key. */
  noteKey(key: KnownKey): Promise<void> {
    return alone(this.dir, () => noteKeys(this.dir, [key]));
  }

  async #rotate(editing: Editing, drafts: RotationDrafts, plan: RotationPlan, write: boolean): Promise<RotationPlan> {
    if (write) await writeRotation(editing, drafts);
    return plan;
  }

  #edit<T>(work: (editing: Editing) => Promise<T>): Promise<T> {
    return alone(this.dir, async () => {
      await this.#guard();
      await sweepStore(this.#store);
      const { expiryDays, keys, products = {} } = await readConfig(this.dir);
      return withIntake(this.#store, intake =>
        work({ store: this.#store, intake, now: this.#now, expiryDays, keys, products }),
      );
    });
  }
}
