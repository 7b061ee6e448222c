/** Everything that the story plays on: signing desk, server, fleet. Opened once, closed in order. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Fleet,
  openSigningDesk,
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
const HARDWARE = `${PRODUCT}-a`;
const POLL_SECONDS = 1;
const GATE_TICK_SECONDS = 0.5;

export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly desk: SigningDesk;
  readonly fleet: Fleet;
  readonly server: ServerProcess;
  /** Ends the server and starts it again on its data: at the same address, or at another. */
  restartServer(port: number): Promise<ServerProcess>;
}

export async function openStage(options: DemoOptions, view: View): Promise<Stage> {
  const folder = await makeRunFolder(options.data, new Date());
  const sockets = await mkdtemp(join(tmpdir(), 'tg-'));
  const close: (() => Promise<unknown>)[] = [() => rm(sockets, { recursive: true, force: true })];
  const closeAll = async () => {
    for (const step of close.toReversed()) await step();
  };
  try {
    const desk = await openSigningDesk({
      folder: join(folder, 'signing'),
      products: [PRODUCT, OTHER_PRODUCT],
      keepPassphrases: true,
    });
    view.say(
      'signed a TUF repository: root and targets by 2 of 3 people, stable by CI and a person, holds, snapshot, timestamp',
    );

    const start = (port: number) =>
      startServerProcess({
        data: join(folder, 'server'),
        trustedRoot: desk.rootFile,
        port,
        pollSeconds: POLL_SECONDS,
        gateTickSeconds: GATE_TICK_SECONDS,
      });
    const running = { server: await start(options.port) };
    close.push(() => running.server.child.stop());
    view.say(`started the server at ${running.server.deviceUrl}, on a PostgreSQL of its own`);

    for (const name of [PRODUCT, OTHER_PRODUCT]) await running.server.admin.post('/products', { name });
    const fleet = await startFleet(running.server.admin, {
      count: options.devices,
      folder: join(folder, 'devices'),
      socketFolder: sockets,
      product: PRODUCT,
      hardware: HARDWARE,
      serverUrl: running.server.deviceUrl,
      rootFile: desk.rootFile,
      onDevice: (name, ready) => view.say(`${name} enrolled and runs 1.0.0 (${ready} of ${options.devices})`),
    });
    close.push(() => fleet.stop());
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
      [Symbol.asyncDispose]: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
