"""Whether there is a namespace, storage and an image for a toolbox; pure."""

from collections.abc import Sequence
from typing import Final

from troubleshooter_cli.findings import Check, Findings, State, default_of, names_of
from troubleshooter_cli.kinds import Json

_DEFAULT_STORAGE: Final = "storageclass.kubernetes.io/is-default-class"
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_INSTALL_STORAGE: Final = (
    "install a provisioner of volumes, or name a storage class that is there in the class's spec.storage"
)


def namespace(found: Findings) -> Check:
    if not found.has_home:
        said = f"there is no namespace {found.namespace}"
        return Check("namespace", State.MISSING, said, f"kubectl create namespace {found.namespace}")
    if found.home is None:
        return Check("namespace", State.NOTE, f"you may not see {found.namespace}")
    if found.home["metadata"].get("deletionTimestamp"):
        said = f"{found.namespace} is being deleted"
        return Check("namespace", State.MISSING, said, "choose another with --namespace")
    level = (found.home["metadata"].get("labels") or {}).get(_ENFORCE)
    told = f"enforces Pod Security {level}" if level else "enforces no Pod Security level"
    return Check("namespace", State.OK, f"{found.namespace} {told}; toolboxes meet restricted")


def image(found: Findings) -> Check:
    name = _image_of(found)
    if not name:
        return Check("image", State.NOTE, "not known, for want of a default class that you may see")
    nodes = [each for each in found.nodes or () if name in _images_on(each)]
    if nodes:
        return Check("image", State.OK, f"{name} is on {len(nodes)} of {len(found.nodes or ())} nodes")
    failed = _toolboxes_with(found, name, "ImagePullFailed")
    if failed:
        toolbox = failed[0]["metadata"]["name"]
        said = f"{name} cannot be pulled, says toolbox {toolbox}"
        remedy = f"kubectl describe troubleshooter {toolbox} --namespace={found.namespace}"
        return Check("image", State.MISSING, said, remedy)
    ran = next((each for each in _of_image(found, name) if each["status"].get("startedAt")), None)
    if ran:
        return Check("image", State.OK, f"{name} ran in toolbox {ran['metadata']['name']}")
    if name.startswith("localhost/"):
        said = f"{name} is in no registry, so the nodes must have it already"
        return Check("image", State.NOTE, said, "make push IMG=REGISTRY/PREFIX:TAG; make deploy IMG=…")
    return Check("image", State.NOTE, f"{name}: whether it can be pulled, the first toolbox shows")


def storage(found: Findings) -> Check:
    if found.storage_classes is None:
        return Check("storage", State.NOTE, "you may not see the storage classes")
    wanted = _storage_class_of(found)
    if wanted:
        chosen = next((each for each in found.storage_classes if each["metadata"]["name"] == wanted), None)
        said, remedy = f"there is no storage class {wanted}, which the class names", _INSTALL_STORAGE
    else:
        chosen = default_of(found.storage_classes, _DEFAULT_STORAGE)
        said, remedy = _no_default_storage(found.storage_classes)
    if chosen is None:
        return Check("storage", State.MISSING, said, remedy)
    return Check("storage", State.OK, _storage_told(chosen))


def _no_default_storage(classes: Sequence[Json]) -> tuple[str, str]:
    if not classes:
        return "there is no storage class", _INSTALL_STORAGE
    name = classes[0]["metadata"]["name"]
    line = f"kubectl annotate storageclass {name} {_DEFAULT_STORAGE}=true"
    return f"none of {names_of(classes)} is the default", line


def _storage_told(chosen: Json) -> str:
    policy = chosen.get("reclaimPolicy") or "Delete"
    kept = "kept by its own policy" if policy == "Retain" else f"{policy}, which the operator makes Retain"
    grows = "can be expanded" if chosen.get("allowVolumeExpansion") else "cannot be expanded"
    return f"{chosen['metadata']['name']}: {kept}; volumes {grows}"


def _storage_class_of(found: Findings) -> str:
    chosen = found.default_class or {}
    return str((chosen.get("spec", {}).get("storage") or {}).get("storageClassName") or "")


def _image_of(found: Findings) -> str:
    chosen = found.default_class or {}
    return str((chosen.get("spec", {}).get("images") or {}).get("default") or "")


def _images_on(node: Json) -> set[str]:
    images = (node.get("status") or {}).get("images") or ()
    return {str(name) for image in images for name in image.get("names") or ()}


def _of_image(found: Findings, image: str) -> list[Json]:
    return [
        each
        for each in found.toolboxes or ()
        if ((each.get("status") or {}).get("resolved") or {}).get("image") == image
    ]


def _toolboxes_with(found: Findings, image: str, reason: str) -> list[Json]:
    return [
        each
        for each in _of_image(found, image)
        if any(condition.get("reason") == reason for condition in each["status"].get("conditions") or ())
    ]
