/** timestamptz: read as Date, written as Date. */
import type { ColumnType } from 'kysely';

export type Time = ColumnType<Date, Date, Date>;
export type DefaultedTime = ColumnType<Date, Date | undefined, Date>;
export type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
