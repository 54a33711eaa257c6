import { ANY_MACHINE } from '../../core/model/repository.ts';
import type { OtherMachine } from '../../core/model/status.ts';
import { oneLine } from '../text/safeText.ts';

/**
 * What *Submit to Another Machine…* offers (R16.4): any machine, and each. A name that several have comes with their
 * ids.
 */
export function machineItems(machines: readonly OtherMachine[]) {
  const isNamedTwice = ({ name }: OtherMachine) => machines.filter((other) => other.name === name).length > 1;
  return [
    {
      label: '$(server-environment) Any Machine',
      description: 'The one with the least to do, this one too if it takes such loops',
      machine: ANY_MACHINE,
    },
    ...machines.map((machine) => ({
      label: `$(vm) ${oneLine(machine.name, 40)}${isNamedTwice(machine) ? ` (${machine.id})` : ''}`,
      description: machine.answers ? '' : 'does not answer now',
      detail: oneLine(machine.takes.join(', '), 200),
      machine: machine.id,
    })),
  ];
}
