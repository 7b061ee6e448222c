/**
 * Whether an answer is one that the OpenAPI document has: the operation, its status, its media type, its body, and for a
 * refusal its code. Every request of a test app is held against it, so the document cannot come to say what is not so.
 */
import { Compile } from 'typebox/compile';

export interface OpenapiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenapiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface OpenapiOperation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly requestBody?: { readonly content: Readonly<Record<string, OpenapiMedia>> };
  readonly responses: Readonly<Record<string, OpenapiAnswer>>;
}

export interface OpenapiAnswer {
  readonly content?: Readonly<Record<string, OpenapiMedia>>;
}

export interface OpenapiMedia {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface SeenAnswer {
  readonly method: string;
  /** With or without a query. */
  readonly path: string;
  readonly status: number;
  readonly mediaType: string | undefined;
  /** Undefined where it is no JSON. */
  readonly json: unknown;
}

/** @returns what checks an answer. It throws where a path that the document has answers something else. */
export function documented(document: OpenapiDocument): (answer: SeenAnswer) => void {
  const paths = Object.entries(document.paths).map(([path, item]) => ({ pattern: patternOf(path), item }));
  const faults = new Map<object, FaultOf>();

  return answer => {
    const path = answer.path.split('?', 1)[0] ?? '';
    const operation = paths.find(({ pattern, item }) => pattern.test(path) && answer.method.toLowerCase() in item)
      ?.item[answer.method.toLowerCase()];
    if (!operation) return;
    const lack = lackOf(operation, answer);
    if (lack) throw new Error(`${answer.method} ${path}: ${lack}. Its document does not say so: see CONTRIBUTING.md.`);
  };

  function lackOf({ responses }: OpenapiOperation, { status, mediaType, json }: SeenAnswer): string | undefined {
    const found = responses[status];
    if (!found) return `answered ${status} ${JSON.stringify(json)}`;
    const type = mediaType?.split(';', 1)[0];
    if (type === undefined) return undefined;
    const media = found.content?.[type];
    if (!media) return `answered ${status} as ${type}`;
    if (json === undefined) return undefined;
    const fault = faultOf(media.schema)(json);
    return fault === undefined ? undefined : `answered ${status} ${JSON.stringify(json)}, where ${fault}`;
  }

  function faultOf(schema: object): FaultOf {
    const made = faults.get(schema) ?? schemaFault(document, schema);
    faults.set(schema, made);
    return made;
  }
}

/** What is wrong with a value, and where; undefined: nothing. */
type FaultOf = (value: unknown) => string | undefined;

/**
 * For a schema of the document, whose references point into the whole of it. By the library of schemas: what the server
 * checks with is not to vouch for what it says.
 */
export function schemaFault({ components }: OpenapiDocument, schema: object): FaultOf {
  const compiled = Compile({ ...schema, components });
  return value => {
    if (compiled.Check(value)) return undefined;
    const [fault] = compiled.Errors(value);
    return `${fault?.instancePath ?? ''} ${fault?.message ?? 'is wrong'}`;
  };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
}
