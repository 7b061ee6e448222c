/** `key`: the public half of the device's key, for whoever registers it or certifies it. The private half stays where it is. */
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import { durableFiles } from '../durable/durable-files.ts';
import { acquireLock } from '../durable/lock.ts';
import { deviceKeyPath, loadOrMakeDeviceKey } from '../net/device-key.ts';
import type { KeyKind } from '../net/key-kinds.ts';
import { CommandError, EXIT } from './exit-code.ts';

export interface KeyOptions {
  readonly config: string;
  readonly kind?: KeyKind;
  /** The label, or true for a line without one. */
  readonly csv?: string | true;
  readonly json?: boolean;
}

export async function key(options: KeyOptions): Promise<void> {
  const { product, netDir, trustDir } = await readConfig(options.config);
  const path = deviceKeyPath(netDir);
  const lock = await acquireLock(join(trustDir, 'agent.lock'));
  try {
    const { kind, publicKey } = await loadOrMakeDeviceKey(durableFiles, path, options.kind);
    if (options.kind !== undefined && options.kind !== kind) {
      throw new CommandError(EXIT.refused, `there is a key of kind ${kind} already: ${path}`);
    }
    process.stdout.write(`${said(options, { product, kind, publicKey, path })}\n`);
  } finally {
    await lock.release();
  }
}

function said({ csv, json }: KeyOptions, key: { product: string; kind: KeyKind; publicKey: string; path: string }) {
  const { product, kind, publicKey, path } = key;
  if (json) return JSON.stringify({ product, kind, publicKey });
  if (csv === undefined) return `${kind} key for ${product} in ${path}\n${publicKey}`;
  return [product, publicKey, csv === true ? '' : `"${csv.replaceAll('"', '""')}"`].join(',');
}
