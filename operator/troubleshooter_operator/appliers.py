"""Whether something applies an object from elsewhere, and would make it anew if it were gone; pure.

GitOps controllers, Helm and restored backups leave marks; `plan` reads this, so that nothing is started or
taken away behind their backs.
"""

from typing import Final

from troubleshooter_operator.kinds import Json, annotations, labels, metadata

# What Argo CD, Flux, Helm, kapp, Fleet and Velero write onto what they made.
MARKS: Final = frozenset(
    {
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/instance",
        "kustomize.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/name",
        "meta.helm.sh/release-name",
        "kapp.k14s.io/app",
        "objectset.rio.cattle.io/hash",
        "velero.io/restore-name",
    }
)
MANAGERS: Final = frozenset({"argocd-controller", "argocd-application-controller", "helm", "kapp"})
PEOPLE: Final = frozenset({"kubectl", "kubectl-client-side-apply"})


def is_applied(found: Json) -> bool:
    """By a mark, or by a field manager that applies and is not a person at kubectl."""
    if MARKS & (labels(found).keys() | annotations(found).keys()):
        return True
    return any(_applies(entry) for entry in metadata(found).get("managedFields") or ())


def _applies(entry: Json) -> bool:
    manager = entry.get("manager") or ""
    return manager in MANAGERS or (entry.get("operation") == "Apply" and manager not in PEOPLE)
