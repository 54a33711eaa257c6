// uPlot formats numbers by navigator.language as soon as it is loaded, and a browser can have one that is no language
// tag (`en-US@posix`): the page would then stay empty. Imported before uPlot.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}
