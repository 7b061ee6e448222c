/** The config asks for what cannot be: a sentence that names the file and the key, for whoever wrote it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
