import { InvalidArgumentError } from '../model/errors.ts';

/** @throws InvalidArgumentError if what a caller passed as `argument` is no text. */
export function mustBeText(argument: string, value: unknown): void {
  if (typeof value !== 'string') throw new InvalidArgumentError(argument, `must be text, but is ${quote(value)}`);
}

/** A value as an error shows it: its first 40 characters. */
export function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value).slice(0, 40);
}
