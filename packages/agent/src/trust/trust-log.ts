/** What trust tells the log: alarms carry the field `alarm`. A pino logger fits. */
export interface TrustLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}
