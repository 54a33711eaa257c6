import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Look, lookOf, there } from '../../core/model/looks.ts';
import { notWritable } from './sqliteError.ts';

/** The database in a store's folder. */
export const DATABASE = 'supervisor.db';
const OWNER = 'supervisor.owner.json';
const FILE_MODE = 0o600;

/** Whose processes a store is about: their pids mean something only there (R7.5). */
export interface StoreScope {
  readonly bootId: string;
  readonly machine?: string;
  readonly namespace?: string;
}

/** Whether the store in a folder is on record as this scope's. */
export function isOwner(folder: string, scope: StoreScope): boolean {
  const owner = lookAtOwner(folder);
  return owner.state === 'there' && isSame(owner.value, scope);
}

/** The scope on record for the store in a folder; nobody's if the record is damaged. */
export function lookAtOwner(folder: string): Look<StoreScope> {
  let text: string;
  try {
    text = readFileSync(join(folder, OWNER), 'utf8');
  } catch (error) {
    return lookOf(error);
  }
  try {
    const owner = JSON.parse(text) as StoreScope;
    if (typeof owner.bootId === 'string') return there(owner);
  } catch {
    // Damaged: the lock shows whether anybody is there, whoever it was.
  }
  return there({ bootId: '' });
}

/** Records the scope that owns the store in a folder. Throws a `StoreError` where that cannot be written. */
export function writeOwner(folder: string, { bootId, machine, namespace }: StoreScope): void {
  const path = join(folder, OWNER);
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, JSON.stringify({ bootId, machine, namespace }), { mode: FILE_MODE });
    renameSync(draft, path);
  } catch (error) {
    throw notWritable(join(folder, DATABASE), error);
  }
}

function isSame(one: StoreScope, other: StoreScope): boolean {
  return one.bootId === other.bootId && one.machine === other.machine && one.namespace === other.namespace;
}
