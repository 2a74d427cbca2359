"""One face for both lines of the official Python SDK (mcp 1.x and 2.x).

Only names differ here; what is sent and checked is the SDK's own work.
"""

import asyncio
import contextlib
import importlib.metadata

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

VERSION = importlib.metadata.version("mcp")
LINE = int(VERSION.split(".")[0])


def _pick(thing, *names):
    for name in names:
        if hasattr(thing, name):
            return getattr(thing, name)
    raise AttributeError(f"{type(thing).__name__} has none of {names}")


class Sdk:
    """The calls that the life of a plan needs."""

    def __init__(self, session, era):
        self.session, self.era = session, era

    async def tools(self):
        return (await self.session.list_tools()).tools

    async def tool(self, name, arguments, progress=None):
        """(failed, body): body is the structured result, or the error object."""
        import json

        result = await self.session.call_tool(name, arguments, progress_callback=progress)
        body = _pick(result, "structuredContent", "structured_content")
        text = json.loads(result.content[0].text)
        assert body is None or body == text, (body, text)
        return bool(_pick(result, "isError", "is_error")), text

    async def call(self, name, progress=None, /, **arguments):
        failed, body = await self.tool(name, arguments, progress)
        assert not failed, (name, body)
        return body

    async def refused(self, name, /, **arguments):
        failed, body = await self.tool(name, arguments)
        assert failed, (name, body)
        assert {"error_code", "error", "hint", "retryable", "details"} <= body.keys(), body
        return body

    async def resource(self, uri):
        if LINE == 1:
            from pydantic import AnyUrl

            uri = AnyUrl(uri)
        contents = (await self.session.read_resource(uri)).contents
        return contents[0].text

    async def templates(self):
        listed = await self.session.list_resource_templates()
        return [_pick(template, "uriTemplate", "uri_template") for template in
                _pick(listed, "resourceTemplates", "resource_templates")]

    async def prompts(self):
        return [prompt.name for prompt in (await self.session.list_prompts()).prompts]

    async def prompt(self, name):
        return (await self.session.get_prompt(name)).messages


    @contextlib.asynccontextmanager
    async def watching(self, uri):
        """Meanwhile the server tells of changes: of this resource, and of its lists.

        What it says comes to whoever was given as `heard`.
        """
        if self.era < "2026-07-28":
            if LINE == 1:
                from pydantic import AnyUrl

                uri = AnyUrl(uri)
            await self.session.subscribe_resource(uri)
            yield
            return
        changes = {"tools_list_changed": True, "resource_subscriptions": [uri]}
        async with self.session.listen(**changes) as stream, asyncio.TaskGroup() as group:
            reading = group.create_task(_until_its_end(stream))
            yield
            reading.cancel()


async def _until_its_end(stream):
    async for _ in stream:
        pass
    raise RuntimeError("the server has ended the stream of changes")


@contextlib.asynccontextmanager
async def connected(server, era, heard=None):
    """A session with a program's parameters (stdio) or a URL (Streamable HTTP).

    Era: "legacy", or with the 2.x line also "auto". `heard` is given what the server
    says without being asked.
    """
    if LINE == 1:
        from mcp.client.streamable_http import streamable_http_client

        over = streamable_http_client if isinstance(server, str) else stdio_client
        async with over(server) as streams, ClientSession(*streams[:2], message_handler=heard) as session:
            agreed = await session.initialize()
            yield Sdk(session, agreed.protocolVersion)
    else:
        from mcp import Client

        async with Client(server, mode=era, message_handler=heard) as client:
            yield Sdk(client, client.protocol_version)


def program(command, *arguments):
    """A server that the SDK starts itself."""
    return StdioServerParameters(command=command, args=list(arguments))
