/** `npm run simulate -- NAME [--write]`: runs a simulation with its fixed seeds, and prints what came of it. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { plotted, runStudies, withStudies } from './gate-page.ts';
import { gatePlot } from './gate-plot.ts';
import { PATIENT, studyTable } from './gate-study.ts';

const PAGE = new URL('../../docs/gates.md', import.meta.url);
const PICTURE = new URL('../../docs/images/gate-simulation.svg', import.meta.url);
const USAGE = 'Usage: npm run simulate -- gate [--write]   (--write: into docs/gates.md and its picture)\n';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean' } } });
if (positionals.join() === 'gate') {
  const studies = runStudies();
  for (const lines of Object.values(studies)) process.stdout.write(`${studyTable(lines)}\n\n`);
  if (values.write === true) {
    await writeFile(PAGE, withStudies(await readFile(PAGE, 'utf8'), studies));
    await writeFile(PICTURE, gatePlot(plotted(studies), PATIENT.devices));
  }
} else {
  process.stderr.write(USAGE);
  process.exitCode = 2;
}
