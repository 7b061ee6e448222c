/** Whether this Node is one that the signer is made for. */
import { type Diagnosis, error, sound } from './diagnosis.ts';

const NODE_MAJOR_MIN = 24;

/** @param version as in `process.versions.node` */
export function nodeDiagnoses(version: string): readonly Diagnosis[] {
  if (Number.parseInt(version, 10) >= NODE_MAJOR_MIN) return [sound('node', `Node ${version}.`)];
  const message = `Node ${version} is older than ${NODE_MAJOR_MIN}.`;
  return [error('node', { code: 'node-old', message, remedy: `Install Node ${NODE_MAJOR_MIN} or newer.` })];
}
