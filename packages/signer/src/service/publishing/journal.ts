/**
 * How far a publication has come, on the disk. The next step is written before it is begun, so that a process that was
 * killed anywhere begins that step again; every step can be done twice.
 */
import { join } from 'node:path';
import { closed, jsonParser, Sha256 } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { SignerError } from '../../signer-error.ts';
import { readBounded, writeDurably } from '../../store/durable-file.ts';
import type { Hold } from '../lock/folder-claim.ts';

const Version = Type.Integer({ minimum: 0 });

export const Stage = Type.Union([
  closed({ stage: Type.Literal('idle') }),
  /** Drafts with enough signatures become complete lists. */
  closed({ stage: Type.Literal('completing') }),
  /** Snapshot and timestamp, above this timestamp: one that is there already was signed before a kill. */
  closed({ stage: Type.Literal('signing'), aboveTimestamp: Version }),
  /** The set that this timestamp stands for goes to the server, and is read back. */
  closed({ stage: Type.Literal('uploading'), timestamp: Version, sha256: Sha256 }),
  /** It is out: what was waiting for it is told. */
  closed({ stage: Type.Literal('settling'), timestamp: Version }),
]);
export type Stage = Static<typeof Stage>;
export type StageName = Stage['stage'];

export interface Journal {
  readonly read: () => Promise<Stage>;
  readonly write: (stage: Stage) => Promise<void>;
}

const parseStage = jsonParser(closed({ format: Type.Literal(1), at: Stage }));

export function journalAt(dir: string, hold: Hold): Journal {
  const path = join(dir, 'journal.json');
  return {
    read: async () => {
      const bytes = await readBounded(path, 4096);
      if (!bytes) return { stage: 'idle' };
      const parsed = parseStage(bytes.toString('utf8'));
      if (parsed.ok) return parsed.value.at;
      throw new SignerError('repository-damaged', `${path} cannot be read: ${parsed.fault.message}.`);
    },
    write: at => hold(() => writeDurably(path, `${JSON.stringify({ format: 1, at })}\n`, 0o600)),
  };
}
