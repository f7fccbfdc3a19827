// v2.mjs MODE URL | v2.mjs MODE PROGRAM ARG...: a client of version 2 of the TypeScript SDK. MODE is legacy, auto, or a
// revision that it insists on.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { elicit, hears, sample, steps } from './steps.mjs';

const [mode, target, ...args] = process.argv.slice(2);
const http = target.startsWith('http:');
const transport = http ? new StreamableHTTPClientTransport(new URL(target)) : new StdioClientTransport({ command: target, args });
const client = new Client(
  { name: 'v2', version: '1' },
  {
    capabilities: { elicitation: { form: {} }, sampling: {} },
    versionNegotiation: { mode: mode === 'legacy' || mode === 'auto' ? mode : { pin: mode } },
  },
);
const [changed, change] = hears();
client.setRequestHandler('elicitation/create', elicit);
client.setRequestHandler('sampling/createMessage', sample);
client.setNotificationHandler('notifications/tools/list_changed', () => change(true));
await client.connect(transport);
const modern = mode !== 'legacy';
const listen = modern ? () => client.listen({ toolsListChanged: true }) : undefined;
const said = await steps(client, (params, options) => client.callTool(params, options), changed, listen);
said.version = client.getNegotiatedProtocolVersion();
await client.close();
console.log(JSON.stringify(said));
