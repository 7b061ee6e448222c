/** The server cannot start as it is told to: a sentence for the operator, no stack. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
