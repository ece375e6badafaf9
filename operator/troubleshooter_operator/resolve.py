"""The spec over the class: which class, which values, and whether the class allows them; pure.

Nothing is clamped: what is above a maximum is refused with both values.
"""

from collections.abc import Iterable
from decimal import Decimal

from kubernetes.utils.quantity import parse_quantity

from troubleshooter_agent.contract import ANNOTATION_DEFAULT_CLASS, parse_duration
from troubleshooter_operator.allowance import check_allowed
from troubleshooter_operator.asked import Asked
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.kinds import Json, annotations, metadata, name_of
from troubleshooter_operator.resources import Limit, Troubleshooter, TroubleshooterClass, troubleshooter_class
from troubleshooter_operator.run import Resolved


def find_class(class_name: str | None, classes: Iterable[Json]) -> TroubleshooterClass:
    """The named class, else the default one (the newest, if several are); RefusedError with ClassNotFound."""
    if class_name is None:
        return _default_class(classes)
    for found in classes:
        if name_of(found) == class_name:
            return troubleshooter_class(found)
    raise RefusedError(
        Ready.CLASS_NOT_FOUND,
        f"There is no TroubleshooterClass {class_name}; kubectl get troubleshooterclasses lists them",
    )


def _default_class(classes: Iterable[Json]) -> TroubleshooterClass:
    defaults = [found for found in classes if annotations(found).get(ANNOTATION_DEFAULT_CLASS) == "true"]
    if not defaults:
        raise RefusedError(
            Ready.CLASS_NOT_FOUND,
            "There is no default TroubleshooterClass; name one in spec.troubleshooterClassName, or mark one "
            f"with the annotation {ANNOTATION_DEFAULT_CLASS}=true",
        )
    newest = max(defaults, key=lambda found: (metadata(found).get("creationTimestamp", ""), name_of(found)))
    return troubleshooter_class(newest)


def resolve(asked: Troubleshooter, offer: TroubleshooterClass) -> Resolved:
    """What the next pod is made from; RefusedError with NotAllowed where the class does not allow it."""
    check_allowed(asked, offer)
    return Resolved(
        class_name=offer.name,
        image=_image(asked.image, offer),
        time_to_live=_duration("timeToLive", asked.time_to_live, offer.time_to_live, offer.name),
        idle_timeout=_duration("idleTimeout", asked.idle_timeout, offer.idle_timeout, offer.name),
        claim_name=asked.claim_name,
        storage_class=asked.storage_class or offer.storage_class,
        size=_size(asked.size, offer),
        run_as_user=_user(asked, offer),
        max_time_to_live=offer.time_to_live.max,
        log_to_stdout=asked.log_to_stdout,
        run_as_non_root=asked.run_as_non_root,
        require_retain=offer.require_retain,
        temporary_namespace=asked.temporary_namespace,
        service_account=asked.service_account,
        ssh_secret=asked.ssh_secret,
        node_selector=asked.node_selector,
        tolerations=asked.tolerations,
        pod_labels=asked.pod_labels,
    )


def resolve_replay(asked: Asked, offer: TroubleshooterClass, claim_name: str) -> Resolved:
    """The same for a pod that reads this claim: it makes no claim of its own."""
    return Resolved(
        class_name=offer.name,
        image=offer.image,
        time_to_live=_duration("timeToLive", asked.time_to_live, offer.time_to_live, offer.name),
        idle_timeout=_duration("idleTimeout", asked.idle_timeout, offer.idle_timeout, offer.name),
        claim_name=claim_name,
        storage_class=None,
        size="",
        run_as_user=offer.run_as_user or None,
        max_time_to_live=offer.time_to_live.max,
    )


def _user(asked: Troubleshooter, offer: TroubleshooterClass) -> int | None:
    """A class of root toolboxes still serves those that ask for none: the image's own user."""
    if asked.run_as_user is not None:
        return asked.run_as_user
    return offer.run_as_user if offer.run_as_user or not asked.run_as_non_root else None


def check_time_to_live(wanted: str, resolved: Resolved) -> None:
    """RefusedError with NotAllowed if the class, as it was when the run began, allows no such life."""
    limit = Limit(resolved.time_to_live, resolved.max_time_to_live)
    _duration("timeToLive", wanted, limit, resolved.class_name)


def is_allowed(image: str, allowed: Iterable[str]) -> bool:
    """Exact references, or prefixes: `x/*` is everything below x, `x:*` every tag of x and nothing else."""
    return any(_matches(image, entry) for entry in allowed)


def _matches(image: str, entry: str) -> bool:
    if not entry.endswith(("/*", ":*")):
        return image == entry
    prefix = entry[:-1]
    rest = image.removeprefix(prefix)
    # `host:*` must not become a port: host:5000/anything.
    return image.startswith(prefix) and bool(rest) and (entry.endswith("/*") or "/" not in rest)


def _image(asked: str | None, offer: TroubleshooterClass) -> str:
    image = asked or offer.image
    if not is_allowed(image, (offer.image, *offer.allowed_images)):
        choice = ", ".join((offer.image, *offer.allowed_images))
        raise _not_allowed(f"image {image} is not on the list of class {offer.name}; it allows {choice}")
    return image


def _duration(field: str, asked: str | None, limit: Limit, class_name: str) -> str:
    value = asked or limit.default
    if parse_duration(value) > parse_duration(limit.max):
        raise _above(field, value, limit, class_name)
    return value


def _size(asked: str | None, offer: TroubleshooterClass) -> str:
    value = asked or offer.size.default
    if _bytes(value) > _bytes(offer.size.max):
        raise _above("saveToDisk.size", value, offer.size, offer.name)
    return value


def _bytes(quantity: str) -> Decimal:
    return Decimal(parse_quantity(quantity))  # type: ignore[no-untyped-call] # the client has no types there


def _above(field: str, value: str, limit: Limit, class_name: str) -> RefusedError:
    return _not_allowed(
        f"{field} {value} is above the {limit.max} that class {class_name} allows; ask for less"
    )


def _not_allowed(message: str) -> RefusedError:
    return RefusedError(Ready.NOT_ALLOWED, message)
