/** What the driver for PostgreSQL has had the process warn of, such as a use that it deprecates. */
export const driverWarnings: string[] = [];

process.on('warning', ({ name, message, stack = '' }) => {
  if (/node_modules[\\/]pg/.test(stack)) driverWarnings.push(`${name}: ${message}`);
});
