/** Everything that the story plays on: signing desk, server, fleet. Opened once, closed in order. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Fleet,
  openSigningDesk,
  packSample,
  type ServerProcess,
  type SigningDesk,
  startFleet,
  startServerProcess,
} from '@tidegate/test';
import type { DemoOptions } from './options.ts';
import { makeRunFolder } from './run-folder.ts';
import type { View } from './view/view.ts';

export const PRODUCT = 'gw2';
export const OTHER_PRODUCT = 'cam1';
const POLL_SECONDS = 1;
const GATE_TICK_SECONDS = 0.5;

export interface Stage {
  readonly folder: string;
  readonly desk: SigningDesk;
  readonly fleet: Fleet;
  readonly server: ServerProcess;
  /** Ends the server and starts it again on its data: at the same address, or at another. */
  restartServer(port: number): Promise<ServerProcess>;
}

/** @param closing takes what has to be ended, in reverse order, when the story is over or interrupted */
export async function openStage(options: DemoOptions, view: View, closing: AsyncDisposableStack): Promise<Stage> {
  const folder = await makeRunFolder(options.data, new Date());
  const sockets = await mkdtemp(join(tmpdir(), 'tg-'));
  closing.defer(() => rm(sockets, { recursive: true, force: true }));
  const desk = await openSigningDesk({
    folder: join(folder, 'signing'),
    products: [PRODUCT, OTHER_PRODUCT],
    keepPassphrases: true,
  });
  // The factory's own software has its counter too: whatever comes later counts on from it.
  await desk.release({
    file: await packSample(join(folder, PRODUCT), { version: '1.0.0', health: 'well' }),
    version: '1.0.0',
  });
  view.say('signed a TUF repository: root and targets by 2 of 3 people, stable by CI and a person, and the rest');

  const start = (port: number) =>
    startServerProcess({
      data: join(folder, 'server'),
      trustedRoot: desk.rootFile,
      port,
      pollSeconds: POLL_SECONDS,
      gateTickSeconds: GATE_TICK_SECONDS,
    });
  const running = { server: await start(options.port) };
  closing.defer(async () => void (await running.server.child.stop()));
  view.say(`started the server at ${running.server.deviceUrl}, on a PostgreSQL of its own`);

  for (const name of [PRODUCT, OTHER_PRODUCT]) await running.server.admin.post('/products', { name });
  const fleet = await startFleet(running.server.admin, {
    count: options.devices,
    folder: join(folder, 'devices'),
    socketFolder: sockets,
    product: PRODUCT,
    hardware: `${PRODUCT}-a`,
    serverUrl: running.server.deviceUrl,
    rootFile: desk.rootFile,
    onDevice: (name, ready) => view.say(`${name} enrolled and runs 1.0.0 (${ready} of ${options.devices})`),
  });
  closing.defer(() => fleet.stop());
  return {
    folder,
    desk,
    fleet,
    get server() {
      return running.server;
    },
    restartServer: async port => {
      await running.server.child.stop();
      running.server = await start(port);
      return running.server;
    },
  };
}
