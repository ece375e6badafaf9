"""The Troubleshooter that is asked for, from the options of `start`, and a name for it; pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from troubleshooter_cli.errors import UsageError
from troubleshooter_cli.kinds import API_VERSION, TROUBLESHOOTER, Json

_HOSTNAME: Final = "kubernetes.io/hostname"
_NAME_CHARACTERS: Final = 40  # of a person's name: the pod's is at most 63, the claim's is longer by a word
_TOLERATION: Final = re.compile(r"(?P<key>[^=:]+)(?:=(?P<value>[^:]*))?(?::(?P<effect>\w+))?")


def manifest(name: str, spec: Json) -> Json:
    return {
        "apiVersion": API_VERSION,
        "kind": TROUBLESHOOTER.name,
        "metadata": {"name": name},
        "spec": spec,
    }


def name_for(user: str, taken: Collection[str]) -> str:
    """A free name after the person: alice@example.org is alice-1, then alice-2."""
    person = re.sub(r"[^a-z0-9]+", "-", user.rpartition(":")[2].partition("@")[0].lower()).strip("-")
    stem = person[:_NAME_CHARACTERS].strip("-") or "toolbox"
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}-{number}") not in taken)


def spec_of(given: Mapping[str, Any]) -> Json:
    """The spec that the options ask for; what is not given is left to the class.

    The keys are those of `spec_options`. UsageError for a label or a toleration that cannot be read.
    """
    plain = {
        "name": given.get("pod_name"),
        "troubleshooterClassName": given.get("class_name"),
        "image": given.get("image"),
        "timeToLive": given.get("ttl"),
        "idleTimeout": given.get("idle"),
        "state": "Stopped" if given.get("stopped") else None,
        "saveToDisk": _save_to_disk(given),
        "logToStdout": given.get("log") or None,
        "runAsNonRoot": False if given.get("root") else None,
        "runAsUser": given.get("run_as_user"),
        "temporaryNamespace": given.get("temporary_namespace") or None,
        "ssh": _present({"secretName": given.get("ssh_secret")}),
        "serviceAccountName": given.get("service_account"),
        "nodeSelector": _node_selector(given),
        "tolerations": [toleration(text) for text in given.get("tolerations") or ()],
        "podLabels": labels("--label", given.get("labels") or ()),
        "access": _access(given),
        "purpose": given.get("purpose"),
    }
    return _present(plain)


def labels(option: str, texts: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE each; UsageError for another form."""
    found: dict[str, str] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not key or not sign:
            raise UsageError(
                f"{text!r} is no label", f"write it as KEY=VALUE: {option} example.com/team=checkout"
            )
        found[key] = value
    return found


def toleration(text: str) -> Json:
    """KEY[=VALUE][:EFFECT] as kubectl writes taints; UsageError for another form."""
    match = _TOLERATION.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} is no toleration",
            "write it as KEY[=VALUE][:EFFECT]: --toleration example.com/maintenance:NoSchedule",
        )
    value = match["value"]
    how = {"operator": "Exists"} if value is None else {"operator": "Equal", "value": value}
    return {"key": match["key"], **how} | ({"effect": match["effect"]} if match["effect"] else {})


def _save_to_disk(given: Mapping[str, Any]) -> Json:
    if given.get("no_save"):
        return {"enabled": False}
    return _present(
        {
            "claimName": given.get("claim"),
            "storageClassName": given.get("storage_class"),
            "size": given.get("size"),
        }
    )


def _node_selector(given: Mapping[str, Any]) -> Json:
    chosen = labels("--node-selector", given.get("node_selector") or ())
    return chosen | ({_HOSTNAME: given["node"]} if given.get("node") else {})


def _access(given: Mapping[str, Any]) -> Json:
    return _present(
        {"users": list(given.get("access_users") or ()), "groups": list(given.get("access_groups") or ())}
    )


def _present(fields: Json) -> Json:
    """Without what is not asked for; a user 0 and a root that is let in are asked for."""
    return {key: value for key, value in fields.items() if value not in (None, "", {}, [])}
