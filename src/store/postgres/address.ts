import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { StoreError } from '../../core/model/errors.ts';

/** Where the supervisor's tables are unless the address names another schema. */
const SCHEMA = 'loop_supervisor';
const DEFAULT_PORT = 5432;

/** What is needed to connect, apart from the password. */
export interface Address {
  /** A host name, an IP address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly schema: string;
  readonly tls: TlsOptions | false;
  /** The address for people: no password, no parameters. */
  readonly shown: string;
}

/**
 * Reads the setting `store`, such as `postgres://me@db.example.org/loops?schema=mine`. Parameters: `schema`, `host`
 * (the folder of a socket), `sslmode` (`verify-full` or `disable`), `sslrootcert` (a file). Connections other than to
 * this machine use TLS and check the certificate unless `sslmode=disable` is given. Throws a `StoreError` that says
 * what is wrong.
 */
export function parseAddress(setting: string): Address {
  const url = URL.canParse(setting) ? new URL(setting) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) throw wrong('It must look like postgres://user@host/database.');
  if (url.password !== '')
    throw wrong(
      'It contains a password, and settings are no place for one. ' +
        'Remove it, and enter it with *Use a Shared Store…* or in ~/.pgpass.',
    );
  const parameters = new Map(url.searchParams);
  const host = parameters.get('host') ?? (decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '') || 'localhost');
  const schema = parameters.get('schema') ?? SCHEMA;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw wrong(`Its schema "${schema}" must be made of lower-case letters, digits and _.`);
  const unknown = [...parameters.keys()].find((name) => !['host', 'schema', 'sslmode', 'sslrootcert'].includes(name));
  if (unknown !== undefined) throw wrong(`Its parameter "${unknown}" is unknown.`);
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const database = decodeURIComponent(url.pathname.slice(1)) || undefined;
  const user = decodeURIComponent(url.username) || undefined;
  return {
    ...{ host, port, user, database, schema },
    tls: tlsOf(host, parameters.get('sslmode'), parameters.get('sslrootcert')),
    shown:
      `${user ? `${user}@` : ''}${host}${port === DEFAULT_PORT ? '' : `:${port}`}/${database ?? ''} ` +
      `(schema ${schema})`,
  };
}

function tlsOf(host: string, mode: string | undefined, rootFile: string | undefined): TlsOptions | false {
  if (mode === 'disable') return false;
  if (mode !== undefined && mode !== 'verify-full')
    throw wrong(`Its sslmode "${mode}" is not supported: use verify-full, or disable for a network that you trust.`);
  if (mode === undefined && isThisMachine(host)) return false;
  return {
    rejectUnauthorized: true,
    ...(isIP(host) === 0 && { servername: host }),
    ...(rootFile !== undefined && { ca: readRoot(rootFile) }),
  };
}

/** A socket in a folder, or a loopback address. */
function isThisMachine(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}

function readRoot(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw wrong(`Its sslrootcert cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function wrong(why: string, cause?: unknown): StoreError {
  return new StoreError('broken', `The setting loopSupervisor.store is not usable. ${why}`, { cause });
}
