/**
 * Files that people write, as YAML: every fault is found at once, and told with its line and column. Nothing clever of
 * YAML is taken (no aliases, no tags, no key twice), so that what is read is what is seen.
 */
import { basename } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { type Document, isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { type FileFault, SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import { printable } from '../diff/words.ts';
import { type SchemaFault, schemaFaults } from './schema-fault.ts';

/** What a file that people write may have at most. */
export const YAML_BYTES = 256 * 1024;
const FAULTS_MAX = 50;

export interface YamlFile<T> {
  readonly value: T;
  /** Refuses the file for what a schema cannot say; each fault is told at its place. @throws SignerError `file-invalid` */
  readonly refuse: (faults: readonly { readonly path: string; readonly message: string }[]) => void;
}

/** @throws SignerError `file-unreadable`, or `file-invalid` with all faults */
export async function readYaml<S extends TSchema>(path: string, schema: S): Promise<YamlFile<Static<S>>> {
  const bytes = await readBounded(path, YAML_BYTES);
  if (!bytes) throw new SignerError('file-unreadable', `There is no file ${path}.`);
  return parseYaml(bytes, path, schema);
}

/** @param path for messages. @throws SignerError `file-invalid` with all faults */
export function parseYaml<S extends TSchema>(bytes: Uint8Array, path: string, schema: S): YamlFile<Static<S>> {
  const file = basename(path);
  const lines = new LineCounter();
  const document = composed(textOf(bytes, file), lines, file);
  const tell = (faults: readonly Placed[]) => {
    if (faults.length > 0) throw refusal(file, lines, faults);
  };
  tell(textFaults(document));
  const value: unknown = document.toJS();
  const place = (faults: readonly SchemaFault[]) =>
    faults.map(({ path: at, message, atKey }) => ({
      path: at,
      message,
      offset: offsetOf(document, at, atKey === true),
    }));
  tell(place(schemaFaults(schema, value)));
  // The schema was just held against it.
  return { value: value as Static<S>, refuse: faults => tell(place(faults)) };
}

interface Placed {
  readonly path: string;
  readonly message: string;
  readonly offset: number;
}

type Yaml = Document.Parsed;

function textOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw refused([{ file, line: 1, column: 1, path: '', message: 'is not UTF-8 text' }], error);
  }
}

function composed(text: string, lineCounter: LineCounter, file: string): Yaml {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, schema: 'core', logLevel: 'error' }) as Yaml;
  } catch (error) {
    // Nothing but nesting beyond the stack's depth comes here.
    throw refused([{ file, line: 1, column: 1, path: '', message: 'is nested too deeply' }], error);
  }
}

function textFaults(document: Yaml): Placed[] {
  const faults: Placed[] = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
    path: '',
    message,
    offset: pos[0],
  }));
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) faults.push({ path: '', message: 'an alias is not taken here', offset: node.range?.[0] ?? 0 });
    },
    Pair: (_, { key }) => {
      if (!isNode(key) || isScalar(key)) return;
      faults.push({ path: '', message: 'a key must be a plain word', offset: key.range?.[0] ?? 0 });
    },
  });
  // One slip makes the reader stumble again and again at the same place.
  return [...Map.groupBy(faults, f => f.offset).values()].flatMap(([first]) => (first ? [first] : []));
}

/** Where a value stands, or its key; of what is missing, the nearest thing around it. */
function offsetOf(document: Yaml, pointer: string, atKey: boolean): number {
  const steps = pointer.split('/').slice(1).map(unescaped);
  for (let depth = steps.length; depth > 0; depth--) {
    const parent: unknown = document.getIn(steps.slice(0, depth - 1), true);
    const last = steps[depth - 1];
    const pair = isMap(parent) ? parent.items.find(item => keyText(item.key) === last) : undefined;
    if (pair && (atKey || pair.value === null) && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    const node: unknown = document.getIn(steps.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}

function keyText(key: unknown): string {
  return isNode(key) && 'value' in key ? String(key.value) : '';
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

function refusal(file: string, lines: LineCounter, faults: readonly Placed[]): SignerError {
  return refused(
    faults
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ path, message, offset }) => {
        const { line, col } = lines.linePos(offset);
        return { file, line: Math.max(1, line), column: Math.max(1, col), path, message };
      }),
  );
}

function refused(all: readonly FileFault[], cause?: unknown): SignerError {
  const faults = all.slice(0, FAULTS_MAX);
  const told = faults.map(
    f => `${f.file}:${f.line}:${f.column}: ${f.path === '' ? '' : `${f.path} `}${printable(f.message)}`,
  );
  const rest = all.length > FAULTS_MAX ? [`and ${all.length - FAULTS_MAX} more`] : [];
  const count = all.length === 1 ? 'a fault' : `${all.length} faults`;
  return new SignerError(
    'file-invalid',
    `${faults[0]?.file ?? 'The file'} has ${count}:\n${[...told, ...rest].join('\n')}\n`,
    {
      cause,
      faults,
    },
  );
}
