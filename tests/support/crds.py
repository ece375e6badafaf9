"""Our CRDs, put into a cluster for the tests that need nothing else of the product, or lay it on top."""

from harness import CHECKOUT
from kubectl import Kubectl, wait_until

KINDS = ("troubleshooters", "troubleshooterclasses", "replays")
CRDS = tuple(f"crd/{kind}.troubleshooter.sh" for kind in KINDS)
ESTABLISHED_SECONDS = 60


def install(admin: Kubectl) -> None:
    """Return once the API server serves them."""
    admin.run("apply", "-k", str(CHECKOUT / "crd"))
    wait_until_established(admin)


def wait_until_established(admin: Kubectl) -> None:
    """kubectl's own wait gives up on a CRD that has no conditions at all yet, so it is asked again."""

    def are_established() -> bool:
        return admin.attempt("wait", "--for=condition=Established", *CRDS).returncode == 0

    wait_until(are_established, timeout=ESTABLISHED_SECONDS, what="CRDs that are established")
