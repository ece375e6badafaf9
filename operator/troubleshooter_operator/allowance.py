"""What the class must allow besides values: what a spec asks for out of the ordinary; pure.

One sentence for each, with the remedy: another class, or without it.
"""

from collections.abc import Iterator
from typing import Final

from troubleshooter_agent.contract import GROUP
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.resources import Troubleshooter, TroubleshooterClass

# Labels by which toolboxes, and whatever else runs here, are told apart.
RESERVED: Final = (
    f"{GROUP}/",
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "app.kubernetes.io/managed-by",
)


def check_allowed(asked: Troubleshooter, offer: TroubleshooterClass) -> None:
    """RefusedError with NotAllowed, naming all that the class does not allow."""
    problems = list(_problems(asked, offer))
    if problems:
        raise RefusedError(
            Ready.NOT_ALLOWED,
            f"class {offer.name} does not allow {', nor '.join(problems)}; leave that out, or name a class "
            "that allows it",
        )


def _problems(asked: Troubleshooter, offer: TroubleshooterClass) -> Iterator[str]:
    allowed = offer.allowed
    if not asked.save_to_disk and not asked.log_to_stdout and not allowed.unrecorded:
        yield "saveToDisk.enabled: false without logToStdout, which records nothing (allow.unrecorded)"
    if asked.log_to_stdout and not allowed.log_to_stdout:
        yield "logToStdout (allow.logToStdout)"
    if not (asked.run_as_non_root or allowed.root):
        yield "runAsNonRoot: false (security.allowRoot)"
    if asked.temporary_namespace and not allowed.temporary_namespace:
        yield "temporaryNamespace (allow.temporaryNamespace)"
    if asked.ssh_secret and not allowed.ssh:
        yield "ssh (allow.ssh)"
    if asked.service_account and not allowed.service_account:
        yield "serviceAccountName (allow.serviceAccount)"
    if (asked.node_selector or asked.tolerations) and not allowed.node_selection:
        yield "nodeSelector and tolerations (allow.nodeSelection)"
    if labels := sorted(key for key in asked.pod_labels if not _may_label(key, allowed.pod_labels)):
        yield f"the podLabels {', '.join(labels)} (allow.podLabels)"


def _may_label(key: str, allowed: tuple[str, ...]) -> bool:
    return key in allowed and not key.startswith(RESERVED)
