/**
 * What can be done with submissions, one act at a time: open, upload, submit, sign. Each act is in the audit log before
 * it is answered for, refusals too. What a submission has become is decided by its course.
 */
import type { Readable } from 'node:stream';
import type { DetachedSignature, SubmissionRequest, SubmissionView } from '@tidegate/protocol';
import type { Payload } from '../../edit/payload.ts';
import { payloadHash } from '../../edit/signature.ts';
import { SignerError } from '../../signer-error.ts';
import { parseFor } from '../../tuf/parse.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type { Point } from '../point.ts';
import type { Delay } from '../publishing/trouble.ts';
import { admit, type AdmissionDeps, mustBeFree, type Sender } from './admission.ts';
import { openChanges } from './changes.ts';
import { type Course, type CourseDeps, openCourse } from './course.ts';
import { type Submission, viewOf } from './submission.ts';

export interface DeskDeps extends AdmissionDeps, Omit<CourseDeps, 'changes'> {
  /** What keeps lists of a role from being out. */
  readonly delayOf: (role: string) => Delay | undefined;
  /** Told that there may be something to publish. */
  readonly wake: () => void;
  readonly reached: Point;
}

export interface Desk {
  readonly open: (request: SubmissionRequest, by: Sender) => Promise<SubmissionView>;
  /** @throws SignerError `submission-unknown`, `submission-state`, `artifact-unexpected`, those of uploads */
  readonly upload: (id: string, sha256: string, bytes: Readable, lengthBytes: number | undefined) => Promise<void>;
  readonly submit: (id: string) => Promise<SubmissionView>;
  readonly addSignature: (id: string, signature: DetachedSignature) => Promise<SubmissionView>;
  readonly payload: (id: string) => Promise<Payload>;
  readonly get: (id: string) => SubmissionView;
  readonly list: (wanted: (submission: Submission) => boolean) => SubmissionView[];
  /** For the publisher; in turn with the acts. */
  readonly course: Omit<Course, 'found' | 'reconcile'>;
  /** Resolves when a submission's state changes, or the signal ends the wait. */
  readonly changed: (id: string, signal: AbortSignal) => Promise<void>;
}

export function openDesk(deps: DeskDeps): Desk {
  const { repository, submissions, uploads, audit, delayOf, wake, reached } = deps;
  const inTurn = oneAtATime();
  const changes = openChanges();
  const course = openCourse({ ...deps, changes });
  const { found } = course;
  const view = (submission: Submission) => viewOf(submission, uploads.has, delayOf);

  async function open(request: SubmissionRequest, by: Sender): Promise<SubmissionView> {
    const { role, idempotencyKey } = request;
    const list = Buffer.from(request.list, 'base64');
    const envelope = parseFor(role)(list, 'the list');
    const known = submissions.all().find(s => s.role === role && s.idempotencyKey === idempotencyKey);
    if (known) {
      // Whoever asks again has signed again: a key alone tells nobody what another submitted. Judged by the role's keys
      // alone: the list may be in force by now, which the other checks would refuse.
      await repository.weighSignatures(role, envelope);
      return view(known);
    }
    const submission = await admit(deps, request, envelope, by);
    const { id, version, payloadSha256, submittedBy } = submission;
    await audit.append('submission-opened', { id, role, version, payloadSha256, submittedBy });
    await submissions.add(submission, list);
    return view(submission);
  }

  async function upload(id: string, sha256: string, bytes: Readable, lengthBytes: number | undefined): Promise<void> {
    const { artifacts, state } = found(id);
    const artifact = artifacts.find(a => a.sha256 === sha256);
    if (!artifact) throw new SignerError('artifact-unexpected', 'The list of this submission needs no such artifact.');
    if (state !== 'open') throw new SignerError('submission-state', `It is ${state}.`);
    if (lengthBytes !== undefined && lengthBytes !== artifact.lengthBytes) {
      throw new SignerError(
        'artifact-length',
        `${lengthBytes} bytes are announced; the list names ${artifact.lengthBytes}.`,
      );
    }
    if (!uploads.has(sha256)) await uploads.take(artifact, bytes);
  }

  async function submit(id: string): Promise<SubmissionView> {
    const submission = found(id);
    if (submission.state !== 'open') return view(submission);
    const { role, baseVersion, replaces, artifacts } = submission;
    for (const artifact of artifacts) await uploads.keep(artifact);
    reached('submit:artifacts-kept');
    const envelope = parseFor(role)(await submissions.list(id), 'the list');
    mustBeFree(submissions, role, replaces);
    const replaced = replaces === null ? undefined : submissions.get(replaces);
    await repository.adopt({ role, envelope, baseVersion }, replaced?.payloadSha256);
    reached('submit:adopted');
    await course.reconcile(id);
    if (replaced) await course.reconcile(replaced.id);
    reached('submit:recorded');
    return view(found(id));
  }

  async function addSignature(id: string, signature: DetachedSignature): Promise<SubmissionView> {
    const { role, payloadSha256, state } = found(id);
    if (state !== 'waiting' && state !== 'publishing') {
      throw new SignerError('submission-state', `The submission is ${state}: it takes no signature.`);
    }
    if (signature.role !== role || signature.payloadSha256 !== payloadSha256) {
      throw new SignerError('signature-invalid', 'This signature is for another list than the one that waits here.');
    }
    const { added } = await repository.addSignature(role, signature);
    if (added) await audit.append('signature-added', { id, role, payloadSha256, keyid: signature.keyid });
    reached('signature:added');
    await course.reconcile(id);
    return view(found(id));
  }

  async function payload(id: string): Promise<Payload> {
    const { role, state, payloadSha256 } = found(id);
    const exported = state === 'waiting' ? await repository.exportPayload(role) : undefined;
    const drafted = exported && parseFor(role)(Buffer.from(exported.draft, 'base64'), 'the draft');
    if (exported && drafted && payloadHash(drafted.signed) === payloadSha256) return exported;
    throw new SignerError('submission-state', `The submission is ${state}: it waits for no signature.`);
  }

  const thenWake = async <T>(act: Promise<T>): Promise<T> => {
    const done = await act;
    wake();
    return done;
  };
  return {
    open: (request, by) => inTurn(() => open(request, by)),
    upload,
    submit: id => thenWake(inTurn(() => submit(id))),
    addSignature: (id, signature) => thenWake(inTurn(() => addSignature(id, signature))),
    payload,
    get: id => view(found(id)),
    list: wanted => submissions.all().filter(wanted).map(view),
    course: {
      reconcileAll: () => inTurn(course.reconcileAll),
      ready: course.ready,
      refuse: (id, code, detail) => inTurn(() => course.refuse(id, code, detail)),
      settle: timestampVersion => inTurn(() => course.settle(timestampVersion)),
    },
    changed: changes.next,
  };
}
