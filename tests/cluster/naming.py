"""What the project's images are called: IMG=PREFIX:TAG names both. Pure but for a look at the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from progress import HarnessError

_PREFIX = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+"
_IMG = re.compile(rf"(?P<prefix>{_PREFIX}):(?P<tag>\w[\w.-]{{0,127}})", re.ASCII)


@dataclass(frozen=True)
class Names:
    """PREFIX/toolbox:TAG and PREFIX/operator:TAG."""

    prefix: str
    tag: str

    def of(self, target: str) -> str:
        """The name of the image that is made of a target of the Dockerfile."""
        return f"{self.prefix}/{target}:{self.tag}"

    def put_into(self, manifests: str) -> str:
        """The manifests with these images in place of those that deploy names."""
        named = manifests
        for target in ("operator", "toolbox"):
            named = named.replace(DEFAULT.of(target), self.of(target))
        return named.replace(f"{DEFAULT.prefix}/toolbox:*", f"{self.prefix}/toolbox:*")


DEFAULT = Names("localhost/troubleshooter", "dev")  # as deploy has them


def chosen(environ: Mapping[str, str] = os.environ) -> Names:
    """As IMG says; else as in deploy."""
    return parse(environ["IMG"]) if environ.get("IMG") else DEFAULT


def parse(text: str) -> Names:
    """HarnessError with one sentence where it is not PREFIX:TAG."""
    found = _IMG.fullmatch(text)
    if not found:
        raise HarnessError(
            "IMG must be PREFIX:TAG, such as registry.example.org/troubleshooter:1.0, which names the images "
            f"registry.example.org/troubleshooter/toolbox:1.0 and .../operator:1.0; got {text}"
        )
    return Names(found["prefix"], found["tag"])
