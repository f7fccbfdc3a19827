// Prints the JSON Schemas of MCP that the conformance suite has compiled in, as one JSON object by revision.
// The argument is the suite's program. Its build embeds each as an object literal, NAME={$schema:...}, and then a table
// {"2025-03-26":NAME,...,[VARIABLE]:NAME} whose last key is the newest revision, a variable.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');

// literal returns the object literal that begins at text[from]. Strings hold braces.
function literal(from) {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (c === '`' || c === '"' || c === "'") {
      for (i++; text[i] !== c; i++) if (text[i] === '\\') i++;
    } else if (c === '{' || c === '[') {
      depth++;
    } else if (c === '}' || c === ']') {
      if (--depth === 0) return new Function(`return ${text.slice(from, i + 1)}`)();
    }
  }
  throw new Error(`no end of the literal at ${from}`);
}

const named = {};
for (const m of text.matchAll(/([\w$]+)=(?=\{\$schema:`http)/g)) named[m[1]] = literal(m.index + m[0].length);

const table = text.match(/=\{("20\d\d-\d\d-\d\d":[\w$]+,)+\[([\w$]+)\]:[\w$]+\}/);
if (!table) throw new Error('no table of schemas by revision');
const schemas = {};
for (const [, key, variable, name] of table[0].matchAll(/(?:"([\d-]+)"|\[([\w$]+)\]):([\w$]+)/g)) {
  const revision = key ?? text.match(new RegExp(`[ ,]${variable.replaceAll('$', '\\$')}=\`(20\\d\\d-\\d\\d-\\d\\d)\``))?.[1];
  if (!revision || !named[name]) throw new Error(`no schema for ${key ?? variable}`);
  schemas[revision] = named[name];
}
process.stdout.write(JSON.stringify(schemas));
