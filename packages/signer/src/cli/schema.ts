/** `schema`: the JSON Schema of a file that people write, for editors. */
import { type Command, Argument } from 'commander';
import { SCHEMAS, type SchemaName, schemaText } from '../yaml/schemas.ts';
import { command } from './command.ts';
import type { Terminal } from './terminal.ts';

export function schemaCommand(terminal: Terminal): Command {
  return command('schema', 'Print the JSON Schema of a file that people write, for editors.', [
    'schema release > release.schema.json',
  ])
    .addArgument(new Argument('<name>').choices(Object.keys(SCHEMAS)))
    .action((name: SchemaName) => {
      terminal.out(schemaText(name));
    });
}
