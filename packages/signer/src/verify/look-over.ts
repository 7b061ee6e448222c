/**
 * A stranger's judgement of a repository: first as a device, from a trusted root and over the wire; then everything that
 * the device accepted is linted, and the bytes behind each target are looked for where devices would get them.
 */
import { contentPath, TARGETS_BASE } from '@tidegate/protocol';
import { checkedUrl } from '../http/exchange.ts';
import { servedContent } from '../http/served-content.ts';
import type { Finding } from '../lint/finding.ts';
import { lint } from '../lint/lint.ts';
import { artifactPath, type SeenArtifact, seenArtifact } from '../store/artifact.ts';
import { DEFAULT_EXPIRY_DAYS, type KnownKey } from '../store/config.ts';
import { storeAt } from '../store/store.ts';
import { systemClock } from '../clock.ts';
import { isUrl, type VerifyRequest } from './trusted-lists.ts';
import { type Verified, type VerifiedTarget, verifyRepository } from './verify.ts';

const AT_ONCE = 8;

export interface LookRequest extends VerifyRequest {
  /** Reads and hashes all artifacts, instead of asking for their lengths. */
  readonly wholeArtifacts?: boolean | undefined;
  /** Where targets are, for a mirror that has them in another place than beside its metadata. */
  readonly targetsUrl?: string | undefined;
  /** Who holds which key, where the caller knows. */
  readonly keys?: readonly KnownKey[] | undefined;
}

export interface Looked extends Verified {
  readonly findings: readonly Finding[];
}

/** @throws SignerError as `verifyRepository`, and `network` */
export async function lookOver(request: LookRequest): Promise<Looked> {
  const { now = systemClock } = request;
  const verified = await verifyRepository(request);
  const artifacts = await seenArtifacts(request, verified.targets);
  const files = verified.lists.map(({ role, bytes }) => ({
    role,
    bytes,
    file: `${role}.json`,
    standing: 'inForce' as const,
  }));
  const facts = { now: now(), files, earlier: [], expiryDays: DEFAULT_EXPIRY_DAYS, keys: request.keys, artifacts };
  return { ...verified, findings: lint(facts) };
}

/** Some at a time: hundreds of requests at once would look like an attack. */
async function seenArtifacts(request: LookRequest, all: readonly VerifiedTarget[]): Promise<Map<string, SeenArtifact>> {
  const look = lookerFor(request);
  const waiting = [...new Map(all.map(target => [target.sha256, target])).values()];
  const seen = new Map<string, SeenArtifact>();
  const worker = async () => {
    for (let target = waiting.shift(); target; target = waiting.shift()) {
      const artifact = await look(target);
      if (artifact) seen.set(target.sha256, artifact);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return seen;
}

type Look = (target: VerifiedTarget) => Promise<SeenArtifact | undefined>;

function lookerFor({ source, targetsUrl, wholeArtifacts: whole = false }: LookRequest): Look {
  if (!isUrl(source)) {
    const store = storeAt(source);
    return target => seenArtifact(artifactPath(store, target.sha256), whole);
  }
  const base = checkedUrl(targetsUrl ?? besideMetadata(checkedUrl(source))).href.replace(/\/$/, '');
  return ({ path, sha256, lengthBytes }) =>
    servedContent({ url: new URL(`${base}/${contentPath(path, sha256)}`), whole, maxBytes: lengthBytes });
}

/** `…/metadata` has `…/targets` beside it, on servers and mirrors alike. */
function besideMetadata(url: URL): string {
  if (url.pathname === '/') return `${url.origin}${TARGETS_BASE}`;
  return url.href.replace(/\/$/, '').replace(/\/metadata$/, '/targets');
}
