// What a TypeScript client does with the fixture server, whichever SDK it is from. Prints one JSON object: what came back.
// client is connected; call(params, options) calls a tool; changed resolves when the client is told of another list of tools.

// hears makes a promise and the function that resolves it.
export function hears() {
  let done;
  const heard = new Promise((resolve) => (done = resolve));
  return [heard, done];
}

export async function steps(client, call, changed, listen) {
  const said = {};
  said.server = client.getServerVersion()?.name;
  said.instructions = client.getInstructions();
  said.tools = (await client.listTools()).tools.map((t) => t.name);
  said.text = (await call({ name: 'test_simple_text', arguments: {} })).content;
  const mixed = await call({ name: 'test_multiple_content_types', arguments: {} });
  said.mixed = mixed.content.map((c) => c.type);
  said.failure = await call({ name: 'test_error_handling', arguments: {} });
  said.unknown = await refused(() => call({ name: 'no_such_tool', arguments: {} }));

  said.progress = [];
  await call({ name: 'test_tool_with_progress', arguments: {} }, { onprogress: (p) => said.progress.push(p.progress) });
  said.elicited = (await call({ name: 'test_elicitation', arguments: { message: 'Who are you?' } })).content[0].text;
  said.sampled = (await call({ name: 'test_sampling', arguments: { prompt: 'What is the capital of France?' } })).content[0].text;

  said.resources = (await client.listResources()).resources.map((r) => r.uri);
  said.resource = (await client.readResource({ uri: 'test://static-text' })).contents;
  said.blob = Buffer.from((await client.readResource({ uri: 'test://static-binary' })).contents[0].blob, 'base64').subarray(1, 4).toString();
  said.templates = (await client.listResourceTemplates()).resourceTemplates.map((t) => t.uriTemplate);
  said.templated = JSON.parse((await client.readResource({ uri: 'test://template/42/data' })).contents[0].text).id;
  said.nothing = await refused(() => client.readResource({ uri: 'test://nothing' }));

  said.prompts = (await client.listPrompts()).prompts.map((p) => p.name);
  const prompt = { name: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } };
  said.prompt = (await client.getPrompt(prompt)).messages;
  const ref = { type: 'ref/prompt', name: 'test_prompt_with_arguments' };
  said.completion = (await client.complete({ ref, argument: { name: 'arg1', value: 'te' } })).completion.values;

  const abort = new AbortController();
  const slow = refused(() => call({ name: 'slow_compute', arguments: { seconds: 60 } }, { signal: abort.signal }));
  setTimeout(() => abort.abort('enough'), 100);
  said.cancelled = (await slow) !== undefined;

  const stream = await listen?.();
  await call({ name: 'test_trigger_tool_change', arguments: {} });
  said.changed = await changed;
  await stream?.close();
  said.after = (await call({ name: 'test_simple_text', arguments: {} })).content[0].type;
  return said;
}

// refused returns the code of the error that f throws.
async function refused(f) {
  try {
    await f();
  } catch (e) {
    return e.code ?? e.name ?? String(e);
  }
}

// elicit and sample are what the user and the model of these clients say.
export const elicit = async () => ({ action: 'accept', content: { username: 'ada', email: 'ada@example.com' } });
export const sample = async () => ({ role: 'assistant', model: 'none', content: { type: 'text', text: 'Paris' }, stopReason: 'endTurn' });
