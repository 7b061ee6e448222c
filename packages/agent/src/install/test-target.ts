/** Tests: a target as the trust layer hands it to an installer, for bytes that are there. */
import { createHash } from 'node:crypto';
import type { Firmware } from '@tidegate/protocol';
import type { AcceptedTarget } from '../ports.ts';

export interface TestRelease extends Partial<Firmware> {
  readonly component: string;
  readonly format: string;
  /** The name of its file. */
  readonly file: string;
}

export function targetFor(bytes: Uint8Array, { file, ...release }: TestRelease): AcceptedTarget {
  const firmware: Firmware = {
    schema: 1,
    version: '1.1.0',
    counter: 2,
    hardware: ['gw2-a'],
    kind: 'full',
    class: 'feature',
    disruption: 'none',
    releasedAt: '2026-11-01T00:00:00Z',
    ...release,
  };
  return {
    path: `gw2/stable/${firmware.component}/${firmware.version}/${file}`,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    lengthBytes: bytes.length,
    validUntil: '2030-01-01T00:00:00Z',
    firmware,
  };
}
