/** A signed repository that tests spoil in some way, and what lint finds in it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';
import type { Finding } from './finding.ts';

export interface Entry {
  length: number;
  hashes: { sha256: string };
  custom: Record<string, unknown>;
}

export interface Draft {
  signatures: unknown[];
  signed: {
    version: number;
    expires: string;
    targets: Record<string, Entry>;
    delegations: { keys: Record<string, unknown>; roles: { name: string; keyids: string[] }[] };
  };
}
export type List = Draft['signed'];

export interface LintedRepository {
  readonly made: TestRepository;
  /** Edits a file of the repository by hand, as a slip or an attacker would. */
  readonly edit: (file: string, change: (envelope: Draft) => void) => Promise<void>;
  readonly findings: () => Promise<Finding[]>;
  /** Lists an image of its own under this version. @returns its path */
  readonly released: (version: string, said?: Parameters<typeof release>[1]) => Promise<string>;
  readonly sign: (role: string) => Promise<void>;
}

export async function lintedRepository(): Promise<LintedRepository> {
  const made = await signedRepository();
  return {
    made,
    edit: async (file, change) => {
      const path = join(made.dir, file);
      const envelope = JSON.parse(await readFile(path, 'utf8')) as Draft;
      change(envelope);
      await writeFile(path, JSON.stringify(envelope));
    },
    findings: () => made.repo.lint(),
    released: async (version, said = {}) => {
      const file = await made.image(`${said.component ?? 'rootfs'}-${version}.img`, `image ${version}`);
      const { path } = await made.repo.addRelease(release(file, { version, ...said }));
      return path;
    },
    sign: async role => {
      for (const key of [made.keys.ci, made.keys.a]) await made.repo.sign(role, key.signer);
    },
  };
}

export function entryIn({ targets }: List, path: string): Entry {
  const entry = targets[path];
  if (!entry) throw new Error(`${path} is not listed`);
  return entry;
}

export const found = (code: string, severity: Finding['severity'], more: Partial<Finding> = {}) =>
  expect.objectContaining({ code, severity, ...more, remedy: expect.stringMatching(/\.$/) });
