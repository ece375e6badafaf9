"""One process that answers /status for every toolbox at once; run by the path of this file.

Whatever address is asked, on the agents' port, says that one shell is open and that nobody types in it. It
listens on every address, so it is run where there is nothing but a loopback.
"""

import asyncio
import json
import sys

PORT = 9464
SESSION = {
    "id": "6rxjr1m8",
    "user": "alice",
    "startedAt": "2026-11-22T18:41:00Z",
    "endedAt": None,
    "exitCode": None,
    "bytes": 400,
    "sha256": None,
    "file": "default/web/2026-11-22T18-41-00Z-6rxjr1m8.cast",
}
STATUS = {
    "end": "",
    "wantedTimeToLive": "",
    "sessionCount": 1,
    "recordingFailures": 0,
    "lastActivityAt": "2026-11-22T18:42:00Z",
    "chain": "",
    "sessions": [SESSION],
}


def answer() -> bytes:
    """The same for all."""
    body = json.dumps(STATUS).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


async def serve() -> None:
    whole = answer()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(whole)
        writer.close()

    server = await asyncio.start_server(attend, "0.0.0.0", PORT, backlog=1024)  # noqa: S104 - see above
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
