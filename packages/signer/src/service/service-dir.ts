import { join } from 'node:path';

/** Where the service keeps what is its own, beside the repository's lists. */
export function serviceDir(repositoryDir: string): string {
  return join(repositoryDir, 'service');
}
