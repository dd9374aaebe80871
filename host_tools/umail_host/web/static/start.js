// Stands in the page: once the first rows are painted, the modules are loaded, all at once.
requestAnimationFrame(() => requestAnimationFrame(() => {
  for (const name of ["dom", "words", "list", "mail", "mails", "main"]) import(`/static/${name}.js`);
}));
