/**
 * An open loop: work begins when it is due, whether or not what came before is done, and its time counts from then on. A
 * server that stands still is charged for everything that should have been asked meanwhile.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type Latencies, latenciesOf } from './latencies.ts';

/** @param work is handed its number, from 0 on; the first that fails ends it all */
export async function paced(
  perSecond: number,
  count: number,
  work: (index: number) => Promise<void>,
): Promise<Latencies> {
  const begun = performance.now();
  const times: number[] = [];
  const timed = async (index: number, due: number) => {
    await work(index);
    times.push(performance.now() - due);
  };
  const all: Promise<void>[] = [];
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  for (let index = 0; index < count; index++) {
    const due = begun + (index * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 0) await Promise.race([wait(early), failed.promise]);
    const one = timed(index, due);
    one.catch(failed.reject);
    all.push(one);
  }
  await Promise.all(all);
  return latenciesOf(times);
}
