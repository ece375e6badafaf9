"""Start, stop, run again, extend, delete, at every moment of every state, in every order: the promises hold.

hypothesis makes up what happens; the operator is the real one but for HTTP and threads (modelled_operator).
It is killed in the middle of its requests, its watches lag, its clock of wakes is the model's. `make unit`
tries some orders, `make soak` many long ones.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from modelled_api import KilledError, ModelledApi
from modelled_cluster import IMAGES, ModelledCluster
from modelled_operator import WATCHED, ModelledOperator
from resource_objects import NOW

from troubleshooter_agent.contract import (
    ANNOTATION_END,
    ANNOTATION_RETAINED,
    ANNOTATION_RUN,
    LABEL_MANAGED_BY,
    parse_duration,
    parse_time,
)
from troubleshooter_operator import kinds
from troubleshooter_operator.kinds import Json, Kind, annotations, is_deleting, owner_uid, uid_of

STEPS_TO_REST = 80
LATENESS = 5 + 3 + 2  # after the agent, for the agent to be told, and for the steps of the model's clock
MEDDLING = ("delete_pod", "force_delete_pod", "delete_claim", "strip_label", "change_image")
MOST_SECONDS = 7200  # the class's maximum
CAP_SECONDS = 7200 + 600 + 60


def condition(thing: Json, kind: str) -> Json:
    found = (thing.get("status") or {}).get("conditions") or []
    return next((each for each in found if each["type"] == kind), {})


class EveryOrder(RuleBasedStateMachine):
    """Rules are what may happen; `rest` lets all of it be told and done, and looks at what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.api = ModelledApi(NOW, self._on_request)
        self.world = ModelledCluster(self.api)
        self.operator: ModelledOperator | None = None
        self.ends: dict[tuple[str, int], tuple[Any, ...]] = {}  # uid and run: how it ended
        self.decided: dict[tuple[str, int], str] = {}  # what the status said the run was ended for
        self.runs: dict[str, int] = {}  # uid: the highest run that the status told of
        self.known: set[str] = set()  # pods that a status has told of
        self.started: dict[tuple[str, str], set[str]] = {}  # uid and run: pods whose container started

    # What is done to the API server, looked at before it is done.

    def _on_request(self, verb: str, kind: Kind, before: Json | None, body: Json) -> None:
        assert not (verb == "delete" and kind in {kinds.CLAIM, kinds.VOLUME}), "a recording is deleted"
        if verb == "create" and kind == kinds.POD:
            self._check_creation(body)
        if verb == "status" and before is not None:
            assert before.get("status") != body, "a status is written that says nothing new"
            self._check_status(before, body)
        if verb == "patch" and kind == kinds.POD:
            self._check_retention((body.get("metadata") or {}).get("annotations") or {})

    def _check_creation(self, pod: Json) -> None:
        asked, run = self.world.asked, int(annotations(pod)[ANNOTATION_RUN])
        assert asked is not None, "a pod for nobody"
        assert owner_uid(pod) == uid_of(asked), "a pod for somebody who is gone"
        assert asked["spec"]["state"] == "Running", "a pod for a stopped one"
        assert (uid_of(asked), run) not in self.ends, "a pod for a run that has ended"
        assert run == asked["spec"]["run"], "a pod for a run that nobody wants"

    def _check_retention(self, notes: Json) -> None:
        if notes.get(ANNOTATION_RETAINED) == "yes":
            volume = self.api.find(kinds.VOLUME, "", "pv-1")
            assert volume is not None
            policy = volume["spec"]["persistentVolumeReclaimPolicy"]
            assert policy == "Retain", "a shell before the volume is kept"

    def _check_status(self, before: Json, status: Json) -> None:
        uid, run = uid_of(before), status.get("run")
        if run is None:
            assert uid not in self.runs, "a run is forgotten"
            return
        assert run >= self.runs.get(uid, 0), "a run comes back"
        self.runs[uid] = run
        if "podUID" in status:
            self.known.add(status["podUID"])
        if "resolved" in status:
            assert parse_duration(status["resolved"]["timeToLive"]) <= MOST_SECONDS, (
                "more than the class allows"
            )
        ended = condition({"status": status}, "Ended")
        if ended["status"] == "True":
            self._check_end(uid, run, status, ended)
        else:
            assert (uid, run) not in self.ends, "an ended run goes on"
            if "ending" in status:
                assert self.decided.setdefault((uid, run), status["ending"]) == status["ending"]

    def _check_end(self, uid: str, run: int, status: Json, ended: Json) -> None:
        told = (ended["reason"], ended["message"], status.get("endedAt"), status.get("sessionCount"))
        assert self.ends.setdefault((uid, run), told) == told, "an end is told in two ways"
        decided = self.decided.get((uid, run))
        assert decided in {None, ended["reason"]}, "what the operator decided is not the reason"
        if ended["reason"] == "TimeToLiveReached" and "startedAt" in status:
            assert parse_time(status["endedAt"]) >= parse_time(status["startedAt"]) + 60, "ended too early"
        if pod := self.world.pod:
            self._check_reason(pod, status, ended["reason"])

    def _check_reason(self, pod: Json, status: Json, reason: str) -> None:
        """What stands on the pod beats what the cluster did to it."""
        if status.get("podUID") != uid_of(pod):
            return
        written = annotations(pod).get(ANNOTATION_END)
        if written:
            assert reason == written

    # What people do.

    @initialize(state=st.sampled_from(["Running", "Running", "Running", "Stopped"]))
    def begin(self, state: str) -> None:
        self.world.create(state)
        self.operator = ModelledOperator(self.api)

    @rule(state=st.sampled_from(["Running", "Stopped"]))
    def people_create(self, state: str) -> None:
        self.world.create(state)

    @rule(state=st.sampled_from(["Running", "Stopped"]))
    def people_start_and_stop(self, state: str) -> None:
        self.world.change_spec("state", state)

    @rule()
    def people_run_again(self) -> None:
        self.world.raise_run()

    @rule(life=st.sampled_from(["1m", "30m", "2h"]))
    def people_extend(self, life: str) -> None:
        self.world.change_spec("timeToLive", life)

    @rule(image=st.sampled_from(IMAGES))
    def people_change_the_image(self, image: str) -> None:
        self.world.change_spec("image", image)

    @rule()
    def people_delete(self) -> None:
        self.world.delete()

    @rule(what=st.sampled_from(MEDDLING))
    def people_meddle(self, what: str) -> None:
        getattr(self.world, what)()

    # What the cluster does.

    @rule(what=st.sampled_from(["collect_garbage", "bind", "accept_pod", "remove_pod"]))
    def cluster_acts(self, what: str) -> None:
        getattr(self.world, what)()

    @rule()
    def container_starts(self) -> None:
        self._start()

    @rule(what=st.sampled_from(["evict", "kill_agent", "hang", "go_idle"]))
    def toolbox_ends_or_hangs(self, what: str) -> None:
        getattr(self.world, what)()

    @rule()
    def session_opens(self) -> None:
        self.world.open_session()

    @rule(seconds=st.sampled_from([1, 4, 59, 299, 601, 3600]))
    def time_passes(self, seconds: int) -> None:
        """Every second of it that somebody wants to wake in; the agent and the kubelet wake by themselves."""
        until = self.api.time + seconds
        while self.api.time < until:
            self._pass_time(until)

    @rule(life=st.sampled_from(["1h15m", "2h", "3h"]))
    def shell_asks_for_more(self, life: str) -> None:
        """The last of them is more than the class allows."""
        self.world.ask_for_more(life)

    # What the operator does.

    @rule(kind=st.sampled_from(WATCHED), times=st.integers(1, 3))
    def watch_tells(self, kind: Kind, times: int) -> None:
        if self.operator is not None:
            for _ in range(times):
                self.operator.deliver(kind)

    @rule()
    def report_comes(self) -> None:
        found = self.world.report()
        if self.operator is not None and found is not None:
            self.operator.hear_report(*found)

    @precondition(lambda self: self.operator is not None)
    @rule()
    def operator_looks(self) -> None:
        self._look()

    @rule()
    def operator_is_killed(self) -> None:
        self.operator = None

    @rule(writes=st.integers(0, 3), after=st.booleans())
    def operator_is_about_to_be_killed(self, writes: int, after: bool) -> None:  # noqa: FBT001 - drawn
        self.api.kill_in, self.api.kill_after = writes, after

    @rule()
    def operator_is_started(self) -> None:
        self.operator = self.operator or ModelledOperator(self.api)

    # What must hold.

    @rule()
    def rest(self) -> None:
        """Nobody does anything new: all comes to an end, and it is the right one."""
        self.api.kill_in = None
        self.operator = self.operator or ModelledOperator(self.api)
        for _ in range(STEPS_TO_REST):
            if not self._settle_once():
                break
        else:
            pytest.fail("the world does not come to rest")
        self._check_rest()

    def teardown(self) -> None:
        self.rest()

    @invariant()
    def one_pod_runs_for_one_run(self) -> None:
        for (_, run), pods in self.started.items():
            assert len(pods & self.known) <= 1, f"run {run} was started twice"

    @invariant()
    def kubelets_cap_is_kept(self) -> None:
        pod = self.world.pod
        if pod is not None:
            assert pod["spec"]["activeDeadlineSeconds"] == CAP_SECONDS

    def _settle_once(self) -> bool:
        """Everything that can happen by itself, once; False if there was nothing."""
        assert self.operator is not None
        before = self.api.writes, self.world.pod, self.api.find(kinds.CLAIM, "default", "web-recordings")
        self.world.collect_garbage()
        self.world.remove_pod()
        self.world.bind()
        self.world.accept_pod()
        self._start()
        self.operator.deliver_all()
        self.report_comes()
        if self.operator.is_due():
            self._look()
        after = self.api.writes, self.world.pod, self.api.find(kinds.CLAIM, "default", "web-recordings")
        soon = self.operator.due is not None and self.operator.due <= self.api.time + 15
        if before == after and soon and not self._is_refused():
            self._pass_time(self.api.time + 15)
            return True
        return before != after

    def _is_refused(self) -> bool:
        """Looked at again each 10 s for ever: that is a rest, too."""
        asked, pod = self.world.asked, self.world.pod
        reason = condition(asked, "Ready").get("reason") if asked is not None else None
        taken = asked is not None and pod is not None and owner_uid(pod) != uid_of(asked)
        return reason == "NotAllowed" or (reason == "PodNameTaken" and taken)

    def _check_rest(self) -> None:
        asked, pod = self.world.asked, self.world.pod
        if asked is None:
            assert pod is None, "a pod outlives its Troubleshooter"
            return
        ready, ended = condition(asked, "Ready"), condition(asked, "Ended")
        wanted = asked["spec"]["state"] == "Running" and (
            ended.get("status") != "True" or asked["spec"]["run"] > asked["status"]["run"]
        )
        if not wanted:
            assert pod is None or self._is_unwatched(pod), "a pod that nobody wants"
            assert ready["reason"] in {"Ended", "Stopped"}
        elif not self._is_refused():
            assert pod is not None, asked
            assert self.world.is_running()
            assert ready["reason"] == "ShellAvailable", ready
        self._check_quiet()

    def _is_unwatched(self, pod: Json) -> bool:
        """Over already, and its label taken away: nothing tells of it, and it goes with its owner."""
        return self.world.is_over() and LABEL_MANAGED_BY not in kinds.labels(pod)

    def _check_quiet(self) -> None:
        """A look, and one by an operator that has just begun, change nothing."""
        writes = self.api.writes
        self._look()
        self.operator = ModelledOperator(self.api)
        self._look()
        assert self.api.writes == writes, "an operator that restarts has something to do in a quiet world"

    def _look(self) -> None:
        assert self.operator is not None
        try:
            self.operator.look()
        except KilledError:
            self.operator = None

    def _start(self) -> None:
        if self.world.start_container() and (pod := self.world.pod) is not None:
            run = owner_uid(pod), annotations(pod)[ANNOTATION_RUN]
            self.started.setdefault(run, set()).add(uid_of(pod))

    def _pass_time(self, until: float) -> None:
        wakes = [until, *self._deadlines()]
        if self.operator is not None and self.operator.due is not None:
            wakes.append(self.operator.due)
        self.api.time = min(max(wake, self.api.time + 0.25) for wake in wakes)
        self.world.keep_time()
        self.world.reach_cap()
        if self.operator is not None and self.operator.is_due():
            self.operator.deliver_all()
            self._look()
            self._check_lateness()

    def _deadlines(self) -> list[float]:
        pod = self.world.pod
        if pod is None or not (pod.get("status") or {}).get("startTime"):
            return []
        found = [parse_time(pod["status"]["startTime"]) + CAP_SECONDS]
        if self.world.is_running():
            life = parse_duration(annotations(pod)["troubleshooter.sh/time-to-live"])
            found.append(parse_time(self.world.container()["state"]["running"]["startedAt"]) + life)
        return [instant for instant in found if instant > self.api.time]

    def _check_lateness(self) -> None:
        """With an operator that wakes when it wants to, nothing outlives its time by more than it says."""
        asked, pod = self.world.asked, self.world.pod
        if asked is None or pod is None or is_deleting(pod) or not self.world.is_running():
            return
        status = asked.get("status") or {}
        if status.get("podUID") == uid_of(pod) and "observedRunningAt" in status and "ending" not in status:
            life = parse_duration(status["resolved"]["timeToLive"])
            assert self.api.time <= parse_time(status["observedRunningAt"]) + life + LATENESS


def orders(examples: int, steps: int) -> settings:
    """So many lives, each of so many things that happen."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
