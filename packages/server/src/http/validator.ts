/**
 * Input against the protocol's schemas. Bodies are taken as they are: nothing is converted, an unknown field is a fault.
 * Query strings and path parameters arrive as text, so there a number may be written as one.
 */
import { parser } from '@tidegate/protocol';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Convert } from 'typebox/value';
import { ServerError } from '../server-error.ts';

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const parse = parser(schema);
  const prepare = httpPart === 'body' ? asItIs : (value: unknown) => Convert(schema, value);
  return (input: unknown) => {
    const parsed = parse(prepare(input));
    if (parsed.ok) return { value: parsed.value };
    const where = parsed.fault.path === '' ? `the ${partNames[httpPart ?? 'body'] ?? httpPart}` : parsed.fault.path;
    return { error: new ServerError('invalid-input', `${where} ${parsed.fault.message}`, { path: parsed.fault.path }) };
  };
};

const partNames: Readonly<Record<string, string>> = { body: 'body', querystring: 'query', params: 'path' };

function asItIs(value: unknown): unknown {
  return value;
}
