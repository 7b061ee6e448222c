/** What a schema finds wrong with a value, in words for whoever wrote it: one fault for each place. Pure. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';

export interface SchemaFault {
  /** JSON pointer; of what is missing, where it should be. */
  readonly path: string;
  readonly message: string;
  /** The key is at fault, not what stands under it. */
  readonly atKey?: boolean;
}

interface SchemaError {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

const ERRORS_MAX = 1000;

export function schemaFaults(schema: TSchema, value: unknown): SchemaFault[] {
  const errors = allErrors(schema, value);
  const unions = errors.filter(e => e.keyword === 'anyOf').map(e => e.instancePath);
  const within = (path: string) => unions.some(union => path === union || path.startsWith(`${union}/`));
  const faults = errors.flatMap(error => {
    const ofUnion = error.keyword === 'anyOf' && !unions.some(u => error.instancePath.startsWith(`${u}/`));
    return ofUnion || !within(error.instancePath) ? inWords(error, schema, value) : [];
  });
  return [...Map.groupBy(faults, f => f.path).values()].flatMap(([first]) => (first ? [first] : []));
}

/** TypeBox stops at eight errors unless it is told otherwise, for all callers at once. */
function allErrors(schema: TSchema, value: unknown): SchemaError[] {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: ERRORS_MAX });
  try {
    return Compile(schema).Errors(value);
  } finally {
    Settings.Set({ maxErrors });
  }
}

function inWords(error: SchemaError, schema: TSchema, value: unknown): SchemaFault[] {
  const { keyword, instancePath: path, params } = error;
  switch (keyword) {
    case 'additionalProperties':
      return [];
    case 'boolean': {
      const key = path.slice(path.lastIndexOf('/') + 1);
      return [{ path, message: `is not known here${suggestion(key, schema, error.schemaPath)}`, atKey: true }];
    }
    case 'required':
      return listIn(params, 'requiredProperties').map(name => ({ path: `${path}/${name}`, message: 'is missing' }));
    case 'enum':
      return [{ path, message: `must be one of ${listIn(params, 'allowedValues').join(', ')}` }];
    case 'const':
      return [{ path, message: `must be ${String('allowedValue' in params ? params.allowedValue : '')}` }];
    case 'anyOf':
      return [{ path, message: `must be ${alternatives(schema, error.schemaPath)}` }];
    case 'type':
      return [{ path, message: typeWords('type' in params ? String(params.type) : '', valueAt(value, path)) }];
    case 'pattern':
      return [{ path, message: `does not fit ${'pattern' in params ? String(params.pattern) : 'its pattern'}` }];
    default:
      return [{ path, message: error.message }];
  }
}

/** What a union is for, where it says so. */
function alternatives(schema: TSchema, schemaPath: string): string {
  const union = valueAt(schema, schemaPath.replace(/^#/, '').replace(/\/anyOf$/, ''));
  const description: unknown = valueAt(union, '/description');
  return typeof description === 'string' ? description : 'a text, or texts by language (en: …, de: …)';
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

function typeWords(wanted: string, found: unknown): string {
  const must = `must be ${TYPE_NAMES[wanted] ?? wanted}`;
  return wanted === 'string' && typeof found === 'number' ? `${must}; put the number in quotes` : must;
}

function listIn(params: object, name: string): string[] {
  const list: unknown = Object.entries(params).find(([key]) => key === name)?.[1];
  return Array.isArray(list) ? list.map(String) : [];
}

function valueAt(value: unknown, pointer: string): unknown {
  let at = value;
  for (const step of pointer.split('/').slice(1)) {
    at = typeof at === 'object' && at !== null ? Object.entries(at).find(([key]) => key === step)?.[1] : undefined;
  }
  return at;
}

/** A known key that is a slip away. */
function suggestion(key: string, schema: TSchema, schemaPath: string): string {
  const holder = valueAt(schema, schemaPath.replace(/^#/, '').replace(/\/additionalProperties$/, ''));
  const known = Object.keys((valueAt(holder, '/properties') as object | undefined) ?? {});
  const near = known.find(name => distance(name.toLowerCase(), key.toLowerCase()) <= 2);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** Letters to change, add or drop, of short words only. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2 || b.length > 40) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const kept = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(kept, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? Infinity;
}
