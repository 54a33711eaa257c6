import { StoreError } from '../../core/model/errors.ts';

/** SQLSTATE codes of the server, or Node's own code of a connection that failed. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * A transaction that would succeed if it were run again: lock and statement timeouts, deadlocks, serialization
 * failures.
 */
const RUN_AGAIN = /^(55P03|57014|40)/;
/** The server ends, starts, is full of connections, or the connection broke. */
const OUT_OF_REACH = /^(08|57P0|53300|25P03|E[A-Z]+$)/;
const DISK = /^(53100|58030|53200|54000)$/;
/** A replica, or a database that was locked against writes. */
const READ_ONLY = '25006';
/** Node's codes for a certificate that does not prove the server. */
const CERTIFICATE = /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_)/;

/**
 * Puts an error of the server at `shown`, or on the way there, into a sentence that says what to do. A `StoreError`
 * stays as it is.
 */
export function toStoreError(error: unknown, shown: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const detail = detailOf(error);
  const make = (kind: StoreError['kind'], sentence: string) => new StoreError(kind, sentence, { cause: error });
  if (RUN_AGAIN.test(code))
    return make('locked', `The store at ${shown} is busy (${detail}). Writes wait and are retried automatically.`);
  if (CERTIFICATE.test(code))
    return make(
      'broken',
      `The server of the store at ${shown} could not prove who it is (${detail}). ` +
        'Name the file of its certificate authority in the address (sslrootcert), ' +
        'or use sslmode=disable on a network that you trust.',
    );
  if (code === '53300')
    return make(
      'unreachable',
      `The server of the store at ${shown} takes no more connections. ` +
        'Raise its max_connections or close programs that use it; Loop Supervisor retries automatically.',
    );
  if (OUT_OF_REACH.test(code) || isBrokenConnection(error))
    return make(
      'unreachable',
      `The store at ${shown} cannot be reached (${detail}). Running loops go on. ` +
        'Writes wait and will land when it is back.',
    );
  if (DISK.test(code))
    return make(
      'disk',
      `The server of the store at ${shown} is out of space (${detail}). Free some: the write is retried automatically.`,
    );
  if (/^28/.test(code) || /password|SASL|no pg_hba/i.test(detail))
    return make(
      'broken',
      `The server of the store at ${shown} refused the login (${detail}). ` +
        'Enter the password with *Use a Shared Store…* or in ~/.pgpass, or correct the user in the address.',
    );
  if (code === '3D000')
    return make(
      'broken',
      `The database of the store at ${shown} does not exist (${detail}). Create it, or correct the address.`,
    );
  if (code === '42501')
    return make(
      'broken',
      `The user of the store at ${shown} lacks a privilege (${detail}). ` +
        'It needs CREATE on the database, or must own the schema.',
    );
  if (code === READ_ONLY)
    return make(
      'disk',
      `The server of the store at ${shown} takes no writes (${detail}). ` +
        'Many providers lock a database whose disk is full: free some space, ' +
        'or use the address of the primary server. The write is retried automatically.',
    );
  return make(
    'broken',
    `The store at ${shown} did not do what it was asked to (${detail}). ` +
      'Reload the window; if that does not help, report it.',
  );
}

/**
 * Whether a connection is unusable after that error: the server may still be busy on it, or it was opened while the
 * database was read-only and stays so.
 */
export function endsConnection({ kind, cause }: StoreError): boolean {
  return kind === 'unreachable' || codeOf(cause) === READ_ONLY;
}

/** Whether all one can do about it is to wait and retry. */
export function isPassing(error: StoreError): boolean {
  return error.kind === 'locked' || error.kind === 'unreachable';
}

/** The same trouble, for a store whose return is awaited. */
export function asWaiting(error: StoreError): StoreError {
  return error.kind === 'broken' ? new StoreError('unreachable', error.message, { cause: error }) : error;
}

function isBrokenConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    /Connection terminated|connection is closed|timeout expired|not queryable|Query read timeout/i.test(error.message)
  );
}

/** Some errors of a failed connection hold one for each address that was tried. */
function detailOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return detailOf(error.errors[0]);
  return error instanceof Error ? error.message || error.name : String(error);
}
