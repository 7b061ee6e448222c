/**
 * What can be done with submissions, one act at a time: open, upload, submit, sign. Each act is in the audit log before
 * it is answered for, refusals too. What a submission has become is read from the repository folder, never remembered.
 */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { DetachedSignature, SignatureQuorum, SubmissionRequest, SubmissionView } from '@tidegate/protocol';
import { type Clock, daysAfter, instant } from '../../clock.ts';
import type { Candidate } from '../../edit/candidate.ts';
import type { Payload } from '../../edit/payload.ts';
import { payloadHash } from '../../edit/signature.ts';
import type { Repository } from '../../repository.ts';
import { SignerError, type SignerCode } from '../../signer-error.ts';
import { quorumOf } from '../../status/holder.ts';
import { type Artifact, artifactPath } from '../../store/artifact.ts';
import type { Store } from '../../store/store.ts';
import { type Envelope, isTargets } from '../../tuf/metadata.ts';
import { parseFor } from '../../tuf/parse.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type { Point } from '../point.ts';
import { isFinal, type Outcome, outcomeOf, type Submission, viewOf } from './submission.ts';
import type { SubmissionStore } from './submission-store.ts';
import type { Uploads } from './uploads.ts';

export interface DeskDeps {
  readonly repository: Repository;
  readonly store: Store;
  readonly submissions: SubmissionStore;
  readonly uploads: Uploads;
  readonly audit: AuditLog;
  readonly now: Clock;
  readonly waitingDays: number;
  /** Told that there may be something to publish. */
  readonly wake: () => void;
  readonly reached: Point;
}

export interface Desk {
  readonly open: (
    request: SubmissionRequest,
    by: { issuer: string; subject: string } | undefined,
  ) => Promise<SubmissionView>;
  /** @throws SignerError `submission-unknown`, `submission-state`, `artifact-unexpected`, those of uploads */
  readonly upload: (id: string, sha256: string, bytes: Readable, lengthBytes: number | undefined) => Promise<void>;
  readonly submit: (id: string) => Promise<SubmissionView>;
  readonly addSignature: (id: string, signature: DetachedSignature) => Promise<SubmissionView>;
  readonly payload: (id: string) => Promise<Payload>;
  readonly get: (id: string) => SubmissionView;
  readonly list: (wanted: (submission: Submission) => boolean) => SubmissionView[];
  /** Brings every submission in line with the folder, and forgets what is past its time. */
  readonly reconcile: () => Promise<void>;
  /** Those that have all their signatures and are not out yet. */
  readonly ready: () => readonly Submission[];
  readonly refuse: (id: string, code: SignerCode, detail: string) => Promise<void>;
  /** Marks as published what the last publication brought out. */
  readonly settle: (timestampVersion: number) => Promise<void>;
  /** Resolves when a submission's state changes, or the signal ends the wait. */
  readonly changed: (id: string, signal: AbortSignal) => Promise<void>;
}

/** An open submission that nobody finishes is forgotten after a day, with what was uploaded for it. */
const OPEN_DAYS = 1;
/** Final ones are kept for people to look up. */
const FINAL_DAYS = 90;
const OPEN_PER_ROLE = 20;
const KEPT = 5000;

export function openDesk(deps: DeskDeps): Desk {
  const { repository, store, submissions, uploads, audit, now, reached } = deps;
  const alone = oneAtATime();
  const listeners = new Set<{ readonly id: string; readonly tell: () => void }>();
  const view = (submission: Submission) => viewOf(submission, uploads.has);

  function found(id: string): Submission {
    const submission = submissions.get(id);
    if (submission) return submission;
    throw new SignerError('submission-unknown', 'There is no such submission.');
  }

  async function change(before: Submission, to: Partial<Submission>): Promise<Submission> {
    const after = { ...before, ...to, updatedAt: instant(now()) };
    if (after.state !== before.state) {
      const { id, role, version, payloadSha256, state, refusal } = after;
      await audit.append('submission-changed', {
        id,
        role,
        version,
        payloadSha256,
        state,
        ...(refusal && { refusal }),
      });
    }
    await submissions.put(after);
    for (const listener of listeners) if (listener.id === after.id) listener.tell();
    return after;
  }

  async function open(request: SubmissionRequest, by: { issuer: string; subject: string } | undefined) {
    const { role, baseVersion, idempotencyKey, replaces = null } = request;
    const list = Buffer.from(request.list, 'base64');
    const envelope = parseFor(role)(list, 'the list');
    const known = submissions.all().find(s => s.role === role && s.idempotencyKey === idempotencyKey);
    // Whoever asks again has signed again: a key alone tells nobody what another submitted.
    if (known) {
      await mustBeSigned(role, envelope);
      return view(known);
    }
    const { candidate, signatures } = await repository.weigh({ role, envelope, baseVersion });
    mustBeFree(role, replaces);
    mustHaveRoom(role);
    const submission: Submission = {
      format: 1,
      id: randomBytes(16).toString('hex'),
      role,
      version: envelope.signed.version,
      baseVersion,
      payloadSha256: payloadHash(envelope.signed),
      idempotencyKey,
      replaces,
      state: 'open',
      artifacts: await missingArtifacts(envelope),
      quorums: quorumsOf({ ...candidate, envelope: { ...envelope, signatures } }),
      submittedBy: by ? { by: 'token', ...by } : { by: 'signature', keyid: signatures[0]?.keyid ?? '' },
      createdAt: instant(now()),
      updatedAt: instant(now()),
      refusal: null,
      published: null,
    };
    const { id, version, payloadSha256, submittedBy } = submission;
    await audit.append('submission-opened', { id, role, version, payloadSha256, submittedBy });
    await submissions.add(submission, list);
    return view(submission);
  }

  /** Judged by the role's keys alone: the list may be in force by now, which the other checks would refuse. */
  async function mustBeSigned(role: string, envelope: Envelope): Promise<void> {
    await repository.weighSignatures(role, envelope);
  }

  function mustBeFree(role: string, replaces: string | null): void {
    const busy = submissions.all().find(s => s.role === role && (s.state === 'waiting' || s.state === 'publishing'));
    if (!busy || (busy.id === replaces && busy.state === 'waiting')) return;
    throw new SignerError('submission-waiting', `Submission ${busy.id} of ${role} is ${busy.state}.`);
  }

  function mustHaveRoom(role: string): void {
    const all = submissions.all();
    if (all.filter(s => s.role === role && s.state === 'open').length < OPEN_PER_ROLE && all.length < KEPT) return;
    throw new SignerError('submissions-full', `Too many submissions of ${role} are open; finish one, or wait a day.`);
  }

  async function missingArtifacts(envelope: Envelope): Promise<Artifact[]> {
    if (!isTargets(envelope.signed)) return [];
    const named = new Map(
      Object.values(envelope.signed.targets).map(({ hashes, length }) => [
        hashes.sha256,
        { sha256: hashes.sha256, lengthBytes: length },
      ]),
    );
    const missing: Artifact[] = [];
    for (const artifact of named.values()) {
      const there = await stat(artifactPath(store, artifact.sha256)).catch(() => undefined);
      if (there?.size !== artifact.lengthBytes) missing.push(artifact);
    }
    return missing;
  }

  async function submit(id: string): Promise<SubmissionView> {
    const submission = found(id);
    if (submission.state !== 'open') return view(submission);
    const { role, baseVersion, replaces } = submission;
    for (const artifact of submission.artifacts) await uploads.keep(artifact);
    reached('submit:artifacts-kept');
    const envelope = parseFor(role)(await submissions.list(id), 'the list');
    mustBeFree(role, replaces);
    const replaced = replaces === null ? undefined : submissions.get(replaces);
    await repository.adopt({ role, envelope, baseVersion }, replaced?.payloadSha256);
    reached('submit:adopted');
    await reconcileOne(found(id));
    if (replaced) await reconcileOne(found(replaced.id));
    reached('submit:recorded');
    return view(found(id));
  }

  async function addSignature(id: string, signature: DetachedSignature): Promise<SubmissionView> {
    const submission = found(id);
    const { role, payloadSha256, state } = submission;
    if (state !== 'waiting' && state !== 'publishing') {
      throw new SignerError('submission-state', `The submission is ${state}: it takes no signature.`);
    }
    if (signature.role !== role || signature.payloadSha256 !== payloadSha256) {
      throw new SignerError('signature-invalid', 'This signature is for another list than the one that waits here.');
    }
    const { added } = await repository.addSignature(role, signature);
    if (added) await audit.append('signature-added', { id, role, payloadSha256, keyid: signature.keyid });
    reached('signature:added');
    await reconcileOne(found(id));
    return view(found(id));
  }

  async function reconcileOne(submission: Submission): Promise<void> {
    if (isFinal(submission)) return;
    const standing = await repository.standing(submission.role, submission.version);
    const inPlace = submissions
      .all()
      .some(s => s.replaces === submission.id && s.payloadSha256 === standing.draft?.payloadSha256);
    await apply(submission, outcomeOf(submission, standing, inPlace));
  }

  async function apply(submission: Submission, outcome: Outcome): Promise<void> {
    const quorums = outcome.state === 'waiting' ? quorumsOf(await repository.candidate(submission.role)) : undefined;
    const changes = outcome.state !== submission.state;
    if (!changes && (!quorums || JSON.stringify(quorums) === JSON.stringify(submission.quorums))) return;
    const refusal = outcome.state === 'refused' ? { code: outcome.code, detail: outcome.detail } : null;
    const full = outcome.state === 'publishing' ? submission.quorums.map(q => ({ ...q, missing: 0 })) : undefined;
    await change(submission, { state: outcome.state, quorums: quorums ?? full ?? submission.quorums, refusal });
  }

  async function reconcile(): Promise<void> {
    for (const submission of submissions.all()) {
      await reconcileOne(submission);
      await giveUp(found(submission.id));
    }
    const wanted = submissions.all().filter(s => !isFinal(s));
    await uploads.forget(new Set(wanted.flatMap(s => s.artifacts.map(a => a.sha256))));
  }

  async function giveUp(submission: Submission): Promise<void> {
    const { id, state, createdAt, updatedAt, role } = submission;
    const olderThan = (text: string, days: number) => daysAfter(new Date(text), days) <= now();
    if (state === 'open' && olderThan(createdAt, OPEN_DAYS)) {
      await change(submission, {
        state: 'refused',
        refusal: { code: 'submission-state', detail: 'It was never finished.' },
      });
    } else if (state === 'waiting' && olderThan(createdAt, deps.waitingDays)) {
      await repository.dropDraft(role);
      const detail = `Nobody signed it within ${deps.waitingDays} days.`;
      await change(submission, { state: 'refused', refusal: { code: 'threshold-not-met', detail } });
    } else if (isFinal(submission) && olderThan(updatedAt, FINAL_DAYS)) {
      await submissions.remove(id);
    }
  }

  async function settle(timestampVersion: number): Promise<void> {
    const published = await repository.lastPublished();
    for (const submission of ready()) {
      if ((published?.versions[submission.role] ?? 0) < submission.version) continue;
      await change(submission, { state: 'published', published: { at: instant(now()), timestampVersion } });
    }
  }

  function ready(): readonly Submission[] {
    return submissions.all().filter(s => s.state === 'publishing');
  }

  return {
    open: (request, by) => alone(() => open(request, by)),
    upload: async (id, sha256, bytes, lengthBytes) => {
      const submission = found(id);
      const artifact = submission.artifacts.find(a => a.sha256 === sha256);
      if (!artifact)
        throw new SignerError('artifact-unexpected', 'The list of this submission needs no such artifact.');
      if (submission.state !== 'open') throw new SignerError('submission-state', `It is ${submission.state}.`);
      if (lengthBytes !== undefined && lengthBytes !== artifact.lengthBytes) {
        throw new SignerError(
          'artifact-length',
          `${lengthBytes} bytes are announced; the list names ${artifact.lengthBytes}.`,
        );
      }
      if (!uploads.has(sha256)) await uploads.take(artifact, bytes);
    },
    submit: async id => {
      const submitted = await alone(() => submit(id));
      deps.wake();
      return submitted;
    },
    addSignature: async (id, signature) => {
      const signed = await alone(() => addSignature(id, signature));
      deps.wake();
      return signed;
    },
    payload: async id => {
      const { role, state, payloadSha256 } = found(id);
      const payload = state === 'waiting' ? await repository.exportPayload(role) : undefined;
      if (
        payload &&
        payloadHash(parseFor(role)(Buffer.from(payload.draft, 'base64'), 'the draft').signed) === payloadSha256
      ) {
        return payload;
      }
      throw new SignerError('submission-state', `The submission is ${state}: it waits for no signature.`);
    },
    get: id => view(found(id)),
    list: wanted => submissions.all().filter(wanted).map(view),
    reconcile: () => alone(reconcile),
    ready,
    refuse: (id, code, detail) =>
      alone(async () => void (await change(found(id), { state: 'refused', refusal: { code, detail } }))),
    settle: timestampVersion => alone(() => settle(timestampVersion)),
    changed: (id, signal) =>
      new Promise(resolve => {
        const listener = {
          id,
          tell: () => {
            listeners.delete(listener);
            resolve();
          },
        };
        listeners.add(listener);
        signal.addEventListener('abort', listener.tell, { once: true });
        if (signal.aborted) listener.tell();
      }),
  };
}

function quorumsOf({ rules, envelope, context }: Pick<Candidate, 'rules' | 'envelope' | 'context'>): SignatureQuorum[] {
  const holder = (h: { keyid: string; name: string; kind?: 'person' | 'ci' | 'online' }) => ({
    keyid: h.keyid,
    name: h.name,
    kind: h.kind ?? null,
  });
  return rules
    .filter(rule => rule.binding)
    .map(rule => {
      const { threshold, signed, open, missing } = quorumOf(rule, envelope, context.keys);
      return { threshold, signed: signed.map(holder), open: open.map(holder), missing };
    });
}
