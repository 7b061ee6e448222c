/**
 * The claim on the repository folder: whoever becomes active writes its name into it, and from then on the folder takes
 * work from no other. So a process that lost the lock without knowing it can change nothing more.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { closed, jsonParser } from '@tidegate/protocol';
import { Type } from 'typebox';
import { SignerError } from '../../signer-error.ts';
import { readBounded, writeDurably } from '../../store/durable-file.ts';
import { alone } from '../../store/lock.ts';

const parseClaim = jsonParser(closed({ format: Type.Literal(1), holder: Type.String({ maxLength: 64 }) }));

export interface Claim {
  /**
   * Asked before each piece of work on the lists.
   * @throws SignerError `not-active` once another process has claimed the folder
   */
  readonly guard: () => Promise<void>;
  /** Does work on the service's own files alone, and only while the folder is claimed. @throws as `guard` */
  readonly hold: Hold;
}

export type Hold = <T>(work: () => Promise<T>) => Promise<T>;

/** @param lost is called once another process has claimed the folder */
export async function claimFolder(repositoryDir: string, serviceDir: string, lost: () => void): Promise<Claim> {
  const path = join(serviceDir, 'claim.json');
  const holder = randomUUID();
  await alone(repositoryDir, () => writeDurably(path, JSON.stringify({ format: 1, holder }), 0o600));
  const guard = async () => {
    const parsed = parseClaim((await readBounded(path, 1024))?.toString('utf8') ?? '');
    if (parsed.ok && parsed.value.holder === holder) return;
    lost();
    throw new SignerError('not-active', 'Another process has taken over this repository.');
  };
  return {
    guard,
    hold: work =>
      alone(repositoryDir, async () => {
        await guard();
        return work();
      }),
  };
}
