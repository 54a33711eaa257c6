import { StoreError } from '../../core/model/errors.ts';
import type { Connection } from './connection.ts';
import { MIGRATIONS, type Migration } from './schema.ts';

/** Marks our files (`PRAGMA application_id`): "LSup". */
const APPLICATION_ID = 0x4c_53_75_70;

/**
 * Brings the database up to the last of `migrations` in one transaction. Windows of an older version that have it open
 * notice at their next transaction. Throws a `StoreError`: `newer` for a database of a later version, which is left
 * untouched, `broken` for one of another program, `locked` while somebody holds it.
 */
export function migrate(connection: Connection, migrations: readonly Migration[] = MIGRATIONS): void {
  const latest = migrations.at(-1)?.version ?? 0;
  if (ownVersion(connection, latest) === latest) return;
  connection.begin();
  try {
    // Another window may have migrated while this one waited for the lock.
    const version = ownVersion(connection, latest);
    for (const step of migrations) if (step.version > version) connection.exec(step.sql);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${latest}`);
    connection.commit();
  } finally {
    connection.rollback();
  }
}

/**
 * The schema's version: 0 for an empty database. Throws a `StoreError` for one that is not ours, or newer than `known`.
 */
export function ownVersion(connection: Connection, known: number): number {
  const application = connection.pragma('application_id');
  if (application === APPLICATION_ID) return checkVersion(connection, known);
  const isEmpty = application === 0 && connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (isEmpty) return 0;
  throw new StoreError(
    'broken',
    `${connection.path} is the database of another program. Nothing in it was changed. ` +
      'Move it away, then reload the window.',
  );
}

/**
 * Returns the schema's version. Throws a `StoreError` of kind `newer` if a later version of this extension has changed
 * it.
 */
export function checkVersion(connection: Connection, known: number): number {
  const version = connection.pragma('user_version') as number;
  if (version <= known) return version;
  throw new StoreError(
    'newer',
    `The database ${connection.path} belongs to a newer version of Loop Supervisor ` +
      `(its schema is ${version}, this window knows ${known}). Reload the window to go on with the new version. ` +
      'Nothing was changed.',
  );
}
