"""One run of the plugin: the flags that say where to act, and what is made from them once it is needed.

Commands take it as their first argument; tests make one with an API and a kubectl of their own.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from troubleshooter_cli.kubectl import Kubectl

if TYPE_CHECKING:  # loading the Kubernetes client takes a third of a second, which --help need not wait for
    from troubleshooter_cli.api import Api


@dataclass
class Flags:
    """As kubectl has them; empty means what the kubeconfig says."""

    namespace: str = ""
    context: str = ""
    kubeconfig: str = ""


@dataclass
class Invocation:
    flags: Flags = field(default_factory=Flags)

    @cached_property
    def api(self) -> "Api":
        """The API server, over HTTP."""
        from troubleshooter_cli.api import Api  # noqa: PLC0415 - see above

        return Api.connect(self.flags.kubeconfig, self.flags.context)

    @cached_property
    def namespace(self) -> str:
        """The flag's, else the context's, else `default`."""
        return self.flags.namespace or self.api.namespace

    @cached_property
    def user(self) -> str:
        """The name that the API server knows the person by."""
        return self.api.whoami()

    @cached_property
    def kubectl(self) -> Kubectl:
        """The person's own kubectl, acting where the flags say."""
        return Kubectl(context=self.flags.context, kubeconfig=self.flags.kubeconfig)
