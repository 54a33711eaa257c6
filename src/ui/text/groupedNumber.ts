// Loading `Intl.NumberFormat` takes a process 15 ms, which is half of a start of Node.

const NANO = 1e9;
const NANO_IN_A_CENT = 1e7;

/** A number with commas between thousands and at most three decimals: `9,800`. */
export function groupedNumber(n: number): string {
  if (!Number.isFinite(n)) return Number.isNaN(n) ? 'NaN' : `${n < 0 ? '-' : ''}∞`;
  return grouped(plain(n, 3));
}

/** An amount with two decimals: `1,234.50`. Half a cent is rounded up. */
export function twoDecimals(amount: number): string {
  const cents = Math.round(Math.round(Math.abs(amount) * NANO) / NANO_IN_A_CENT);
  return grouped(`${amount < 0 ? '-' : ''}${(cents / 100).toFixed(2)}`);
}

/** A small amount with two significant digits, and at most nine decimals: `0.0012`. */
export function twoDigits(amount: number): string {
  const nano = Math.round(Math.abs(amount) * NANO);
  const unit = 10 ** Math.max(0, String(nano).length - 2);
  return `${amount < 0 ? '-' : ''}${plain((Math.round(nano / unit) * unit) / NANO, 9)}`;
}

/** With so many decimals, but without zeros at their end. */
function plain(n: number, decimals: number): string {
  return n.toFixed(decimals).replace(/\.?0+$/, '');
}

function grouped(text: string): string {
  const [whole = '', decimals] = text.split('.');
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return decimals === undefined ? groups : `${groups}.${decimals}`;
}
