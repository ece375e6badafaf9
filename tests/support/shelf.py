"""The volume of the recordings, read through the API server alone, by a pod on the claim."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import images
from casts import Cast
from kubectl import Kubectl

READER = """
apiVersion: v1
kind: Pod
metadata:
  name: {pod}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    seccompProfile: {{type: RuntimeDefault}}
  containers:
    - name: reader
      image: {image}
      imagePullPolicy: IfNotPresent
      command: [sleep, infinity]
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: {{drop: [ALL]}}
      volumeMounts:
        - {{name: recordings, mountPath: /recordings, readOnly: true}}
  volumes:
    - name: recordings
      persistentVolumeClaim: {{claimName: {claim}, readOnly: true}}
"""
START_SECONDS = 60
A_FILE_CHANGED = 1  # tar's status when somebody writes while it reads


@dataclass
class Shelf:
    """A running pod on a claim; `folder` is where this process keeps its copy of the volume."""

    kubectl: Kubectl
    pod: str
    folder: Path
    _known: set[Path] = field(default_factory=set)

    def casts(self) -> list[Cast]:
        """All recordings as they are now, the oldest first."""
        copy = subprocess.run(
            self.kubectl.command("exec", self.pod, "--", "tar", "-C", "/recordings", "-cf", "-", "."),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert copy.returncode in {0, A_FILE_CHANGED}, copy.stderr
        # The program, since tarfile's safe way of unpacking is missing from the Python of Debian 12.
        unpack = ["tar", "-C", str(self.folder), "--no-same-owner", "-xf", "-"]
        subprocess.run(unpack, input=copy.stdout, check=True)
        return [Cast.read(path) for path in sorted(self.folder.rglob("*.cast"))]

    def new_casts(self) -> list[Cast]:
        """The recordings that began since the last call."""
        new = [cast for cast in self.casts() if cast.path not in self._known]
        self._known |= {cast.path for cast in new}
        return new

    def new_cast(self) -> Cast:
        """The only recording that began since the last call."""
        (cast,) = self.new_casts()
        return cast

    def files(self) -> set[str]:
        """The paths of all files, relative to the volume."""
        self.casts()
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}


def open_shelf(kubectl: Kubectl, claim: str, folder: Path) -> Shelf:
    """A pod on the claim, once it runs; it goes with its namespace."""
    pod = f"reader-of-{claim}"
    kubectl.apply(READER.format(pod=pod, claim=claim, image=images.names().of("toolbox")))
    kubectl.wait_condition("pod", pod, "Ready", timeout=START_SECONDS)
    return Shelf(kubectl, pod, folder)
