import { GONE, type Look, there } from '../../core/model/looks.ts';
import type { ProcessInfo } from './processTable.ts';

/** What a process table knows of a process where its list is the only source: no environment, and no open files. */
export abstract class ListedFacts {
  args(process: ProcessInfo): Look<readonly string[]> {
    return there(process.args ?? []);
  }

  executable(process: ProcessInfo): Look<string> {
    return process.executable === undefined ? GONE : there(process.executable);
  }

  environment(): Look<Buffer> {
    return GONE;
  }

  outputs(): Look<readonly string[]> {
    return GONE;
  }
}
