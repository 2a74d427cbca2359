"""One session with the official Python SDK that stays open while the server is
restarted, restarted in an emergency, upgraded to a build with one tool more, and
rolled back; somebody calls all the time. Prints one line; fails loudly.

    python restarts.py PROGRAM WORKSPACE BUILD [legacy|auto]
"""

import asyncio
import contextlib
import json
import subprocess
import sys

from sdk import VERSION, connected, program

PROGRAM, WORKSPACE, BUILD = sys.argv[1:4]
ERA = sys.argv[4] if len(sys.argv) > 4 else "legacy"
CHANGED, EXTRA = "notifications/tools/list_changed", "orchestrator_extra_tool"


async def restarted(*arguments):
    """Runs `restart` beside the session, which goes on; gives its report."""
    command = [PROGRAM, "restart", "--json", "--quiet", "--workspace", WORKSPACE, *arguments]
    said = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert said.returncode == 0, (arguments, said.stdout, said.stderr)
    report = json.loads(said.stdout)
    assert report["outcome"] == "complete" and report["new_pid"] != report["old_pid"], report
    return report


class Told:
    """How often the client has been told that the tools are others."""

    def __init__(self):
        self.times, self.news = 0, asyncio.Condition()

    async def __call__(self, message):
        method = getattr(getattr(message, "root", message), "method", None)
        if method == CHANGED:
            async with self.news:
                self.times += 1
                self.news.notify_all()

    async def wait(self, times):
        async with self.news:
            await asyncio.wait_for(self.news.wait_for(lambda: self.times >= times), 30)
        assert self.times == times, (self.times, times)


async def calling(sdk, done):
    """Plans one task after the other until it is cancelled."""
    while True:
        await sdk.call("orchestrator_plan_task", title=f"t{len(done)}", description="d")
        done.append(None)


async def has_extra(sdk):
    return EXTRA in [tool.name for tool in await sdk.tools()]


async def main():
    told = Told()
    async with connected(program(PROGRAM, "stdio", "--workspace", WORKSPACE), ERA, told) as sdk:
        done = []
        caller = asyncio.create_task(calling(sdk, done))
        assert not await has_extra(sdk)
        await restarted()
        await restarted("--emergency", "--yes")
        assert told.times == 0, "nothing had changed"
        await restarted("--binary", BUILD)
        # Without a handshake nobody is told, and the SDK keeps a list for its time to live.
        if ERA == "legacy":
            await told.wait(1)
            assert await has_extra(sdk)
        assert (await sdk.call(EXTRA))["extra"] is True
        await restarted("--rollback")
        if ERA == "legacy":
            await told.wait(2)
            assert not await has_extra(sdk)
        count = len(done)
        while len(done) < count + 2:
            assert not caller.done(), caller.exception()
            await sdk.call("orchestrator_get_status")
        caller.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await caller
        # The last one may have been carried out while nobody waited for its answer any more.
        found = await sdk.call("orchestrator_query_tasks", limit=1)
        assert len(done) <= found["total_count"] <= len(done) + 1, (len(done), found["total_count"])
    print(f"mcp {VERSION} ({ERA}, speaks {sdk.era}): one session, 4 restarts, {len(done)} calls meanwhile: ok")


asyncio.run(asyncio.wait_for(main(), 120))
