// A JSON Schema in few words, with links to the schemas that have a name.

import { element } from './elements.js';

export function linkTo(name) {
  return `schema-${name}`;
}

export function describeSchema(schema) {
  return element('span', {}, ...words(schema));
}

function words(schema) {
  if (schema.$ref) return [reference(schema.$ref)];
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return separated(either.map(words), ' or ');
  if (schema.allOf) return schema.allOf.flatMap(words).concat(constants(schema));
  if (schema.const !== undefined) return [element('code', {}, JSON.stringify(schema.const))];
  if (schema.enum) return separated(schema.enum.map((value) => [element('code', {}, JSON.stringify(value))]), ' or ');
  if (schema.contentSchema) return [...words(schema.contentSchema)];
  if (schema.type === 'array') return ['list of ', ...words(schema.items ?? {})];
  if (schema.properties) return fields(schema);
  return [[schema.type ?? 'anything'].flat().join(' or ') + limits(schema)];
}

function reference(pointer) {
  const name = pointer.split('/').at(-1);
  return element('a', { href: `#${linkTo(name)}` }, name);
}

function constants(schema) {
  const codes = schema.properties?.code?.enum;
  return codes ? [': ', ...separated(codes.map((code) => [element('code', {}, code)]), ', ')] : [];
}

function fields(schema) {
  const named = Object.entries(schema.properties).map(([name, field]) => [`${name}: `, ...words(field)]);
  return ['{ ', ...separated(named, ', '), ' }'];
}

function limits({ format, minimum, maximum, minLength, maxLength }) {
  const said = [];
  if (format) said.push(format);
  if (maximum !== undefined) said.push(`${minimum} to ${maximum}`);
  if (maxLength !== undefined) said.push(`${minLength ?? 0} to ${maxLength} characters`);
  return said.length ? ` (${said.join(', ')})` : '';
}

function separated(parts, separator) {
  return parts.flatMap((part, place) => (place === 0 ? part : [separator, ...part]));
}
