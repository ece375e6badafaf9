"""What to do about each reason for which a toolbox has no shell; pure. docs/reasons.md tells more of each."""

from typing import Final

from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox

# These do not mend themselves while somebody waits. NAME stands for the toolbox's.
HOPELESS: Final = {
    "ClassNotFound": f"{PROGRAM} doctor shows the classes that are there; name one with --class",
    "NotAllowed": "ask for less or leave it out, or name a class that allows it with --class",
    "ClaimNotOurs": f"take another claim: {PROGRAM} start OTHER --claim OTHER-recordings",
    "ImageWithoutAgent": "leave out --image, or name an image that is made from the toolbox image",
    "Stopped": f"{PROGRAM} again NAME starts the next run",
    "Ended": f"{PROGRAM} again NAME starts the next run",
}
# These can mend themselves, or be mended meanwhile.
HANGING: Final = {
    "Unschedulable": "no node takes it: leave out --node, or ask whoever runs the cluster for room",
    "ImagePullFailed": "the node cannot get the image: look at its name and at the registry",
    "Forbidden": f"{PROGRAM} doctor shows what the cluster forbids, and the line that mends it",
    "PodNameTaken": f"delete that pod, or take another name for ours: {PROGRAM} start OTHER",
    "VolumePending": f"{PROGRAM} doctor shows the StorageClasses; kubectl describe pvc CLAIM tells more",
}
NOBODY: Final = f"{PROGRAM} doctor shows whether the operator is there"


def remedy(box: Toolbox, reason: str) -> str:
    """The line for a reason, empty where waiting is all there is to do."""
    line = HOPELESS.get(reason) or HANGING.get(reason) or ""
    return line.replace("NAME", box.name).replace("CLAIM", box.claim)
