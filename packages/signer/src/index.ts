/** Signing for Tidegate: keys, lists, releases, publishing, and seeing a repository as a device does. */
export type { Clock } from './clock.ts';
export { type Change, changesBetween } from './diff/change.ts';
export { wordsOf, type Wording } from './diff/words.ts';
export type { AddSignatureResult } from './edit/add-signature.ts';
export type { BundleRequest, BundleResult } from './edit/bundle.ts';
export { type Candidate, judge } from './edit/candidate.ts';
export type { NewRepository } from './edit/create.ts';
export type { DeltaRequest, DeltaResult } from './edit/delta.ts';
export type { DelegateRequest, DelegateResult } from './edit/delegate.ts';
export { parseDetached } from './edit/detached-signature.ts';
export type { HoldRequest, HoldResult } from './edit/hold.ts';
export { candidateFromPayload, type Payload, type PayloadContext, payloadText } from './edit/payload.ts';
export type { ProductRequest, ProductResult } from './edit/product.ts';
export type { RetireRequest } from './edit/retire.ts';
export type { OnlineSigners, RefreshResult } from './edit/refresh.ts';
export type { ReleaseRequest, ReleaseResult } from './edit/release.ts';
export type { RenewOptions, RenewResult } from './edit/renew.ts';
export type { RootDraft } from './edit/root.ts';
export { signDetached, type SignResult } from './edit/sign.ts';
export type { WithdrawRequest, WithdrawResult } from './edit/withdraw.ts';
export { CUSTODIES, type CustodyName, type KeyAccess, type SecretWanted } from './keys/custody.ts';
export { readPublicKey } from './keys/key-document.ts';
export { generateKeyFile, type KeyFile, type NewKey } from './keys/key-file.ts';
export { type KeyReference, type NewReference, writeKeyReference } from './keys/key-reference.ts';
export { openKeyFile, signerFromUri } from './keys/key-uri.ts';
export { publicKeyText, readPublicKeyFile } from './keys/public-key-file.ts';
export { type Finding, type FindingCode, hasErrors, LINT_CODES } from './lint/finding.ts';
export { type PublicKey, type SignatureSource, Signer } from './keys/signer.ts';
export type { MirrorRequest, MirrorResult } from './publish/mirror.ts';
export type { PublishRequest, PublishStep } from './publish/publish.ts';
export { createRepository, Repository, type RepositoryOptions } from './repository.ts';
export type { PlannedDraft, RotationPlan } from './rotation/plan.ts';
export type { Revocation } from './rotation/revoke.ts';
export type { OnlineRotation } from './rotation/rotate-online.ts';
export { SIGNER_CODES, type SignerCode, SignerError } from './signer-error.ts';
export type { Holder, Quorum } from './status/holder.ts';
export type { PendingDraft, RoleStatus } from './status/status.ts';
export { DEFAULT_EXPIRY_DAYS, type ExpiryDays, KEY_KINDS, type KeyKind, type KnownKey } from './store/config.ts';
export { KEY_TYPES, keyId, type KeyType, tufKeyOf } from './tuf/key.ts';
export type { DetachedSignature, TufKey } from '@tidegate/protocol';
export {
  type Verified,
  type VerifiedRole,
  type VerifiedTarget,
  verifyRepository,
} from './verify/verify.ts';
export { type Looked, type LookRequest, lookOver } from './verify/look-over.ts';
export type { VerifyRequest } from './verify/trusted-lists.ts';
