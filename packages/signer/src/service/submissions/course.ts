/**
 * The course of submissions after they were opened: what each has become is read from the repository folder, never
 * remembered. Each change of state is in the audit log before anybody is told of it.
 */
import { type Clock, daysAfter, instant } from '../../clock.ts';
import type { Repository } from '../../repository.ts';
import { SignerError, type SignerCode } from '../../signer-error.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Changes } from './changes.ts';
import { quorumsOf } from './quorums.ts';
import { isFinal, type Outcome, outcomeOf, type Submission } from './submission.ts';
import type { SubmissionStore } from './submission-store.ts';
import type { Uploads } from './uploads.ts';

export interface CourseDeps {
  readonly repository: Repository;
  readonly submissions: SubmissionStore;
  readonly uploads: Uploads;
  readonly audit: AuditLog;
  readonly changes: Changes;
  readonly now: Clock;
  /** Waiting ones are given up after so long. */
  readonly waitingDays: number;
}

/** None of it may run beside another piece of the same course. */
export interface Course {
  /** @throws SignerError `submission-unknown` */
  readonly found: (id: string) => Submission;
  /** Brings one in line with the folder. */
  readonly reconcile: (id: string) => Promise<void>;
  /** The same for all, and forgets what is past its time. */
  readonly reconcileAll: () => Promise<void>;
  /** Those that have all their signatures and are not out yet. */
  readonly ready: () => readonly Submission[];
  readonly refuse: (id: string, code: SignerCode, detail: string) => Promise<void>;
  /** Marks as published what the last publication brought out. */
  readonly settle: (timestampVersion: number) => Promise<void>;
}

/** An open submission that nobody finishes is forgotten after a day, with what was uploaded for it. */
const OPEN_DAYS = 1;
/** Final ones are kept for people to look up. */
const FINAL_DAYS = 90;

export function openCourse(deps: CourseDeps): Course {
  const { repository, submissions, uploads, audit, changes, now, waitingDays } = deps;

  function found(id: string): Submission {
    const submission = submissions.get(id);
    if (submission) return submission;
    throw new SignerError('submission-unknown', 'There is no such submission.');
  }

  async function change(before: Submission, to: Partial<Submission>): Promise<void> {
    const after = { ...before, ...to, updatedAt: instant(now()) };
    const { id, role, version, payloadSha256, state, refusal } = after;
    if (state !== before.state) {
      const about = { id, role, version, payloadSha256, state };
      await audit.append('submission-changed', { ...about, ...(refusal && { refusal }) });
    }
    await submissions.put(after);
    changes.tell(id);
  }

  async function refuse(id: string, code: SignerCode, detail: string): Promise<void> {
    await change(found(id), { state: 'refused', refusal: { code, detail } });
  }

  async function reconcile(submission: Submission): Promise<void> {
    if (isFinal(submission)) return;
    const { id, role, version } = submission;
    const standing = await repository.standing(role, version);
    const draft = standing.draft?.payloadSha256;
    const supersededBy = submissions.all().some(s => s.replaces === id && s.payloadSha256 === draft);
    await apply(submission, outcomeOf(submission, standing, supersededBy));
  }

  async function apply(submission: Submission, outcome: Outcome): Promise<void> {
    const { id, role, state, quorums: before } = submission;
    if (outcome.state === 'refused') {
      if (state !== 'refused') await refuse(id, outcome.code, outcome.detail);
      return;
    }
    const quorums =
      outcome.state === 'waiting'
        ? quorumsOf(await repository.candidate(role))
        : outcome.state === 'publishing'
          ? before.map(q => ({ ...q, missing: 0 }))
          : before;
    if (outcome.state === state && JSON.stringify(quorums) === JSON.stringify(before)) return;
    await change(submission, { state: outcome.state, quorums });
  }

  async function giveUp({ id, state, role, createdAt, updatedAt }: Submission): Promise<void> {
    const isOlderThan = (text: string, days: number) => daysAfter(new Date(text), days) <= now();
    if (state === 'open' && isOlderThan(createdAt, OPEN_DAYS)) {
      await refuse(id, 'submission-state', 'It was never finished.');
    } else if (state === 'waiting' && isOlderThan(createdAt, waitingDays)) {
      await repository.dropDraft(role);
      await refuse(id, 'threshold-not-met', `Nobody signed it within ${waitingDays} days.`);
    } else if (
      (state === 'published' || state === 'refused' || state === 'superseded') &&
      isOlderThan(updatedAt, FINAL_DAYS)
    ) {
      await submissions.remove(id);
    }
  }

  async function reconcileAll(): Promise<void> {
    for (const submission of submissions.all()) {
      await reconcile(submission);
      await giveUp(found(submission.id));
    }
    const wanted = submissions.all().filter(s => !isFinal(s));
    await uploads.forget(new Set(wanted.flatMap(s => s.artifacts.map(a => a.sha256))));
  }

  const ready = () => submissions.all().filter(s => s.state === 'publishing');

  async function settle(timestampVersion: number): Promise<void> {
    const published = await repository.lastPublished();
    for (const submission of ready()) {
      if ((published?.versions[submission.role] ?? 0) < submission.version) continue;
      await change(submission, { state: 'published', published: { at: instant(now()), timestampVersion } });
    }
  }

  return { found, reconcile: id => reconcile(found(id)), reconcileAll, ready, refuse, settle };
}
