import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SOCKET = '.s.PGSQL.5432';

/** The way from one machine to the server: it can be cut, so that nothing passes and nobody is told. */
export class Cable {
  /** The folder of the socket that leads through it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'cable-'));
  readonly #to: string;
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  #isCut = false;

  /** `to`: the folder of the server's own socket. */
  constructor(to: string) {
    this.#to = join(to, SOCKET);
    this.#server = createServer((near) => this.#join(near));
    this.#server.listen(join(this.folder, SOCKET));
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** What is on its way stays there; who connects waits. */
  cut(): void {
    this.#isCut = true;
    for (const end of this.#ends) end.pause();
  }

  /** Connections of before are lost, as a router forgets them. */
  mend(): void {
    this.#isCut = false;
    for (const end of this.#ends) end.destroy();
  }

  dispose(): void {
    this.mend();
    this.#server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #join(near: Socket): void {
    this.#keep(near);
    if (this.#isCut) {
      near.pause();
      return;
    }
    const far = connect(this.#to);
    this.#keep(far);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('data', (data) => void other.write(data));
      one.on('close', () => {
        if (!this.#isCut) other.destroy();
      });
    }
  }

  #keep(end: Socket): void {
    this.#ends.add(end);
    end.on('error', () => {});
    end.on('close', () => this.#ends.delete(end));
  }
}
