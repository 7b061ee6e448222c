/** Input against the protocol's schemas: bodies as they are, query and path parameters converted from text. */
import { parser } from '@tidegate/protocol';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Convert } from 'typebox/value';

/** Input that does not fit its schema. */
export class InputFault extends Error {
  override readonly name = 'InputFault';
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${path || 'the input'} ${message}`);
    this.path = path;
  }
}

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const parse = parser(schema);
  const prepare = httpPart === 'body' ? (value: unknown) => value : (value: unknown) => Convert(schema, value);
  return (input: unknown) => {
    const parsed = parse(prepare(input));
    return parsed.ok ? { value: parsed.value } : { error: new InputFault(parsed.fault.path, parsed.fault.message) };
  };
};
