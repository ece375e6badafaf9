"""How many examples a property is tried on: a few, always the same, or in `make soak` many new ones."""

from hypothesis import HealthCheck, settings
from soak import SCALE, scaled

FEW = 40
MANY = 5_000

examples = settings(
    max_examples=scaled(MANY) if SCALE else FEW,
    derandomize=not SCALE,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
