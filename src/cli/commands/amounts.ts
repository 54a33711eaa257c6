import { InvalidArgumentError } from 'commander';

/** A whole number. */
export function whole(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

/** A whole number above 0. */
export function positive(text: string): number {
  const value = whole(text);
  if (value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

/** A number that is not negative, such as an amount of USD or a length of time. */
export function amount(text: string): number {
  const number = text.trim().replace(/^\$/, '');
  const value = Number(number);
  if (number.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number, 0 or more, such as 1.50.');
  return value;
}
