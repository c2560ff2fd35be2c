"""From counts to rates, gaps and charts: everything on true counts, nothing of it for the public yet."""

from indicator_engine.estimates.estimate import Estimates, estimate
from indicator_engine.estimates.settings import EstimateSettings

__all__ = ["EstimateSettings", "Estimates", "estimate"]
