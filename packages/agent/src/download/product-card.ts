/**
 * The product's descriptor on this device, for its owner: names, sensors, where flaws are reported. Believed by the hash
 * in the signed list each time that it is shown; that it is missing keeps nothing from being updated.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { jsonParser, Product } from '@tidegate/protocol';
import { asAgentError } from '../agent-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import type { Log } from '../log.ts';
import type { Downloader, SignedArtifact } from '../ports.ts';

export interface ProductCard {
  /** Undefined where it is not here, or is not the one that the list names. */
  read(listed: SignedArtifact): Promise<Product | undefined>;
  /** Fetches it where it is not here. @throws AgentError stopped, and nothing else: the next time will do */
  renew(listed: SignedArtifact, signal: AbortSignal): Promise<void>;
}

const parseProduct = jsonParser(Product);

export function createProductCard(options: {
  /** Belongs to the network part. */
  readonly netDir: string;
  readonly files: DurableFiles;
  readonly downloader: Downloader;
  readonly log: Log;
}): ProductCard {
  const { files, downloader, log } = options;
  const path = join(options.netDir, 'product.json');

  const bytesOf = async ({ sha256 }: SignedArtifact): Promise<Buffer | undefined> => {
    const bytes = await files.read(path);
    return bytes && createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : undefined;
  };

  return {
    async read(listed) {
      const bytes = await bytesOf(listed);
      const parsed = bytes && parseProduct(bytes.toString('utf8'));
      return parsed?.ok ? parsed.value : undefined;
    },

    async renew(listed, signal) {
      if (await bytesOf(listed)) return;
      try {
        const fetched = await files.read(await downloader.download(listed, { signal }));
        if (fetched) await files.write(path, fetched);
      } catch (error) {
        const fault = asAgentError(error);
        if (fault.code === 'stopped') throw fault;
        log.info({ code: fault.code, why: fault.message }, 'the product descriptor could not be fetched');
      }
    },
  };
}
