"""Looks at everything that `doctor` judges. What the person may not see is None, which is a finding too.

It changes nothing: what can only be told by trying is tried as a dry run.
"""

import json
from collections.abc import Callable
from typing import Final, TypeVar

from troubleshooter_agent.contract import ANNOTATION_REQUESTED_BY, GROUP, SYSTEM_NAMESPACE, VERSION
from troubleshooter_cli.api import Api
from troubleshooter_cli.errors import ForbiddenError, NotFoundError, TroubleshootError, UsageError
from troubleshooter_cli.findings import Findings, Right
from troubleshooter_cli.kinds import (
    API_VERSION,
    CLASS,
    NAMESPACE,
    STORAGE_CLASS,
    TROUBLESHOOTER,
    Json,
    Kind,
)
from troubleshooter_cli.kubectl import Kubectl

USUAL_CLASS: Final = "default"  # of deploy/base
OPERATOR: Final = "troubleshooter-operator"
DEPLOYMENT: Final = Kind("Deployment", "/apis/apps/v1", "deployments")
NODE: Final = Kind("Node", "/api/v1", "nodes", namespaced=False)
_ADMISSION: Final = "/apis/admissionregistration.k8s.io"
POLICY: Final = Kind(
    "ValidatingAdmissionPolicy", f"{_ADMISSION}/v1", "validatingadmissionpolicies", namespaced=False
)
BINDING: Final = Kind(
    "ValidatingAdmissionPolicyBinding",
    f"{_ADMISSION}/v1",
    "validatingadmissionpolicybindings",
    namespaced=False,
)
MUTATING: Final = [
    Kind("MutatingAdmissionPolicy", f"{_ADMISSION}/{version}", "mutatingadmissionpolicies", namespaced=False)
    for version in ("v1", "v1beta1")
]
_REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_NOBODY: Final = "nobody"
# Either refused or put right, where a policy is in force; it is only tried.
_PROBE: Final[Json] = {
    "apiVersion": API_VERSION,
    "kind": TROUBLESHOOTER.name,
    "metadata": {"generateName": "doctor-", "annotations": {ANNOTATION_REQUESTED_BY: _NOBODY}},
    "spec": {"state": "Stopped"},
}

T = TypeVar("T")


def examine(api: Api, kubectl: Kubectl, namespace: str, rights: tuple[Right, ...]) -> Findings:
    """Everything, in some dozens of short requests; UnreachableError where there is no answer at all."""
    kinds = _kinds(api)
    classes = _listed(api, CLASS) if CLASS.plural in kinds else ()
    home, has_home = _home(api, namespace)
    return Findings(
        user=api.whoami(),
        namespace=namespace,
        kubectl=_version_of(kubectl),
        server=str(api.request("GET", "/version")["gitVersion"]),
        kinds=kinds,
        operators=_operators(api),
        policies=_listed(api, POLICY),
        bindings=_listed(api, BINDING),
        rewriting=_rewriting(api),
        requesters_checked=_are_requesters_checked(api, namespace) if has_home else None,
        rights={right: _may(api, namespace, right) for right in rights},
        storage_classes=_listed(api, STORAGE_CLASS),
        classes=classes,
        usable=frozenset(name for name in _class_names(classes) if _may_use(api, namespace, name)),
        home=home,
        has_home=has_home,
        nodes=_listed(api, NODE),
        toolboxes=_listed(api, TROUBLESHOOTER, namespace) if TROUBLESHOOTER.plural in kinds else (),
    )


def _kinds(api: Api) -> frozenset[str]:
    """Those of our group that the API server has, by their plural."""
    try:
        found = api.request("GET", f"/apis/{GROUP}/{VERSION}")
    except NotFoundError:
        return frozenset()
    return frozenset(str(each["name"]) for each in found["resources"])


def _listed(api: Api, kind: Kind, namespace: str | None = None, labels: str = "") -> tuple[Json, ...] | None:
    return _seen(lambda: tuple(api.items(kind, namespace, labels=labels)))


def _operators(api: Api) -> tuple[Json, ...] | None:
    """Wherever it was installed, or, for who may not look everywhere, where it usually is."""
    everywhere = _listed(api, DEPLOYMENT, labels=f"app.kubernetes.io/name={OPERATOR}")
    if everywhere is not None:
        return everywhere
    usual = _seen(lambda: [api.find(DEPLOYMENT, SYSTEM_NAMESPACE, OPERATOR)])
    return None if usual is None else tuple(each for each in usual if each)


def _rewriting(api: Api) -> tuple[Json, ...] | None:
    for kind in MUTATING:
        try:
            return _listed(api, kind)
        except NotFoundError:
            continue
    return ()


def _are_requesters_checked(api: Api, namespace: str) -> bool | None:
    """Whether a Troubleshooter in another's name is refused, or gets the true one."""
    try:
        made = api.create(TROUBLESHOOTER, namespace, _PROBE, dry_run=True)
    except (ForbiddenError, UsageError) as error:
        return True if "must be your own name" in error.sentence else None
    except TroubleshootError:
        return None
    return bool((made["metadata"].get("annotations") or {}).get(ANNOTATION_REQUESTED_BY) != _NOBODY)


def _may_use(api: Api, namespace: str, name: str) -> bool:
    return _may(api, namespace, Right("use", CLASS.plural, name=name))


def _may(api: Api, namespace: str, right: Right) -> bool:
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": right.resource,
        "subresource": right.subresource,
        "name": right.name,
        "namespace": namespace,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    return bool(api.request("POST", _REVIEWS, body=review)["status"]["allowed"])


def _home(api: Api, namespace: str) -> tuple[Json | None, bool]:
    """The namespace, and whether there is one; who may not look is believed to have it."""
    try:
        found = api.find(NAMESPACE, None, namespace)
    except ForbiddenError:
        return None, True
    return found, found is not None


def _version_of(kubectl: Kubectl) -> str | None:
    try:
        told = json.loads(kubectl.capture(kubectl.words("version", "--client", "--output=json")))
    except (TroubleshootError, ValueError):
        return None
    return str(told.get("clientVersion", {}).get("gitVersion", ""))


def _seen(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except ForbiddenError:
        return None


def _class_names(classes: tuple[Json, ...] | None) -> list[str]:
    return [USUAL_CLASS] if classes is None else [str(each["metadata"]["name"]) for each in classes]
