"""How many examples a property is tried on: a few, always the same, or in `make soak` many new."""

import os

from hypothesis import HealthCheck, settings

MANY = "TROUBLESHOOTER_EXAMPLES"  # their number, set by `make soak`
FEW = 40

_many = os.environ.get(MANY)
examples = settings(
    max_examples=int(_many or FEW),
    derandomize=_many is None,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
