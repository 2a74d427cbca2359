"""One client of a storm (storm.py), with the official Python SDK over HTTP. It plans,
reads, watches a task and asks for progress, round after round, until its input ends.
Nothing here knows of restarts: no call is made twice, and an error ends it.

    python caller.py URL NAME legacy|auto
"""

import asyncio
import json
import sys
import time

from sdk import VERSION, connected

URL, NAME, ERA = sys.argv[1:4]
UPDATED, TOOLS = "notifications/resources/updated", "notifications/tools/list_changed"
# More than any restart takes: only a client that is stuck waits so long, in seconds.
PATIENCE = 60


class Heard:
    """Counts what the server says without being asked."""

    def __init__(self):
        self.times, self.news = {}, asyncio.Condition()

    async def __call__(self, message):
        if isinstance(message, Exception):
            raise message
        method = getattr(getattr(message, "root", message), "method", None)
        async with self.news:
            self.times[method] = self.of(method) + 1
            self.news.notify_all()

    def of(self, method):
        return self.times.get(method, 0)

    async def more(self, method, before):
        async with self.news:
            await self.news.wait_for(lambda: self.of(method) > before)


class Rounds:
    def __init__(self, sdk, heard, watched):
        self.sdk, self.heard, self.watched = sdk, heard, watched
        self.done, self.calls, self.longest = 0, 0, 0.0

    async def timed(self, call):
        begun = time.monotonic()
        answer = await call
        self.longest = max(self.longest, time.monotonic() - begun)
        self.calls += 1
        return answer

    async def once(self):
        title = f"{NAME}-{self.done}"
        plan = await self.timed(self.sdk.call("orchestrator_plan_task", title=title, description="d"))
        assert plan["task_created"], plan
        text = await self.timed(self.sdk.resource(f"task://{plan['task_id']}"))
        assert title in text, text
        before = self.heard.of(UPDATED)
        await self.timed(self.sdk.call("orchestrator_update_task", task_id=self.watched, description=title))
        await self.heard.more(UPDATED, before)
        status = await self.timed(self.sdk.call("orchestrator_get_status"))
        assert status["total_tasks"] > self.done, status
        if self.done % 3 == 0:
            await self.progress()
        self.done += 1

    async def progress(self):
        steps = []

        async def step(done, total, message):
            steps.append((done, total))

        arguments = {"action": "scan_cleanup", "scope": "full_project"}
        await self.timed(self.sdk.call("orchestrator_maintenance_coordinator", step, **arguments))
        assert steps == sorted(set(steps)) and steps, ("progress must come, and grow", steps)


async def main():
    heard = Heard()
    stopped = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    async with connected(URL, ERA, heard) as sdk:
        plan = await sdk.call("orchestrator_plan_task", title=f"{NAME} watched", description="d")
        async with sdk.watching(f"task://{plan['task_id']}"):
            rounds = Rounds(sdk, heard, plan["task_id"])
            while not stopped.done():
                await asyncio.wait_for(rounds.once(), PATIENCE)
                print("round", rounds.done, flush=True)
    told = {"sdk": f"mcp {VERSION}", "speaks": sdk.era, "rounds": rounds.done, "calls": rounds.calls}
    print(json.dumps({**told, "longest": rounds.longest, "tools_changed": heard.of(TOOLS)}))


asyncio.run(main())
