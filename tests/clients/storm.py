"""Restarts, kills and upgrades a server that real clients call over HTTP all the while,
and says whether any of them noticed and whether each task is there once.

    python storm.py PROGRAM BUILD NAME COMMAND..  [-- NAME COMMAND..]..

Each COMMAND is a client (see caller.py) that is given the server's URL and its name in
place of the words URL and NAME, calls until its input ends, and then prints what it did.
BUILD is a build of the worker with one tool more. Prints a line for each client.
"""

import asyncio
import collections
import json
import os
import signal
import sqlite3
import sys
import tempfile

PROGRAM, BUILD = sys.argv[1:3]
# Kills in a row are the test's doing, no reason for safe mode, and so are many calls.
CONFIG = """
[restart]
crashes_in_10_seconds = 1000
crashes_in_10_minutes = 100000
[limits]
read_burst = 1000000
write_burst = 1000000
heavy_burst = 1000000
"""
# Only a server or client that is stuck takes so long, in seconds.
PATIENCE = 90
# Between two looks at what gives no sign of its own, in seconds.
LOOK = 0.02
# What is done to the server, each once every client has made two rounds more.
RESTART, EMERGENCY = ["restart"], ["restart", "--emergency", "--yes"]
ROUND = [("handover", RESTART), ("kill", None), ("emergency", EMERGENCY)]
UPGRADE = ("upgrade", ["restart", "--binary", BUILD])
# A new build that dies in its first minute is left by itself.
UPGRADES = [UPGRADE, ("rollback", ["restart", "--rollback"]), UPGRADE, ("kill of the new build", None)]
STORM = ROUND + UPGRADES + ROUND
# Each upgrade and each way back change the tools; a client is told of each once.
TOOLS_CHANGED = 4


class Server:
    """A workspace and the front that serves it."""

    def __init__(self, workspace):
        self.workspace, self.front = workspace, None
        # A proxy is for the world outside.
        self.environment = {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}

    async def start(self):
        os.mkdir(f"{self.workspace}/.task_orchestrator")
        with open(f"{self.workspace}/.task_orchestrator/config.toml", "w") as file:
            file.write(CONFIG)
        serve = [PROGRAM, "serve", "--workspace", self.workspace, "--http", "127.0.0.1:0"]
        quiet = asyncio.subprocess.DEVNULL
        self.front = await asyncio.create_subprocess_exec(*serve, stdin=quiet, stdout=quiet, stderr=quiet)
        async with asyncio.timeout(PATIENCE):
            while not ((said := await self.status()).get("http") and said.get("worker")):
                assert self.front.returncode is None, "the front has ended"
                await asyncio.sleep(LOOK)
        return said["http"]

    async def verb(self, *arguments):
        command = [PROGRAM, *arguments, "--workspace", self.workspace]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        out, problems = await process.communicate()
        return process.returncode, out.decode(), problems.decode()

    async def status(self):
        _, out, _ = await self.verb("status", "--json")
        return json.loads(out)

    async def worker(self):
        """The active worker, once there is one."""
        async with asyncio.timeout(PATIENCE):
            while not (worker := (await self.status()).get("worker")):
                await asyncio.sleep(LOOK)
        return worker["pid"]

    async def disturb(self, arguments):
        if arguments is None:
            os.kill(await self.worker(), signal.SIGKILL)
            return
        code, out, problems = await self.verb(*arguments, "--json", "--quiet")
        assert code == 0, (arguments, out, problems)
        report = json.loads(out)
        assert report["outcome"] == "complete" and report["new_pid"] != report["old_pid"], report

    def titles(self, name):
        """How often each title of this client is in the database."""
        place = f"file:{self.workspace}/.task_orchestrator/task_orchestrator.db?mode=ro"
        with sqlite3.connect(place, uri=True) as database:
            rows = database.execute("SELECT title FROM tasks WHERE title GLOB ?", [f"{name}-*"])
            return collections.Counter(title for (title,) in rows)

    async def end(self):
        await self.verb("stop")
        if self.front.returncode is None:
            await asyncio.wait_for(self.front.wait(), PATIENCE)

    def log_tails(self):
        logs = f"{self.workspace}/.task_orchestrator/logs"
        for name in sorted(os.listdir(logs)):
            with open(f"{logs}/{name}", errors="replace") as file:
                tell(name, file.read())


def tell(whose, text):
    """The last lines of it, for whoever has to find out what went wrong."""
    print(f"--- {whose}", *text.splitlines()[-40:], sep="\n", file=sys.stderr)


class Client:
    """A client's process, and what it has said."""

    def __init__(self, name, command):
        self.name, self.command = name, command
        self.rounds, self.report, self.news = 0, None, asyncio.Condition()
        self.process = self.reading = None
        self.problems = tempfile.TemporaryFile("w+")

    async def start(self, server, url):
        given = {"URL": url, "NAME": self.name}
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *[given.get(word, word) for word in self.command],
            stdin=pipe,
            stdout=pipe,
            stderr=self.problems,
            env=server.environment,
        )
        self.reading = asyncio.create_task(self.read())

    async def read(self):
        async for line in self.process.stdout:
            async with self.news:
                if line.startswith(b"round "):
                    self.rounds = int(line.split()[1])
                else:
                    self.report = json.loads(line)
                self.news.notify_all()
        await self.process.wait()
        async with self.news:
            self.news.notify_all()

    async def goes_on(self, rounds=2):
        """Returns when rounds that began from here on are over."""
        enough = self.rounds + rounds
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(lambda: self.rounds >= enough or self.process.returncode is not None)
        assert self.rounds >= enough, f"{self.name} noticed it, in round {self.rounds}"

    async def finish(self):
        self.process.stdin.close()
        await asyncio.wait_for(self.reading, PATIENCE)
        assert self.process.returncode == 0 and self.report, f"{self.name} ended with {self.process.returncode}"

    def tell_problems(self):
        self.problems.seek(0)
        if text := self.problems.read():
            tell(f"{self.name}, {self.rounds} rounds", text)

    def kill(self):
        if self.process and self.process.returncode is None:
            self.process.kill()


async def all_go_on(clients, what):
    try:
        await asyncio.gather(*(client.goes_on() for client in clients))
    except TimeoutError:
        rounds = {client.name: client.rounds for client in clients}
        raise AssertionError(f"somebody got stuck after {what}: {rounds}") from None


async def storm(server, clients):
    url = await server.start()
    for client in clients:
        await client.start(server, url)
    await all_go_on(clients, "the start")
    for what, arguments in STORM:
        await server.disturb(arguments)
        await all_go_on(clients, what)
    await asyncio.gather(*(client.finish() for client in clients))
    for client in clients:
        check(server, client)


def check(server, client):
    report, titles = client.report, server.titles(client.name)
    expected = {f"{client.name}-{number}": 1 for number in range(report["rounds"])}
    assert titles == expected, (client.name, "wrong in the database", dict(titles.items() ^ expected.items()))
    assert report["tools_changed"] == TOOLS_CHANGED, (client.name, report)
    print(
        f"{report['sdk']} (HTTP, speaks {report['speaks']}): {len(STORM)} restarts, upgrades and kills, "
        f"{report['calls']} calls, each once, the longest {report['longest'] * 1000:.0f} ms: ok"
    )


def clients_of(words):
    while words:
        end = words.index("--") if "--" in words else len(words)
        yield Client(words[0], words[1:end])
        words = words[end + 1 :]


async def main():
    clients = list(clients_of(sys.argv[3:]))
    with tempfile.TemporaryDirectory() as workspace:
        server = Server(workspace)
        try:
            await storm(server, clients)
        except BaseException:
            server.log_tails()
            for client in clients:
                client.tell_problems()
            raise
        finally:
            for client in clients:
                client.kill()
            await server.end()


asyncio.run(main())
