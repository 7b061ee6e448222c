/** `npm run bench -- [NAME…]`: runs the named benchmarks, or all, and prints a JSON line for each. */
import { agentDownload } from './agent-download.ts';
import { agentRss } from './agent-rss.ts';
import { agentStart } from './agent-start.ts';
import { artifactCpu } from './artifact-cpu.ts';
import { checkIn } from './check-in.ts';
import { checkInMillion } from './check-in-million.ts';
import { checkInTls } from './check-in-tls.ts';
import { delta } from './delta.ts';
import { enrolBurst } from './enrol-burst.ts';
import { fleetRestart } from './fleet-restart.ts';
import { fleetRestartReal } from './fleet-restart-real.ts';
import { gateTick } from './gate-tick.ts';
import { memoryMillion } from './memory-million.ts';
import { metricsScrape } from './metrics-scrape.ts';
import { mixed } from './mixed.ts';
import { phaseOpen } from './phase-open.ts';
import { publishFullRole } from './publish-full-role.ts';
import { releaseAdd } from './release-add.ts';
import type { BenchResult } from './result.ts';
import { reports } from './reports.ts';
import { rolloutCreate } from './rollout-create.ts';
import { rolloutPreview } from './rollout-preview.ts';
import { start } from './start.ts';

const BENCHMARKS: Readonly<Record<string, () => Promise<BenchResult | readonly BenchResult[]>>> = {
  'agent-download': agentDownload,
  'agent-rss': agentRss,
  'agent-start': agentStart,
  'artifact-cpu': artifactCpu,
  'check-in': checkIn,
  'check-in-million': checkInMillion,
  'check-in-tls': checkInTls,
  delta,
  'enrol-burst': enrolBurst,
  'fleet-restart': fleetRestart,
  'fleet-restart-real': fleetRestartReal,
  'gate-tick': gateTick,
  'memory-million': memoryMillion,
  'metrics-scrape': metricsScrape,
  mixed,
  'phase-open': phaseOpen,
  'publish-full-role': publishFullRole,
  'release-add': releaseAdd,
  reports,
  'rollout-create': rolloutCreate,
  'rollout-preview': rolloutPreview,
  start,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !Object.hasOwn(BENCHMARKS, name));
if (unknown.length > 0) {
  process.stderr.write(`No such benchmark: ${unknown.join(', ')}. There are: ${Object.keys(BENCHMARKS).join(', ')}.\n`);
  process.exit(2);
}
for (const [name, run] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const result of [await run()].flat()) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    if (result.pass === false) process.exitCode = 1;
  }
}
