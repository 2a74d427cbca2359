"""A page of another origin, in a real browser, attacks a server over HTTP: it calls tools,
opens sessions and streams, submits forms, and rebinds its own name to the server's
address. Nothing may be carried out, and nothing of the server's may be read. The same
attacks on a server that lets everybody in have to succeed, or the page proves nothing.

    python browser.py PROGRAM [CHROMIUM]
"""

import http.server
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PROGRAM = sys.argv[1]
CHROMIUM = sys.argv[2] if len(sys.argv) > 2 else "chromium-headless-shell"
# Only what is stuck takes so long, in seconds.
PATIENCE = 60
# Between two looks at what gives no sign of its own, in seconds.
LOOK = 0.02
# A name that is nobody's, which the browser is told to find here.
NAME = "attacker.test"
TITLE = "written by a page"

PAGE = """<!doctype html><title>attack</title><body><script>
const [target, rebound, report] = %(places)s;
const title = %(title)s;
const call = (id, method, params) => JSON.stringify({ jsonrpc: '2.0', id, method, params });
const initialize = call(1, 'initialize', {
  protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'page', version: '1' },
});
const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'page', version: '1' },
};
const plan = (_meta) => call(2, 'tools/call', {
  name: 'orchestrator_plan_task', arguments: { title, description: 'd' }, _meta,
});
const both = 'application/json, text/event-stream';
const json = { 'Content-Type': 'application/json', Accept: both };
const modern = {
  ...json, 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'orchestrator_plan_task',
};
const patience = () => AbortSignal.timeout(5000);

async function read(url, options) {
  const response = await fetch(url, { method: 'POST', signal: patience(), ...options });
  return { status: response.status, kind: response.type, text: await response.text() };
}
// The whole way of a client of the era of sessions.
async function session(url) {
  const response = await fetch(url, { method: 'POST', headers: json, body: initialize, signal: patience() });
  const id = response.headers.get('Mcp-Session-Id');
  if (!id) return { status: response.status, text: await response.text() };
  const headers = { ...json, 'Mcp-Session-Id': id, 'MCP-Protocol-Version': '2025-11-25' };
  return read(url, { headers, body: plan() });
}
function stream(url) {
  return new Promise((resolve) => {
    const source = new EventSource(url);
    const end = (outcome) => (source.close(), resolve(outcome));
    source.onopen = () => end({ status: 200, text: 'the stream is open' });
    source.onerror = () => end({ refused: 'an error' });
  });
}
function socket(url) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws'));
    socket.onopen = () => resolve({ status: 101, text: 'the socket is open' });
    socket.onerror = () => resolve({ refused: 'an error' });
  });
}
// What a form or a frame gets cannot be read; that it has come is seen by its end.
function inFrame(prepare) {
  return new Promise((resolve) => {
    const frame = document.createElement('iframe');
    prepare(frame, () => resolve({ refused: 'not to be read' }));
    if (!frame.isConnected) document.body.append(frame);
  });
}
function form(url) {
  return inFrame((frame, done) => {
    frame.name = 'into';
    const form = document.body.appendChild(document.createElement('form'));
    Object.assign(form, { action: url, method: 'POST', enctype: 'text/plain', target: 'into' });
    const input = form.appendChild(document.createElement('input'));
    // The browser puts a "=" between name and value: it becomes part of a text in the message.
    const [before, after] = initialize.split('page');
    Object.assign(input, { name: before + 'page', value: after });
    document.body.append(frame);
    frame.onload = done;
    form.submit();
  });
}
function sandboxed(url) {
  return inFrame((frame, done) => {
    addEventListener('message', done, { once: true });
    frame.sandbox = 'allow-scripts';
    const options = JSON.stringify({ method: 'POST', mode: 'no-cors', body: initialize });
    frame.srcdoc = `<script>fetch(${JSON.stringify(url)}, ${options})` +
      `.catch(() => 0).then(() => parent.postMessage(0, '*'))<` + '/script>';
  });
}
const attacks = {
  'a call with headers': (url) => read(url, { headers: modern, body: plan(meta) }),
  'a session': session,
  'a call as plain text': (url) => read(url, { mode: 'no-cors', body: plan(meta) }),
  'a session as plain text': (url) => read(url, { mode: 'no-cors', body: initialize }),
  'with credentials': (url) => read(url, { credentials: 'include', headers: modern, body: plan(meta) }),
  'a stream': stream,
  'a WebSocket': socket,
  'a form': form,
  'a frame without an origin': sandboxed,
};
const rebinding = {
  'rebound: a call': (url) => read(url, { headers: modern, body: plan(meta) }),
  'rebound: a session': session,
  'rebound: a stream': stream,
  'rebound: reading': (url) => read(url, { method: 'GET', headers: { Accept: both } }),
};
async function all(attacks, url, outcomes) {
  for (const [name, attack] of Object.entries(attacks)) {
    const late = new Promise((resolve) => setTimeout(resolve, 6000, { refused: 'nothing came' }));
    outcomes[name] = await Promise.race([late, attack(url).catch((error) => ({ refused: String(error) }))]);
  }
}
(async () => {
  const outcomes = {};
  await all(attacks, target, outcomes);
  await all(rebinding, rebound, outcomes);
  await fetch(report, { method: 'POST', mode: 'no-cors', body: JSON.stringify(outcomes) });
})();
</script>"""


class Serving:
    """An HTTP server on a thread. `answer` is given the handler of each request."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                answer(self, self.rfile.read(length))

            do_GET = do_POST = do_OPTIONS = do_DELETE = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def reply(handler, status, kind, body, **headers):
    body = body.encode()
    handler.send_response(status)
    fields = {"Content-Type": kind, "Content-Length": str(len(body)), **headers}
    for name, value in fields.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


class Careless:
    """A server that lets everybody in: what it is asked, it would have done."""

    def __init__(self):
        self.asked, self.lock = [], threading.Lock()
        self.port = Serving(self.answer).port

    def answer(self, handler, body):
        given = {"Access_Control_Allow_Origin": handler.headers.get("Origin") or "*"}
        given |= {"Access_Control_Allow_Credentials": "true", "Access_Control_Expose_Headers": "Mcp-Session-Id"}
        asked = handler.headers.get("Access-Control-Request-Headers")
        if handler.command == "OPTIONS":
            return reply(handler, 204, "text/plain", "", Access_Control_Allow_Headers=asked, **given)
        with self.lock:
            self.asked.append((handler.command, handler.headers.get("Host"), body.decode()))
        kind = "text/event-stream" if handler.command == "GET" else "application/json"
        text = ": open\n\n" if handler.command == "GET" else '{"result": "protocolVersion"}'
        reply(handler, 200, kind, text, Mcp_Session_Id="s", **given)


class Rebound:
    """A name's port: it serves the page, and from then on it is the server under attack,
    as when a name is given another address between two requests."""

    def __init__(self, victim):
        self.victim, self.page, self.is_rebound = victim, None, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        # A browser opens connections ahead: what one is for shows with its first bytes.
        if not (head := connection.recv(65536)):
            return
        if head.startswith(b"GET / ") and not self.is_rebound:
            page = self.page.encode()
            self.is_rebound = True
            lines = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\nConnection: close\r\n\r\n"
            connection.sendall(lines.encode() + page)
            connection.close()
            return
        server = socket.create_connection(("127.0.0.1", self.victim))
        server.sendall(head)
        threading.Thread(target=pump, args=[connection, server], daemon=True).start()
        pump(server, connection)


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Server:
    """The server under attack, in a workspace of its own."""

    def __init__(self, workspace):
        self.workspace = workspace
        os.mkdir(f"{workspace}/.task_orchestrator")
        command = [PROGRAM, "serve", "--workspace", workspace, "--http", "127.0.0.1:0"]
        quiet = subprocess.DEVNULL
        self.front = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)

    def says(self, verb):
        command = [PROGRAM, verb, "--json", "--workspace", self.workspace]
        return json.loads(subprocess.run(command, capture_output=True, text=True).stdout)

    def url(self):
        end = time.monotonic() + PATIENCE
        while not ((said := self.says("status")).get("http") and said.get("worker")):
            assert time.monotonic() < end and self.front.poll() is None, said
            time.sleep(LOOK)
        return said["http"]

    def titles(self):
        place = f"file:{self.workspace}/.task_orchestrator/task_orchestrator.db?mode=ro"
        with sqlite3.connect(place, uri=True) as database:
            return [title for (title,) in database.execute("SELECT title FROM tasks")]

    def end(self):
        subprocess.run([PROGRAM, "stop", "--workspace", self.workspace], capture_output=True)
        self.front.wait(PATIENCE)


def attacked(url, port, directory):
    """What a page of another origin says of its attacks on this URL."""
    outcomes, told = {}, threading.Event()

    def report(handler, body):
        reply(handler, 200, "text/plain", "")
        outcomes.update(json.loads(body))
        told.set()

    rebound = Rebound(port)
    reports = Serving(report).port
    places = [url, f"http://{NAME}:{rebound.port}/mcp", f"http://127.0.0.1:{reports}/"]
    rebound.page = PAGE % {"places": json.dumps(places), "title": json.dumps(TITLE)}
    command = [CHROMIUM, "--no-sandbox", "--disable-gpu", f"--user-data-dir={directory}", "--no-proxy-server"]
    command += [f"--host-resolver-rules=MAP {NAME} 127.0.0.1", "--remote-debugging-port=0"]
    with open(f"{directory}/browser.log", "w") as log:
        browser = subprocess.Popen([*command, f"http://{NAME}:{rebound.port}/"], stdout=log, stderr=log)
        try:
            assert told.wait(PATIENCE), open(log.name).read()
        finally:
            browser.kill()
            browser.wait()
    return outcomes


def lets_in_whom_it_should(url):
    """A program that is no page is served, so it is not for nothing that pages are not."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    opening = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "p", "version": "1"}}
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    for method, params in [("initialize", opening), ("ping", {})]:
        message = json.dumps({**body, "method": method, "params": params}).encode()
        with urllib.request.urlopen(urllib.request.Request(url, message, headers), timeout=PATIENCE) as answer:
            assert answer.status == 200, answer
            headers.setdefault("Mcp-Session-Id", answer.headers["Mcp-Session-Id"])
    urllib.request.urlopen(urllib.request.Request(url, headers=headers, method="DELETE"), timeout=PATIENCE).close()


def main():
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    with tempfile.TemporaryDirectory() as control, tempfile.TemporaryDirectory() as workspace:
        careless = Careless()
        succeeded = attacked(f"http://127.0.0.1:{careless.port}/mcp", careless.port, control)
        opaque = ["a call as plain text", "a session as plain text", "a form", "a frame without an origin"]
        for name, outcome in succeeded.items():
            expected = name in opaque or name == "a WebSocket" or outcome.get("status") == 200
            assert expected, ("this attack does not even succeed where nothing is refused", name, outcome)
        foreign = [host for _, host, _ in careless.asked if host.startswith(NAME)]
        posts = [body for command, _, body in careless.asked if command == "POST" and "jsonrpc" in body]
        assert len(foreign) >= 5 and len(posts) >= 10, careless.asked
        server = Server(workspace)
        try:
            url = server.url()
            lets_in_whom_it_should(url)
            before = server.says("status")["session_count"]
            with tempfile.TemporaryDirectory() as directory:
                outcomes = attacked(url, int(url.split(":")[2].split("/")[0]), directory)
            for name, outcome in outcomes.items():
                assert "refused" in outcome or outcome["status"] in (0, 400, 403, 404, 405, 421), (name, outcome)
                read = outcome.get("text", "")
                assert "protocolVersion" not in read and "result" not in read, (name, "was read", outcome)
            assert outcomes.keys() == succeeded.keys(), outcomes
            assert server.titles() == [], "a page has written"
            assert server.says("status")["session_count"] == before == 0, "a page has opened a session"
        finally:
            server.end()
    version = subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True).stdout.split()
    print(f"browser: {len(outcomes)} attacks by a page in {' '.join(version[:2])}, none carried out, none read: ok")


main()
