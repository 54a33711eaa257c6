import Imported from 'mocha';

type MochaClass = typeof Imported;

/** Mocha, which is an ES module: in the bundles for older extension hosts the class lies one `default` deeper. */
const Mocha: MochaClass =
  typeof Imported === 'function' ? Imported : (Imported as { readonly default: MochaClass }).default;
export default Mocha;
