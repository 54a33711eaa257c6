import { rowChanges } from './treeDiff.ts';
import type { TreeRow } from './treeRow.ts';

/** Rows under one parent: the objects that the view holds, and what was last read of them. */
interface Shown {
  readonly parent: TreeRow | undefined;
  readonly held: readonly TreeRow[];
  rows: readonly TreeRow[];
}

/** How long (ms) the words of a row stay as they are after somebody has pointed at it. */
const READING_MS = 10_000;

/**
 * Knows the rows that a view holds, so that only those are drawn again that have changed: a row that is drawn anew loses its hover. The
 * words of a row that somebody points at wait until it was read.
 */
export class ShownRows {
  readonly #shown = new Map<string, Shown>();
  /** What was last read of a row, and the object by which the view holds it. */
  readonly #latest = new Map<string, { readonly row: TreeRow; readonly holder: TreeRow }>();
  readonly #pointedAt = new Map<string, number>();

  /** The view has asked for the rows under `parent` and got these. */
  handOut(parent: TreeRow | undefined, rows: readonly TreeRow[]): void {
    this.#forget(parent?.id ?? '');
    this.#shown.set(parent?.id ?? '', { parent, held: rows, rows });
    for (const row of rows) this.#latest.set(row.id, { row, holder: row });
  }

  /** The view has folded up this row. */
  foldUp(row: TreeRow): void {
    this.#forget(row.id);
  }

  /** Whether the rows under it are read again. */
  follows(row: TreeRow): boolean {
    return this.#shown.has(row.id);
  }

  /** What was last read of a row that the view holds. */
  latest(row: TreeRow): TreeRow {
    return this.#latest.get(row.id)?.row ?? row;
  }

  /** The rows under `parent` as they are shown. */
  rowsOf(parent: TreeRow | undefined): readonly TreeRow[] {
    return this.#shown.get(parent?.id ?? '')?.rows ?? [];
  }

  /** A row as the view holds it, if it does. */
  holder(row: TreeRow): TreeRow {
    return this.#latest.get(row.id)?.holder ?? row;
  }

  /** Somebody points at the row at that time (ms). */
  pointAt(row: TreeRow, now: number): void {
    this.#pointedAt.set(row.id, now);
  }

  /**
   * Reads all shown rows again and resolves with those that the view must draw again, as it holds them: `undefined` for everything. Without
   * `words`, rows of which only the words have changed wait.
   */
  async changes(
    read: (parent: TreeRow | undefined) => Promise<readonly TreeRow[]>,
    words: boolean,
    now: number,
  ): Promise<(TreeRow | undefined)[]> {
    const anew: (TreeRow | undefined)[] = [];
    for (const [id, shown] of [...this.#shown]) {
      // A parent that is drawn again asks for its rows itself.
      if (!this.#shown.has(id) || (shown.parent && anew.includes(shown.parent))) continue;
      // The attempts of a running loop change all the time, and come from the database.
      if (shown.parent?.subject.kind === 'loop' && !words && this.latest(shown.parent).isLive) continue;
      const rows = await read(shown.parent && this.latest(shown.parent));
      // What the view asked for meanwhile is newer.
      if (this.#shown.get(id) !== shown) continue;
      const changes = rowChanges(shown.rows, rows);
      if (changes.list) {
        if (!shown.parent) return [undefined];
        anew.push(shown.parent);
        continue;
      }
      const ready = words ? changes.words.filter((place) => !this.#isRead(rows[place], now)) : [];
      const drawn = new Set([...changes.looks, ...ready]);
      shown.rows = rows.map((row, place) => (drawn.has(place) ? row : (shown.rows[place] ?? row)));
      for (const place of drawn) {
        const row = rows[place] as TreeRow;
        const holder = shown.held[place] as TreeRow;
        this.#latest.set(row.id, { row, holder });
        anew.push(holder);
      }
    }
    return anew;
  }

  /** Somebody is still reading what the row says. */
  #isRead(row: TreeRow | undefined, now: number): boolean {
    const at = row && this.#pointedAt.get(row.id);
    if (row === undefined || at === undefined) return false;
    if (now - at >= 0 && now - at < READING_MS) return true;
    this.#pointedAt.delete(row.id);
    return false;
  }

  #forget(id: string): void {
    const shown = this.#shown.get(id);
    if (!shown) return;
    this.#shown.delete(id);
    for (const row of shown.held) {
      // A loop that has moved to another group in the meantime is held there, with what is under it.
      if (this.#shown.get(row.id)?.parent === row) this.#forget(row.id);
      if (this.#latest.get(row.id)?.holder === row) this.#latest.delete(row.id);
    }
  }
}
