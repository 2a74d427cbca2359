// One client of a storm (storm.py), with an official TypeScript SDK over HTTP. It does
// what caller.py does: nothing here knows of restarts, no call is made twice, and an
// error ends it.
//
//     node caller.mjs URL NAME sdk|client legacy|auto MODULES
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [url, name, line, era, modules] = process.argv.slice(2);
const UPDATED = 'notifications/resources/updated';
const TOOLS = 'notifications/tools/list_changed';
// More than any restart takes: only a client that is stuck waits so long, in milliseconds.
const PATIENCE = 60_000;

const from = createRequire(pathToFileURL(`${modules}/`));
const load = (module) => import(pathToFileURL(from.resolve(module)));
const times = { [UPDATED]: 0, [TOOLS]: 0 };
let tell = () => {};

function heard(method) {
  times[method] += 1;
  tell();
}

async function told(before) {
  while (times[UPDATED] <= before) await new Promise((resolve) => (tell = resolve));
}

// Only names differ between the two lines.
async function connected() {
  const identity = { name, version: '1' };
  if (line === 'sdk') {
    const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
    const { StreamableHTTPClientTransport } = await load('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const types = await load('@modelcontextprotocol/sdk/types.js');
    const client = new Client(identity);
    client.setNotificationHandler(types.ResourceUpdatedNotificationSchema, () => heard(UPDATED));
    client.setNotificationHandler(types.ToolListChangedNotificationSchema, () => heard(TOOLS));
    const transport = new StreamableHTTPClientTransport(new URL(url));
    await client.connect(transport);
    const call = (params, options) => client.callTool(params, undefined, options);
    return { client, call, speaks: transport.protocolVersion };
  }
  const { Client, StreamableHTTPClientTransport } = await load('@modelcontextprotocol/client');
  const client = new Client(identity, { versionNegotiation: { mode: era } });
  client.setNotificationHandler(UPDATED, () => heard(UPDATED));
  client.setNotificationHandler(TOOLS, () => heard(TOOLS));
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return {
    client,
    call: (params, options) => client.callTool(params, options),
    speaks: client.getNegotiatedProtocolVersion(),
  };
}

function version() {
  const manifest = `${modules}/node_modules/@modelcontextprotocol/${line}/package.json`;
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

function expect(holds, shown) {
  if (!holds) throw new Error(`not as expected: ${JSON.stringify(shown)}`);
}

const { client, call, speaks } = await connected();
let [done, calls, longest, stopped] = [0, 0, 0, false];
process.stdin.on('end', () => (stopped = true)).resume();

async function timed(promise) {
  const begun = performance.now();
  const answer = await promise;
  longest = Math.max(longest, (performance.now() - begun) / 1000);
  calls += 1;
  return answer;
}

async function tool(toolName, args, options) {
  const answer = await timed(call({ name: toolName, arguments: args }, options));
  expect(!answer.isError, answer);
  return answer.structuredContent;
}

async function round(watched) {
  const title = `${name}-${done}`;
  const plan = await tool('orchestrator_plan_task', { title, description: 'd' });
  const read = await timed(client.readResource({ uri: `task://${plan.task_id}` }));
  expect(read.contents[0].text.includes(title), read);
  const before = times[UPDATED];
  await tool('orchestrator_update_task', { task_id: watched, description: title });
  await told(before);
  const status = await tool('orchestrator_get_status', {});
  expect(status.total_tasks > done, status);
  if (done % 3 === 0) {
    const steps = [];
    const onprogress = ({ progress }) => steps.push(progress);
    const args = { action: 'scan_cleanup', scope: 'full_project' };
    await tool('orchestrator_maintenance_coordinator', args, { onprogress });
    expect(steps.length > 0 && steps.every((step, at) => at === 0 || step > steps[at - 1]), steps);
  }
  done += 1;
  console.log('round', done);
}

const plan = await tool('orchestrator_plan_task', { title: `${name} watched`, description: 'd' });
const uri = `task://${plan.task_id}`;
let changes;
if (speaks >= '2026-07-28') {
  changes = await client.listen({ toolsListChanged: true, resourceSubscriptions: [uri] });
  changes.closed.then((how) => expect(how === 'local', { 'the stream of changes ended': how }));
} else {
  await client.subscribeResource({ uri });
}
while (!stopped) {
  const stuck = setTimeout(() => expect(false, `round ${done} got stuck`), PATIENCE);
  await round(plan.task_id);
  clearTimeout(stuck);
}
await changes?.close();
await client.close();
const sdk = `@modelcontextprotocol/${line} ${version()}`;
console.log(JSON.stringify({ sdk, speaks, rounds: done, calls, longest, tools_changed: times[TOOLS] }));
