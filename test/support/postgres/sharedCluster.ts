import { Cluster } from './cluster.ts';

let shared: Promise<Cluster | undefined> | undefined;

/**
 * The server that all suites of a program share. It starts when it is first asked for, and stops after the last test.
 */
export function sharedCluster(): () => Promise<Cluster | undefined> {
  return () => {
    shared ??= Cluster.start().then((cluster) => {
      if (!cluster) console.log('    PostgreSQL is not installed: the tests of its store are skipped.');
      return cluster;
    });
    return shared;
  };
}

after(async () => {
  await (await shared)?.stop();
});
