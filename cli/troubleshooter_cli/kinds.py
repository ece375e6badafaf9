"""The kinds of objects that the plugin deals with, and where the API server has them."""

from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent.contract import GROUP, VERSION

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    name: str
    base: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Without a namespace: of all namespaces."""
        parts = [self.base]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name:
            parts.append(name)
        return "/".join(parts)


_OURS: Final = f"/apis/{GROUP}/{VERSION}"
API_VERSION: Final = f"{GROUP}/{VERSION}"
TROUBLESHOOTER: Final = Kind("Troubleshooter", _OURS, "troubleshooters")
REPLAY: Final = Kind("Replay", _OURS, "replays")
CLASS: Final = Kind("TroubleshooterClass", _OURS, "troubleshooterclasses", namespaced=False)
POD: Final = Kind("Pod", "/api/v1", "pods")
CLAIM: Final = Kind("PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims")
VOLUME: Final = Kind("PersistentVolume", "/api/v1", "persistentvolumes", namespaced=False)
NAMESPACE: Final = Kind("Namespace", "/api/v1", "namespaces", namespaced=False)
EVENT: Final = Kind("Event", "/api/v1", "events")
STORAGE_CLASS: Final = Kind("StorageClass", "/apis/storage.k8s.io/v1", "storageclasses", namespaced=False)
