// v1.mjs URL | v1.mjs PROGRAM ARG...: a client of version 1 of the TypeScript SDK.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { elicit, hears, sample, steps } from './steps.mjs';

const [target, ...args] = process.argv.slice(2);
const http = target.startsWith('http:');
const transport = http ? new StreamableHTTPClientTransport(new URL(target)) : new StdioClientTransport({ command: target, args });
const client = new Client({ name: 'v1', version: '1' }, { capabilities: { elicitation: {}, sampling: {} } });
const [changed, change] = hears();
client.setRequestHandler(ElicitRequestSchema, elicit);
client.setRequestHandler(CreateMessageRequestSchema, sample);
client.setNotificationHandler(ToolListChangedNotificationSchema, () => change(true));
let version;
const set = transport.setProtocolVersion;
transport.setProtocolVersion = (v) => {
  version = v;
  set?.call(transport, v);
};
await client.connect(transport);
const said = await steps(client, (params, options) => client.callTool(params, undefined, options), changed);
said.version = version;
await client.close();
console.log(JSON.stringify(said));
