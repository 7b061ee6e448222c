/** The real nginx with the configuration of `infra/nginx`: only addresses and paths are put in. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { nobody } from './nobody.ts';
import { until } from './until.ts';

const CONFIGURATION = join(import.meta.dirname, '../../infra/nginx/nginx.conf');
const NGINX = '/usr/sbin/nginx';

export interface NginxPlan {
  readonly folder: string;
  readonly port: number;
  /** Ports of server processes. */
  readonly upstreams: readonly number[];
  /** The server's artifact folder. */
  readonly artifacts: string;
  readonly certificate: Certificate;
  /** Put into the server block: what a test or a measurement asks nginx besides. */
  readonly beside?: string;
}

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** For 127.0.0.1, signed by itself, readable by all: it is no secret. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const certFile = join(folder, 'certificate.pem');
  const keyFile = join(folder, 'key.pem');
  const key = openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256');
  await writeFile(keyFile, key, { mode: 0o644 });
  const names = ['-subj', '/CN=tidegate test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await writeFile(certFile, openssl('req', '-x509', '-key', keyFile, '-days', '2', ...names));
  return { certFile, keyFile };
}

/** Writes the configuration for this plan. @returns its file */
export async function layOutNginx(plan: NginxPlan): Promise<string> {
  const own = join(plan.folder, 'nginx');
  await mkdir(own, { recursive: true });
  const text = put(await readFile(CONFIGURATION, 'utf8'), {
    // First: what is put in later may lie below /tmp itself.
    ' /tmp/': ` ${own}/`,
    'listen 8443 ssl http2;': `listen 127.0.0.1:${plan.port} ssl http2; ${plan.beside ?? ''}`,
    'server server:8080 max_fails=0;': plan.upstreams.map(port => `server 127.0.0.1:${port} max_fails=0;`).join(' '),
    '/srv/tidegate/artifacts/': `${plan.artifacts}/`,
    '/run/secrets/tls-certificate': plan.certificate.certFile,
    '/run/secrets/tls-key': plan.certificate.keyFile,
  });
  const file = join(own, 'nginx.conf');
  await writeFile(file, text);
  return file;
}

/** What nginx says of a configuration, without running it. */
export function checkNginx(file: string): { status: number | null; words: string } {
  const { status, stderr } = spawnSync(NGINX, ['-t', '-e', 'stderr', '-c', file], { encoding: 'utf8' });
  return { status, words: stderr };
}

/** From 1.23.2 on keys of tickets are in the shared session cache, outlive a reload, and are renewed by nginx itself. */
export function keepsTicketKeys(): boolean {
  const { stderr } = spawnSync(NGINX, ['-v'], { encoding: 'utf8' });
  const [, minor = '0', patch = '0'] = /nginx\/1\.(\d+)\.(\d+)/.exec(stderr) ?? [];
  return Number(minor) * 1000 + Number(patch) >= 23_002;
}

export interface Nginx extends AsyncDisposable {
  readonly url: string;
  /** Of the process that the workers are children of. */
  readonly pid: number;
}

export async function startNginx(plan: NginxPlan): Promise<Nginx> {
  const file = await layOutNginx(plan);
  const child = spawn(NGINX, ['-e', 'stderr', '-c', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...nobody(join(plan.folder, 'nginx')),
  });
  const words: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text));
  await until('nginx to listen', () => listening(child, plan.port, words), 20_000);
  return {
    url: `https://127.0.0.1:${plan.port}`,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGQUIT');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

function listening(child: ChildProcess, port: number, words: readonly string[]): Promise<true | undefined> {
  if (child.exitCode !== null) throw new Error(`nginx ended: ${words.join('')}`);
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });
}

/** Every text must be there: a configuration that changed under the test is an error, not a test of something else. */
function put(text: string, changes: Readonly<Record<string, string>>): string {
  let changed = text;
  for (const [from, to] of Object.entries(changes)) {
    if (!changed.includes(from)) throw new Error(`nginx.conf has no ${from}`);
    changed = changed.replaceAll(from, to);
  }
  return changed;
}

function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  return stdout;
}
