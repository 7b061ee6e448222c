/** What the agent's benchmarks stand on: a real server with a published release, and the agent's bundle on an enrolled device. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClaimTokensAnswer } from '@tidegate/protocol';
import { parse, stringify } from 'yaml';
import { buildBundles } from '../src/bundles.ts';
import { type Device, enrol, manufacture } from '../src/device.ts';
import { freePorts } from '../src/free-port.ts';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { FILE_COMPONENT, writeFactoryFile } from '../src/single-file.ts';
import { openGround } from './ground.ts';

export interface AgentGround extends AsyncDisposable {
  readonly folder: string;
  readonly server: ServerProcess;
  /** Enrolled; it has one component, a file, so that nothing but the agent runs. */
  readonly device: Device;
  /** The agent as devices have it. */
  readonly bundle: string;
}

export async function openAgentGround(): Promise<AgentGround> {
  const closing = new AsyncDisposableStack();
  const ground = closing.use(await openGround());
  const { folder, desk, plan } = ground;
  const bundle = (await buildBundles(join(folder, 'programs'))).program('tidegate-agent');
  const server = await startServerProcess(plan);
  closing.use(server.child);
  const file = await writeFactoryFile(folder);
  await desk.release({ file, version: '1.0.0', component: FILE_COMPONENT, format: 'file' });
  await desk.publish({ adminUrl: server.adminUrl, token: server.adminToken });
  await server.admin.post('/products', { name: 'gw2', title: 'gw2' });
  const { tokens } = await server.admin.post<ClaimTokensAnswer>('/claim-tokens', { product: 'gw2', count: 1 });
  const socketFolder = await mkdtemp(join(tmpdir(), 'tg-'));
  closing.defer(() => rm(socketFolder, { recursive: true, force: true }));
  const [servicePort = 0] = await freePorts(1);
  const device = await manufacture({
    name: 'device',
    folder: join(folder, 'device'),
    socketFolder,
    product: 'gw2',
    hardware: 'gw2-a',
    serverUrl: server.deviceUrl,
    rootFile: plan.trustedRoot,
    builtAt: new Date().toISOString(),
    servicePort,
    program: bundle,
    withFile: true,
  });
  await leaveOutService(device);
  await enrol(device, tokens[0] ?? '');
  return { folder, server, device, bundle, [Symbol.asyncDispose]: () => closing.disposeAsync() };
}

async function leaveOutService({ configFile }: Device): Promise<void> {
  const config = parse(await readFile(configFile, 'utf8')) as { components: { name: string }[] };
  const components = config.components.filter(c => c.name === FILE_COMPONENT);
  await writeFile(configFile, stringify({ ...config, components }));
}
