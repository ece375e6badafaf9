"""Everybody else around one Troubleshooter in the modelled API server: scheduler, kubelet, agent, people.

Each method is one thing that happens, and does nothing where it cannot happen. The agent is true to the
contract: it ends at its own deadline, and says in its last message why.
"""

import json

from modelled_api import ModelledApi
from resource_objects import offer, troubleshooter

from troubleshooter_agent.contract import (
    ANNOTATION_END,
    ANNOTATION_RETAINED,
    ANNOTATION_TIME_TO_LIVE,
    format_time,
    parse_duration,
    parse_time,
)
from troubleshooter_operator import kinds
from troubleshooter_operator.kinds import Json, annotations, is_deleting, uid_of
from troubleshooter_operator.reports import Report

KEY = ("default", "web")
CLAIM = ("default", "web-recordings")
IMAGES = ("registry.example/toolbox:1", "registry.example/team/other:2")
UNTOLD = "PodDeleted"  # what an agent says that was told nothing


class ModelledCluster:
    """`agent_alive` False: the agent neither ends the toolbox nor answers anybody."""

    def __init__(self, api: ModelledApi) -> None:
        self.api = api
        self.agent_alive = True
        self.wanted = ""  # the time to live that a shell asks for
        self._opened: dict[str, int] = {}  # pod uid: sessions in it
        api.add(kinds.CLASS, offer())

    # People.

    @property
    def asked(self) -> Json | None:
        return self.api.find(kinds.TROUBLESHOOTER, *KEY)

    @property
    def pod(self) -> Json | None:
        return self.api.find(kinds.POD, *KEY)

    def create(self, state: str) -> None:
        if self.asked is None:
            thing = troubleshooter({"state": state})
            del thing["metadata"]["uid"]
            self.api.add(kinds.TROUBLESHOOTER, thing)

    def change_spec(self, field: str, value: object) -> None:
        def edit(thing: Json) -> None:
            if thing["spec"].get(field) != value:
                thing["spec"][field] = value
                thing["metadata"]["generation"] += 1

        if self.asked is not None:
            self.api.change(kinds.TROUBLESHOOTER, KEY, edit)

    def raise_run(self) -> None:
        if self.asked is not None:
            self.change_spec("run", self.asked["spec"]["run"] + 1)

    def delete(self) -> None:
        if self.asked is not None:
            self.api.remove(kinds.TROUBLESHOOTER, KEY)

    def delete_pod(self) -> None:
        if self.pod is not None:
            self.api.begin_deletion(kinds.POD, KEY)

    def force_delete_pod(self) -> None:
        if self.pod is not None:
            self.api.remove(kinds.POD, KEY)

    def delete_claim(self) -> None:
        """One without a volume; what is in use is protected once its pod has a node."""
        claim = self.api.find(kinds.CLAIM, *CLAIM)
        if claim is not None and not claim["spec"].get("volumeName") and not self._accepted():
            self.api.remove(kinds.CLAIM, CLAIM)

    def strip_label(self) -> None:
        """Somebody takes away the label by which the operator watches."""
        if self.pod is not None:
            self.api.change(
                kinds.POD, KEY, lambda it: it["metadata"]["labels"].pop("app.kubernetes.io/managed-by", None)
            )

    # Kubernetes.

    def collect_garbage(self) -> None:
        pod = self.pod
        if pod is not None and (self.asked is None or kinds.owner_uid(pod) != uid_of(self.asked)):
            self.delete_pod()

    def bind(self) -> None:
        claim = self.api.find(kinds.CLAIM, *CLAIM)
        if claim is None or self.pod is None or claim["spec"].get("volumeName"):
            return
        reference = {"name": CLAIM[1], "namespace": CLAIM[0], "uid": uid_of(claim)}
        spec = {"persistentVolumeReclaimPolicy": "Delete", "claimRef": reference}
        self.api.add(kinds.VOLUME, {"metadata": {"name": "pv-1"}, "spec": spec})
        self.api.change(kinds.CLAIM, CLAIM, _bound)

    def accept_pod(self) -> None:
        """The scheduler finds a node, and its kubelet takes the pod."""
        claim = self.api.find(kinds.CLAIM, *CLAIM)
        if self.pod is None or self._accepted() or claim is None or not claim["spec"].get("volumeName"):
            return
        started = format_time(self.api.time)

        def edit(pod: Json) -> None:
            pod["spec"]["nodeName"] = "node1"
            pod["status"] = {"phase": "Pending", "startTime": started}

        if not is_deleting(self.pod):
            self.api.change(kinds.POD, KEY, edit)

    def start_container(self) -> bool:
        if self.pod is None or not self._accepted() or is_deleting(self.pod):
            return False
        if self.container() or self.is_over():
            return False
        self._set_container({"running": {"startedAt": format_time(self.api.time)}}, phase="Running")
        self.agent_alive, self.wanted = True, ""
        return True

    def remove_pod(self) -> None:
        """The kubelet has ended what is being deleted: first it reports, then the pod is gone."""
        if self.pod is None or not is_deleting(self.pod):
            return
        if self.is_running():
            self.end_container(self._told_end() or UNTOLD)
        else:
            self.api.remove(kinds.POD, KEY)

    def evict(self) -> None:
        if self.pod is not None and self._accepted() and not self.is_over():
            status = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}
            if self.is_running():
                self.end_container("PodDeleted")
            self.api.change(kinds.POD, KEY, lambda it: it["status"].update(status))

    def kill_agent(self) -> None:
        if self.is_running():
            self._set_container(self._terminated(137, "Error", ""), phase="Failed")

    def change_image(self) -> None:
        """Somebody with rights on pods: the kubelet starts the container again with another image."""
        if self.is_running() and self.pod is not None:
            state = {"running": {"startedAt": format_time(self.api.time)}}
            self._set_container(state, phase="Running", restarts=1)

    def reach_cap(self) -> None:
        """The kubelet ends what is older than activeDeadlineSeconds."""
        pod = self.pod
        if pod is None or not self._accepted() or self.is_over():
            return
        if self.api.time >= parse_time(pod["status"]["startTime"]) + pod["spec"]["activeDeadlineSeconds"]:
            if self.is_running():
                self.end_container("PodDeleted")
            self.api.change(
                kinds.POD, KEY, lambda it: it["status"].update(phase="Failed", reason="DeadlineExceeded")
            )

    # The agent.

    def open_session(self) -> bool:
        """Only where the volume is kept."""
        pod = self.pod
        if not self.is_running() or pod is None or annotations(pod).get(ANNOTATION_RETAINED) != "yes":
            return False
        self._opened[uid_of(pod)] = self._opened.get(uid_of(pod), 0) + 1
        return True

    def ask_for_more(self, life: str) -> None:
        """As `shell extend` does; only a toolbox in which somebody can be."""
        if self.is_running() and self.agent_alive and not self._is_restarted():
            self.wanted = life

    def keep_time(self) -> None:
        pod = self.pod
        if pod is None or not self.is_running() or not self.agent_alive or self._is_restarted():
            return
        life = parse_duration(annotations(pod)[ANNOTATION_TIME_TO_LIVE])
        if self.api.time >= parse_time(self.container()["state"]["running"]["startedAt"]) + life:
            self.end_container("TimeToLiveReached")

    def go_idle(self) -> None:
        if self.agent_alive and not self._is_restarted():
            self.end_container("IdleTimeout")

    def hang(self) -> None:
        self.agent_alive = False

    def end_container(self, reason: str) -> None:
        """With the agent's last message, if there is one to say it."""
        if self.is_running():
            words = self._last_words(reason) if self.agent_alive and not self._is_restarted() else ""
            self._set_container(self._terminated(0 if words else 137, "Completed", words), phase="Succeeded")

    def report(self) -> tuple[str, Report] | None:
        """What a scrape would bring."""
        pod = self.pod
        if pod is None or not self.is_running() or not self.agent_alive or self._is_restarted():
            return None
        opened = self._opened.get(uid_of(pod), 0)
        active = format_time(self.api.time) if opened else None
        return uid_of(pod), Report(self._told_end(), self.wanted, opened, 0, active, "", ())

    def opened(self, uid: str) -> int:
        return self._opened.get(uid, 0)

    def container(self) -> Json:
        found = ((self.pod or {}).get("status") or {}).get("containerStatuses") or [{}]
        return dict(found[0])

    def is_running(self) -> bool:
        return "running" in (self.container().get("state") or {})

    def is_over(self) -> bool:
        return ((self.pod or {}).get("status") or {}).get("phase") in {"Succeeded", "Failed"}

    def _is_restarted(self) -> bool:
        return bool(self.container().get("restartCount"))

    def _accepted(self) -> bool:
        return bool(self.pod and self.pod["spec"].get("nodeName"))

    def _told_end(self) -> str:
        return annotations(self.pod).get(ANNOTATION_END, "") if self.pod else ""

    def _terminated(self, code: int, reason: str, words: str) -> Json:
        begun = self.container()["state"]["running"]["startedAt"]
        ended = {"exitCode": code, "reason": reason, "message": words, "startedAt": begun}
        return {"terminated": ended | {"finishedAt": format_time(self.api.time)}}

    def _last_words(self, reason: str) -> str:
        opened = self._opened.get(uid_of(self.pod), 0) if self.pod else 0
        at = format_time(self.api.time)
        said = {"reason": reason, "message": "as it is", "endedAt": at, "sessionCount": opened}
        return json.dumps(said | {"recordedBytes": 0, "recordingFailures": 0, "chain": "", "sessions": []})

    def _set_container(self, state: Json, *, phase: str, restarts: int | None = None) -> None:
        count = restarts if restarts is not None else self.container().get("restartCount", 0)
        image = "sha256:bb" if count else "sha256:aa"
        status = {"name": "toolbox", "restartCount": count, "imageID": image, "state": state}
        ready = "True" if "running" in state else "False"
        conditions = [{"type": "Ready", "status": ready}]
        told = {"phase": phase, "containerStatuses": [status], "conditions": conditions}
        self.api.change(kinds.POD, KEY, lambda it: it["status"].update(told))


def _bound(claim: Json) -> None:
    claim["spec"]["volumeName"] = "pv-1"
    claim["status"] = {"phase": "Bound"}
