import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshFolder } from '../support/host/paths.ts';

/** Programs on the PATH of a terminal, by their names: what each does, by its arguments, as lines of a shell. */
export type Scripts = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Little programs that are all that is on PATH. */
export class Programs {
  readonly folder = freshFolder('programs');
  readonly #gate = join(this.folder, 'closed');

  constructor(scripts: Scripts) {
    mkdirSync(join(this.folder, 'bin'));
    for (const [name, answers] of Object.entries(scripts)) {
      const cases = Object.entries(answers).map(([args, body]) => `${args === '*' ? '*' : `"${args}"`}) ${body} ;;`);
      this.#write(join('bin', name), ['case "$*" in', ...cases, 'esac']);
    }
    // A terminal's PATH is what the login shell says, which the extension asks, so: a shell that says no other.
    this.#write('shell', [
      `PATH=${join(this.folder, 'bin')}; export PATH`,
      `while [ -e ${this.#gate} ]; do /bin/sleep 0.05; done`,
      // A terminal that a user types into gives no arguments.
      '[ $# -lt 2 ] || shift 2',
      'exec /bin/sh "$@"',
    ]);
  }

  /** For the server whose windows shall find the programs. */
  get environment(): Record<string, string> {
    return { SHELL: join(this.folder, 'shell') };
  }

  /** Where a program is, or would be. */
  path(name: string): string {
    return join(this.folder, 'bin', name);
  }

  /** Whether shells say nothing for now. */
  set shellWaits(waits: boolean) {
    if (waits) writeFileSync(this.#gate, '');
    else if (existsSync(this.#gate)) rmSync(this.#gate);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #write(name: string, lines: readonly string[]): void {
    writeFileSync(join(this.folder, name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  }
}
