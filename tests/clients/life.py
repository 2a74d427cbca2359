"""Drives the whole life of a plan over stdio with the official Python SDK,
with the worker killed (SIGKILL) in between. Prints one line; fails loudly.

    python life.py PROGRAM WORKSPACE [legacy|auto]
"""

import asyncio
import json
import os
import signal
import subprocess
import sys

from sdk import VERSION, connected, program

PROGRAM, WORKSPACE = sys.argv[1:3]
ERA = sys.argv[3] if len(sys.argv) > 3 else "legacy"

NAMES = """initialize_session plan_task update_task query_tasks execute_task execute_subtask
complete_task complete_subtask cancel_task delete_task synthesize_results get_status
maintenance_coordinator list_sessions resume_session session_status cleanup_sessions""".split()


class Run:
    """Counts what is done, and kills."""

    def __init__(self, sdk):
        self.sdk, self.kills, self.checks = sdk, 0, 0

    def check(self, holds, *shown):
        assert holds, shown
        self.checks += 1

    def kill_worker(self):
        said = subprocess.run(
            [PROGRAM, "status", "--json", "--workspace", WORKSPACE], capture_output=True, text=True, check=True
        )
        os.kill(json.loads(said.stdout)["worker"]["pid"], signal.SIGKILL)
        self.kills += 1


async def planned(run):
    """Lists, opens a session, plans; gives the plan's id and its subtasks' by title."""
    sdk = run.sdk
    tools = {tool.name: tool for tool in await sdk.tools()}
    missing = [name for name in NAMES if f"orchestrator_{name}" not in tools]
    run.check(not missing, "tools not listed", missing)
    opened = await sdk.call("orchestrator_initialize_session", name="proof", working_directory=WORKSPACE)
    run.check(opened["session_initialized"] and opened["session_id"], opened)
    run.check("implementer" in opened["orchestrator_context"]["specialist_roles"], opened)
    run.kill_worker()
    plan = await sdk.call(
        "orchestrator_plan_task",
        title="A searchable marmalade",
        description="Three steps, each after the one before",
        complexity_level="complex",
        subtasks=[
            {"title": "design", "description": "think", "specialist_type": "architect", "task_id": "design-1"},
            {"title": "build", "description": "do", "specialist_type": "implementer", "dependencies": ["design"]},
            {"title": "test", "description": "look", "specialist_type": "tester", "dependencies": ["build"]},
        ],
    )
    run.check(plan["task_created"] and len(plan["subtasks"]) == 3, plan)
    ids = {subtask["title"]: subtask["task_id"] for subtask in plan["subtasks"]}
    run.check(ids["design"] == "design-1", ids)
    return plan["task_id"], ids, opened["session_id"]


async def worked(run, parent, ids):
    """Refused while a dependency is open; then each is executed and completed."""
    sdk = run.sdk
    refusal = await sdk.refused("orchestrator_execute_task", task_id=ids["build"])
    run.check(refusal["error_code"] == "DEPENDENCY_UNFINISHED" and ids["design"] in json.dumps(refusal), refusal)
    for number, title in enumerate(["design", "build", "test"]):
        tool = "orchestrator_execute_subtask" if number % 2 else "orchestrator_execute_task"
        work = await sdk.call(tool, task_id=ids[title])
        run.check(work["task"]["status"] == "active" and work["specialist_context"], work)
        run.check(len(work["dependency_results"]) == min(number, 1), work["dependency_results"])
        run.kill_worker()
        done = await sdk.call(
            "orchestrator_complete_task",
            task_id=ids[title],
            summary=f"{title} is done",
            detailed_work=f"all that {title} took: größer 漢字",
            artifact_type="documentation",
            next_action="complete",
        )
        run.check(done["status"] == "completed" and done["artifact_created"], done)
        progress = done["parent_task_progress"]
        run.check(progress["completed_subtasks"] == number + 1 and progress["total_subtasks"] == 3, progress)
        artifact = await sdk.resource(done["artifact_info"]["accessible_via"])
        run.check(f"all that {title} took: größer 漢字" in artifact, artifact)
    synthesis = await sdk.call("orchestrator_synthesize_results", parent_task_id=parent)
    run.check("design is done" in json.dumps(synthesis), synthesis)


async def looked_up(run, parent, session):
    """Queries, status, resources, prompts, progress, cancel."""
    sdk = run.sdk
    found = await sdk.call("orchestrator_query_tasks", search_text="marmalade", include_children=True)
    run.check(parent in [task["task_id"] for task in found["tasks"]], found)
    page = await sdk.call("orchestrator_query_tasks", limit=2)
    run.check(len(page["tasks"]) == 2 and page["next_cursor"] and page["total_count"] == 4, page)
    rest = await sdk.call("orchestrator_query_tasks", limit=2, cursor=page["next_cursor"])
    ids = {task["task_id"] for task in page["tasks"] + rest["tasks"]}
    run.check(len(ids) == 4, ids)
    status = await sdk.call("orchestrator_get_status", include_completed=True)
    run.check(status["server"]["generation"] >= run.kills, status["server"])
    resumed = await sdk.call("orchestrator_resume_session", session_id=session)
    run.check(session in json.dumps(resumed), resumed)
    run.check(any(uri.startswith("task://") for uri in await sdk.templates()))
    run.check(parent in await sdk.resource(f"task://{parent}"))
    prompts = await sdk.prompts()
    run.check(len(prompts) >= 11, prompts)
    run.check(await sdk.prompt(prompts[0]))

    steps = []

    async def progress(done, total, message):
        steps.append(done)

    await sdk.call("orchestrator_maintenance_coordinator", progress, action="scan_cleanup", scope="full_project")
    run.check(steps == sorted(set(steps)), "progress must grow", steps)

    other = await sdk.call("orchestrator_plan_task", title="not wanted", description="d")
    run.kill_worker()
    cancelled = await sdk.call("orchestrator_cancel_task", task_id=other["task_id"], reason="changed")
    run.check(cancelled["previous_status"] == "pending", cancelled)
    refusal = await sdk.refused("orchestrator_execute_task", task_id=other["task_id"])
    run.check(refusal["error_code"] == "INVALID_TRANSITION", refusal)
    refusal = await sdk.refused("orchestrator_execute_task", task_id="nobody")
    run.check(refusal["error_code"] == "NOT_FOUND", refusal)


async def main():
    async with connected(program(PROGRAM, "stdio", "--workspace", WORKSPACE), ERA) as sdk:
        run = Run(sdk)
        parent, ids, session = await planned(run)
        await worked(run, parent, ids)
        await looked_up(run, parent, session)
    print(f"mcp {VERSION} ({ERA}, speaks {sdk.era}): a whole plan, {run.checks} checks, {run.kills} kills: ok")


asyncio.run(asyncio.wait_for(main(), 120))
