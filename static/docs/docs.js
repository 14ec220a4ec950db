// Shows the OpenAPI document. Whatever it says is shown as text: nothing here makes HTML of it.

import { element, rows } from './elements.js';
import { describeSchema, linkTo } from './schema.js';

const state = document.querySelector('#state');
const main = document.querySelector('#main');
const contents = document.querySelector('#contents');

try {
  const response = await fetch('/openapi.json');
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  show(await response.json());
  state.remove();
  // The browser looked for the place before it was there.
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
} catch (error) {
  state.setAttribute('role', 'alert');
  state.textContent = `The document could not be shown: ${error.message}.`;
}

function show(api) {
  main.append(element('p', {}, api.info.description.replaceAll('*', '')));
  for (const tag of api.tags) {
    const operations = operationsOf(api, tag.name);
    contents.append(contentsOf(tag.name, operations.map(({ operation }) => [operation.operationId, operation.summary])));
    main.append(
      element('section', { 'aria-labelledby': `tag-${tag.name}` },
        element('h2', { id: `tag-${tag.name}` }, tag.name),
        element('p', {}, tag.description),
        ...operations.map(showOperation)),
    );
  }
  const schemas = Object.entries(api.components.schemas);
  contents.append(contentsOf('schemas', schemas.map(([name]) => [linkTo(name), name])));
  main.append(
    element('section', { 'aria-labelledby': 'tag-schemas' },
      element('h2', { id: 'tag-schemas' }, 'schemas'),
      ...schemas.map(showSchema)),
  );
}

function operationsOf(api, tag) {
  const all = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));
  return all.filter(({ operation }) => operation.tags.includes(tag));
}

function contentsOf(title, links) {
  return element('div', {},
    element('h2', {}, title),
    element('ul', {}, ...links.map(([id, text]) => element('li', {}, element('a', { href: `#${id}` }, text)))));
}

function showOperation({ path, method, operation }) {
  return element('article', { id: operation.operationId },
    element('h3', {}, element('code', {}, element('span', { class: 'method' }, method), ` ${path}`)),
    element('p', {}, element('strong', {}, `${operation.summary}. `), text(operation.description)),
    element('p', {}, accessOf(operation.security)),
    parametersOf(operation.parameters),
    bodyOf(operation.requestBody),
    answersOf(operation.responses));
}

function accessOf(security) {
  if (security.length === 0) return 'For anyone.';
  const ways = security.map((way) => Object.keys(way)[0] ?? 'nothing').join(' or ');
  return `Needs: ${ways}.`;
}

function parametersOf(parameters) {
  if (parameters.length === 0) return '';
  return rows('Parameters', ['Name', 'In', 'Type', 'Means'], parameters.map((parameter) => [
    element('code', {}, parameter.name, parameter.required ? '' : '?'),
    parameter.in,
    describeSchema(parameter.schema),
    text(parameter.description),
  ]));
}

function bodyOf(body) {
  if (!body) return '';
  const { schema, example } = body.content['application/json'];
  return element('div', {},
    element('h4', {}, 'Body'),
    element('p', {}, describeSchema(schema)),
    element('pre', { tabindex: '0', 'aria-label': 'Example' }, JSON.stringify(example, null, 2)));
}

function answersOf(responses) {
  return rows('Answers', ['Status', 'Content', 'Means'], Object.entries(responses).map(([status, answer]) => [
    status,
    element('span', {}, ...Object.entries(answer.content ?? {}).flatMap(([type, { schema }]) =>
      [element('code', {}, type), ' ', describeSchema(schema)])),
    element('span', {}, text(answer.description), ...headersOf(answer.headers)),
  ]));
}

function headersOf(headers = {}) {
  return Object.entries(headers).flatMap(([name, header]) =>
    [' ', element('code', {}, name), `: ${text(header.description)}`]);
}

function showSchema([name, schema]) {
  return element('article', { id: linkTo(name) },
    element('h3', {}, element('code', {}, name)),
    element('p', {}, text(schema.description)),
    fieldsOf(schema));
}

function fieldsOf(schema) {
  if (!schema.properties) {
    return element('p', {}, describeSchema({ ...schema, description: undefined }));
  }
  const required = new Set(schema.required ?? []);
  return rows('Fields', ['Name', 'Type', 'Means'], Object.entries(schema.properties).map(([name, field]) => [
    element('code', {}, name, required.has(name) ? '' : '?'),
    describeSchema(field),
    text(field.description),
  ]));
}

/** The document's Markdown is only ever code. */
function text(markdown = '') {
  return markdown.replaceAll('`', '');
}
