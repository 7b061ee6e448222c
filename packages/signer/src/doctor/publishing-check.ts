/** Whether what was signed here last also went out from here, as far as the folder knows. */
import type { Published } from '../store/published.ts';
import { type Diagnosis, sound, warning } from './diagnosis.ts';

/** @param timestampVersion of the newest timestamp in the folder; undefined before the first */
export function publishingDiagnoses(
  timestampVersion: number | undefined,
  published: Published | undefined,
): readonly Diagnosis[] {
  if (timestampVersion === undefined) return [sound('publishing', 'There is nothing to publish yet.')];
  const remedy = 'Run "tidegate-signer publish" (again): it goes on where it was cut off. --server says what is out.';
  const last = published?.versions['timestamp'];
  if (last === undefined) {
    const message = `Timestamp ${timestampVersion} is signed, but nothing was ever published from this folder.`;
    return [warning('publishing', { code: 'never-published', message, remedy })];
  }
  if (last >= timestampVersion) return [sound('publishing', `Timestamp ${last} was published at ${published?.at}.`)];
  const message = `Timestamp ${timestampVersion} is signed, but the last one published from here is ${last}: a publish was cut off, or is still to come.`;
  return [warning('publishing', { code: 'publish-interrupted', message, remedy })];
}
