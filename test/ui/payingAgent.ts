import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../support/host/paths.ts';

/** Options that the sample agent knows, and whether a value follows. */
const KNOWN: { readonly [option: string]: boolean } = {
  ...{ '-p': false, '--print': false, '--verbose': false, '--version': false, '--help': false },
  ...{ '--output-format': true, '--session-id': true, '--resume': true, '--max-budget-usd': true, '--be-child': true },
};

const PROGRAM = (gate: string) => `
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
const known = ${JSON.stringify(KNOWN)};
const given = process.argv.slice(2);
const args = [];
for (let i = 0; i < given.length; i++) {
  if (!(given[i] in known)) continue;
  args.push(given[i]);
  if (known[given[i]]) args.push(given[++i]);
}
process.argv.splice(2, Infinity, ...args);
while (args.includes('--session-id') && existsSync(${JSON.stringify(gate)})) await sleep(50);
await import(${JSON.stringify(pathToFileURL(join(ROOT, 'dist/sampleAgent.cjs')).href)});
`;

/**
 * An agent that costs money: the sample agent, taken for Claude Code. What `[cost 0.50]` says in a prompt is spent,
 * where that of the demo would be play money.
 */
export class PayingAgent {
  readonly #folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-paying-'));
  readonly #gate = join(this.#folder, 'closed');

  constructor() {
    writeFileSync(join(this.#folder, 'paying.mjs'), PROGRAM(this.#gate));
    const line = `exec '${process.execPath}' '${join(this.#folder, 'paying.mjs')}' "$@"`;
    writeFileSync(this.#command, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }

  /** Its profile, for `loopSupervisor.agents`. */
  get profile(): object {
    return { extends: 'claude', command: this.#command };
  }

  /** Whether runs wait before they do anything: so a test has all the time that it needs to see them run. */
  set waits(waits: boolean) {
    if (waits) writeFileSync(this.#gate, '');
    else if (existsSync(this.#gate)) rmSync(this.#gate);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #command(): string {
    return join(this.#folder, 'paying');
  }
}
