// DOM elements from plain values: a string becomes text, never HTML.

export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

/** A table whose first column names the row. */
export function rows(caption, columns, cells) {
  const head = columns.map((column) => element('th', { scope: 'col' }, column));
  const body = cells.map(([first, ...rest]) =>
    element('tr', {},
      element('th', { scope: 'row' }, first),
      ...rest.map((cell) => element('td', {}, cell))));
  return element('div', { class: 'scroll', role: 'group', 'aria-label': caption, tabindex: '0' },
    element('table', {},
      element('caption', {}, caption),
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...body)));
}
