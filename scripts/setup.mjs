// Installs the workspace with the pinned pnpm, once per lock file. Runs on any Node from 20 on, before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@12.21.0';
const root = fileURLToPath(new URL('..', import.meta.url));
const stampFile = `${root}node_modules/.tidegate-setup`;

const stamp = createHash('sha256')
  .update(readFileSync(`${root}pnpm-lock.yaml`))
  .update(readFileSync(`${root}pnpm-workspace.yaml`))
  .update(PNPM)
  .digest('hex');

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  requireOldestNode();
  process.stderr.write('Setting up: installing packages and Node 24 (once, about a minute)\n');
  const install = spawnSync('npx', ['-y', PNPM, 'install', '--frozen-lockfile', '--reporter', 'append-only'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, npm_config_nodedir: process.env.npm_config_nodedir ?? '' },
  });
  if (install.status !== 0) {
    process.stderr.write(`Setting up failed: pnpm ended with ${install.status ?? install.signal ?? install.error}.\n`);
    process.stderr.write('Is the npm registry reachable, and is there room on the disk? The lines above say more.\n');
    process.exit(1);
  }
  writeFileSync(stampFile, stamp);
}

function requireOldestNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 20) return;
  process.stderr.write(`Tidegate needs Node 20 or newer to set itself up; this is ${process.version}.\n`);
  process.exit(1);
}
