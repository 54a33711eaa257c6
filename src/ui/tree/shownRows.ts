import { rowChanges } from './treeDiff.ts';
import type { TreeRow } from './treeRow.ts';

/** Rows under one parent: the objects held by the view, and their last read values. */
interface Shown {
  readonly parent: TreeRow | undefined;
  readonly held: readonly TreeRow[];
  rows: readonly TreeRow[];
}

/** How long (ms) the text of a row stays unchanged after the mouse pointed at it. */
const READING_MS = 10_000;

/**
 * Tracks the rows held by a view, so that only changed rows are refreshed: a refresh closes the hover of a row. Text
 * changes of a row under the mouse wait.
 */
export class ShownRows {
  readonly #shown = new Map<string, Shown>();
  /** The last read values of a row, and the object by which the view knows it. */
  readonly #latest = new Map<string, { readonly row: TreeRow; readonly holder: TreeRow }>();
  readonly #pointedAt = new Map<string, number>();

  /** The view has received these rows under `parent`. */
  handOut(parent: TreeRow | undefined, rows: readonly TreeRow[]): void {
    this.#forget(parent?.id ?? '');
    this.#shown.set(parent?.id ?? '', { parent, held: rows, rows });
    for (const row of rows) this.#latest.set(row.id, { row, holder: row });
  }

  /** The view has collapsed this row. */
  foldUp(row: TreeRow): void {
    this.#forget(row.id);
  }

  /** Whether rows under it are refreshed. */
  follows(row: TreeRow): boolean {
    return this.#shown.has(row.id);
  }

  /** The last read values of a row. */
  latest(row: TreeRow): TreeRow {
    return this.#latest.get(row.id)?.row ?? row;
  }

  /** The rows shown under `parent`. */
  rowsOf(parent: TreeRow | undefined): readonly TreeRow[] {
    return this.#shown.get(parent?.id ?? '')?.rows ?? [];
  }

  /** The object by which the view knows a row, if any. */
  holder(row: TreeRow): TreeRow {
    return this.#latest.get(row.id)?.holder ?? row;
  }

  /** The mouse points at the row at that time (ms). */
  pointAt(row: TreeRow, now: number): void {
    this.#pointedAt.set(row.id, now);
  }

  /**
   * Reads all shown rows again and resolves with the objects that the view must refresh: `undefined` for everything.
   * Without `words`, rows whose text alone changed wait.
   */
  async changes(
    read: (parent: TreeRow | undefined) => Promise<readonly TreeRow[]>,
    words: boolean,
    now: number,
  ): Promise<(TreeRow | undefined)[]> {
    const stale: (TreeRow | undefined)[] = [];
    for (const [id, shown] of [...this.#shown]) {
      // A refreshed parent requests its rows itself.
      if (!this.#shown.has(id) || (shown.parent && stale.includes(shown.parent))) continue;
      // Attempts of a running loop change constantly and come from the database.
      if (shown.parent?.subject.kind === 'loop' && !words && this.latest(shown.parent).isLive) continue;
      const rows = await read(shown.parent && this.latest(shown.parent));
      // The view has requested newer rows meanwhile.
      if (this.#shown.get(id) !== shown) continue;
      const changes = rowChanges(shown.rows, rows);
      if (changes.list) {
        if (!shown.parent) return [undefined];
        stale.push(shown.parent);
        continue;
      }
      const ready = words ? changes.words.filter((place) => !this.#isRead(rows[place], now)) : [];
      const drawn = new Set([...changes.looks, ...ready]);
      shown.rows = rows.map((row, place) => (drawn.has(place) ? row : (shown.rows[place] ?? row)));
      for (const place of drawn) {
        const row = rows[place] as TreeRow;
        const holder = shown.held[place] as TreeRow;
        this.#latest.set(row.id, { row, holder });
        stale.push(holder);
      }
    }
    return stale;
  }

  /** Whether the user may still be reading the row. */
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
      // A loop that moved to another group meanwhile is now held there, with its children.
      if (this.#shown.get(row.id)?.parent === row) this.#forget(row.id);
      if (this.#latest.get(row.id)?.holder === row) this.#latest.delete(row.id);
    }
  }
}
