/** Whether somebody works in the folder now, or left its lock behind. */
import type { LockOwner } from '../store/lock.ts';
import { type Diagnosis, sound, warning } from './diagnosis.ts';

export function lockDiagnoses(owner: LockOwner | undefined): readonly Diagnosis[] {
  if (!owner) return [sound('lock', 'Nobody works in the folder.')];
  const { pid, isElsewhere, lives } = owner;
  if (lives) {
    const message = `Process ${pid}${isElsewhere ? ' of another machine or container' : ''} works in the folder now.`;
    return [warning('lock', { code: 'repository-busy', message, remedy: 'Let it end, then ask the doctor again.' })];
  }
  const message = `The folder is locked by process ${pid}, which is gone: it was killed or lost power.`;
  const remedy = 'Nothing: the next command takes the lock over.';
  return [warning('lock', { code: 'lock-stale', message, remedy })];
}
