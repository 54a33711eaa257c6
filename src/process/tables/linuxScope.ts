import { readFileSync, readlinkSync } from 'node:fs';
import { lookAt } from '../../core/model/looks.ts';
import type { ProcessScope } from './processScope.ts';

/** A container engine mounts the host name from a folder that is named after the container or the pod. */
const CONTAINER = /\/([0-9a-f]{64}|pods\/[0-9a-f-]{36})\/\S* \/etc\/(?:hostname|hosts|resolv\.conf) /;

/**
 * The scope of this process's pids on Linux.
 *
 * @throws Error when `/proc` is not there, or belongs to another pid namespace: then no pid can be looked up.
 */
export function linuxScope(): ProcessScope {
  if (readlinkSync('/proc/self') !== String(process.pid))
    throw new Error(
      'This process cannot be found in /proc, which shows another pid namespace. Mount /proc to run agents.',
    );
  const machine = machineId();
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    ...(machine !== undefined && { machine }),
    namespace: `${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]}-${firstStart()}`,
  };
}

/**
 * A container is named by its engine, whatever machine id its image carries; any other machine by its machine id, of
 * which only a hash leaves the machine.
 */
function machineId(): string | undefined {
  const container = CONTAINER.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1];
  const machine = lookAt(() => readFileSync('/etc/machine-id', 'utf8').trim());
  const name = container ?? (machine.state === 'there' && machine.value !== '' ? machine.value : undefined);
  return name && shortHash(`loop-supervisor ${name}`);
}

/**
 * FNV-1a of 64 bits, which keeps half of a machine id to itself. To load Node's crypto would hold up every guardian.
 */
function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

/** When the first process of the namespace started: the kernel uses the numbers of namespaces again. */
function firstStart(): string {
  const look = lookAt(() => readFileSync('/proc/1/stat', 'latin1'));
  return look.state === 'there' ? (look.value.slice(look.value.lastIndexOf(')')).split(' ')[20] ?? '') : '';
}
