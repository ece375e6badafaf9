"""Plays, for the pods of one namespace, all that a control plane alone lacks: scheduler, kubelet and agent,
binder of volumes, garbage collector. It looks again ten times a second and does the next step of each.
"""

import http.client
import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import node_parts
from api_client import ApiClient, Json, RefusedError
from fake_agents import PORT as AGENT_PORT
from fake_agents import STATUS
from resource_objects import FAREWELL

TURN_SECONDS = 0.1


def own_address() -> str:
    """Of the loopback, and nobody else's, whoever runs beside."""
    return f"127.{os.getpid() // 200 % 200 + 2}.{os.getpid() % 200 + 1}.1"


@dataclass
class PretendNode:
    """`start` and `stop` it. `address`, of 127/8, is where its pods' agents answer on the agents' port."""

    api: ApiClient
    namespace: str
    address: str
    pods_seen: set[str] = field(default_factory=set)  # uids
    troubles: list[str] = field(default_factory=list)  # what was refused; conflicts come and go
    _told: str = ""  # the annotation end, as the agent shows it
    _ends: str = ""  # the termination message with which the container ends by itself

    def start(self) -> None:
        handler = type("Agent", (_Agent,), {"node": self})
        self._server = ThreadingHTTPServer((self.address, AGENT_PORT), handler)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name="pretend-agent"),
            threading.Thread(target=self._run, name="pretend-node"),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    def end(self, message: str) -> None:
        """The agent ends by itself, with these last words."""
        self._ends = message

    def report(self) -> Json:
        """GET /status: one session, which goes on."""
        return STATUS | {"end": self._told}

    def _run(self) -> None:
        while not self._stopping.wait(TURN_SECONDS):
            try:
                self._turn()
            except (RefusedError, OSError, http.client.HTTPException) as error:
                self.troubles.append(str(error))
        self.api.close()

    def _turn(self) -> None:
        for claim in self.api.items(self._path("persistentvolumeclaims")):
            if claim["status"].get("phase") != "Bound":
                node_parts.bind(self.api, claim)
        owners = {each["metadata"]["uid"] for each in self.api.items(self._resources())}
        for pod in self.api.items(self._path("pods")):
            self.pods_seen.add(pod["metadata"]["uid"])
            self._attend(pod, owners)

    def _attend(self, pod: Json, owners: set[str]) -> None:
        phase = pod["status"].get("phase")
        self._told = (pod["metadata"].get("annotations") or {}).get("troubleshooter.sh/end", "")
        if not pod["spec"].get("nodeName"):
            node_parts.schedule(self.api, pod)
        elif "deletionTimestamp" in pod["metadata"]:
            self._end_deleted(pod)
        elif not {owner["uid"] for owner in pod["metadata"]["ownerReferences"]} & owners:
            self.api.delete(node_parts.place_of(pod, "pods"), pod["metadata"]["uid"])
        elif phase == "Pending":
            node_parts.run(self.api, pod, self.address)
        elif phase == "Running" and self._ends:
            node_parts.end(self.api, pod, self._ends)

    def _end_deleted(self, pod: Json) -> None:
        """The last words, and then the object goes."""
        if pod["status"]["phase"] == "Running":
            words = FAREWELL.replace("IdleTimeout", self._told or "PodDeleted")
            node_parts.end(self.api, pod, words.replace("idle for 15m", "ended from outside"))
        node_parts.remove(self.api, pod)

    def _path(self, plural: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/{plural}"

    def _resources(self) -> str:
        return f"/apis/troubleshooter.sh/v1alpha1/namespaces/{self.namespace}/troubleshooters"


class _Agent(BaseHTTPRequestHandler):
    node: PretendNode

    def do_GET(self) -> None:
        body = json.dumps(self.node.report()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # who asked has been killed
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Questions come every few seconds; they are no events."""
