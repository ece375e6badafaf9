"""What the caches keep of an object is all that is read of it, and little."""

import json
from typing import Any

import pytest
from resource_objects import FAREWELL, finished, offer, pod, running, troubleshooter

from troubleshooter_operator import excerpt
from troubleshooter_operator.appliers import is_applied
from troubleshooter_operator.occupancy import mounted_claims
from troubleshooter_operator.pod import pod_manifest
from troubleshooter_operator.resolve import resolve
from troubleshooter_operator.resources import troubleshooter as read
from troubleshooter_operator.resources import troubleshooter_class
from troubleshooter_operator.store import Store
from troubleshooter_operator.toolbox import toolbox

Json = dict[str, Any]
FIELDS: Json = {"f:spec": {"f:containers": {'k:{"name":"toolbox"}': {".": {}, "f:image": {}}}}}
MANAGERS = [
    {"manager": "flux", "operation": "Apply", "time": "2026-11-22T18:40:03Z", "fieldsV1": FIELDS},
    {"manager": "troubleshooter-operator", "operation": "Update", "fieldsV1": FIELDS},
]
STATES = {
    "runs": running(),
    "restarted": running(restarts=1),
    "not ready": running(ready=False),
    "ended": finished(message=FAREWELL),
    "killed": finished(code=137, reason="OOMKilled"),
    "evicted": {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."},
    "waits": {
        "phase": "Pending",
        "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
        ],
        "containerStatuses": [
            {"name": "toolbox", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}
        ],
    },
    "disrupted": {
        "phase": "Failed",
        "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}],
    },
    "nothing known": {},
}


def real(status: Json) -> Json:
    """A pod as it comes back from the API server, whose manifest is the operator's own."""
    offered = troubleshooter_class(offer())
    asked = read(troubleshooter())
    made = pod_manifest(asked, resolve(asked, offered), offered, 1)
    extra = {"uid": "u", "resourceVersion": "60", "creationTimestamp": "t", "managedFields": MANAGERS}
    return made | {"metadata": made["metadata"] | extra, "status": status}


@pytest.mark.parametrize("state", STATES)
def test_all_that_is_read_of_a_pod_is_in_its_excerpt(state: str) -> None:
    for whole in (real(STATES[state]), pod(STATES[state], deletionTimestamp="2026-11-22T18:59:00Z")):
        part = excerpt.pod(whole)
        assert toolbox(part) == toolbox(whole)
        assert mounted_claims(part) == mounted_claims(whole)
        kept = {name: value for name, value in whole["metadata"].items() if name != "managedFields"}
        assert part["metadata"] == kept


def test_a_pod_is_cut_to_a_third() -> None:
    """Of what the API server tells, volumes, mounts, probes and owners of fields are most."""
    whole = real(running())
    assert mounted_claims(excerpt.pod(whole)) == ["web-recordings"]
    assert len(json.dumps(excerpt.pod(whole))) < len(json.dumps(whole)) / 3


def test_of_a_troubleshooter_only_the_managers_fields_go() -> None:
    """Whether GitOps manages it, which decides whether it ever goes, is still to be seen."""
    whole = troubleshooter(status={"run": 1}, managedFields=MANAGERS)
    part = excerpt.without_fields(whole)
    named = [{key: value for key, value in each.items() if key != "fieldsV1"} for each in MANAGERS]
    assert part == whole | {"metadata": whole["metadata"] | {"managedFields": named}}
    assert is_applied(part)
    assert not is_applied(excerpt.without_fields(troubleshooter(managedFields=MANAGERS[1:])))
    assert excerpt.without_fields(troubleshooter()) == troubleshooter()


def test_of_claims_and_volumes_the_managers_go() -> None:
    """Nobody asks who manages them."""
    claim = {"metadata": {"name": "a", "managedFields": MANAGERS}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    kept = {"metadata": {"name": "a"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    assert excerpt.unmanaged(claim) == kept
    assert claim["metadata"] == {"name": "a", "managedFields": MANAGERS}


def test_equal_words_of_many_objects_are_one_string() -> None:
    """Long ones are not, which hardly recur."""
    text = json.dumps({"metadata": {}, "spec": {"claimName": "recordings", "long": "x" * 65}})
    first, second = (excerpt.unmanaged(json.loads(text)) for _ in range(2))
    assert first["spec"]["claimName"] is second["spec"]["claimName"]
    assert next(iter(first["spec"])) is next(iter(second["spec"]))
    assert first["spec"]["long"] is not second["spec"]["long"]


def test_no_way_into_a_cache_is_around_the_excerpt() -> None:
    """A watch, an answer to a write, and what is told of a deletion."""
    store = Store(excerpt=excerpt.pod)
    made = real(running())
    told = store.put(made)
    assert told is not None
    assert told.new == excerpt.pod(made)
    newer = made | {"metadata": made["metadata"] | {"resourceVersion": "61"}}
    store.remember(newer)
    assert store.all() == [excerpt.pod(newer)]
    last = made | {"metadata": made["metadata"] | {"resourceVersion": "62"}}
    gone = store.remove(last)
    assert gone is not None
    assert gone.old == excerpt.pod(last)


def test_a_page_is_cut_while_it_is_parsed() -> None:
    """Item by item; what only looks like one is left as it is."""
    made = real(running())
    inner = {"metadata": {"labels": {}}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    made["spec"] = made["spec"] | {"volumes": [*made["spec"]["volumes"], {"name": "x", "ephemeral": inner}]}
    page = {"metadata": {"resourceVersion": "70", "continue": "more"}, "items": [made, made]}
    read_back = json.loads(json.dumps(page), object_hook=excerpt.while_parsing(excerpt.pod))
    assert read_back == page | {"items": [excerpt.pod(made)] * 2}
    untouched = json.loads(json.dumps(page), object_hook=excerpt.while_parsing(excerpt.whole))
    assert untouched == page


@pytest.mark.parametrize("part", [excerpt.pod, excerpt.unmanaged, excerpt.without_fields])
def test_an_excerpt_of_an_excerpt_is_the_same(part: excerpt.Excerpt) -> None:
    """Lists are cut twice."""
    once = part(real(running()))
    assert part(once) == once
