import { DatabaseSync } from 'node:sqlite';
import { HANGS_MS } from './until.ts';

/** Opens a database that other processes have open, and waits for their locks, however slow they are. */
export function openBeside(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA busy_timeout = ${HANGS_MS}`);
  return database;
}
