/** The studies in the page on gates: between two marks for each, so that the page shows what the command prints. */
import { BAD, DEADLY, GOOD, HASTY, PATIENT, type StudyLine, study, studyTable } from './gate-study.ts';

/** Of each kind of release. */
const RUNS = 100;

interface Studies {
  readonly patient: readonly StudyLine[];
  readonly hasty: readonly StudyLine[];
}

export function runStudies(runs = RUNS): Studies {
  return {
    patient: [...GOOD, ...BAD, ...DEADLY].map(release => study(PATIENT, release, runs)),
    hasty: DEADLY.map(release => study(HASTY, release, runs)),
  };
}

/** @throws Error where the page lacks a mark */
export function withStudies(page: string, studies: Studies): string {
  return Object.entries(studies).reduce((text, [name, lines]) => {
    const [begin, end] = [`<!-- study: ${name} -->\n`, '<!-- end -->'];
    const from = text.indexOf(begin);
    const to = text.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`docs/gates.md has no place for the study «${name}»`);
    return `${text.slice(0, from)}${begin}\n${studyTable(lines)}\n\n${text.slice(to)}`;
  }, page);
}

/** Those that show how soon a bad release is halted. */
export function plotted({ patient }: Studies): StudyLine[] {
  return patient.filter(line => BAD.some(bad => bad.name === line.name));
}
