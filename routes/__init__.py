"""Courier rounds: stops go in, a plan comes out. These are the rounds couriers drive, never URLs."""

from routes.insertion import Broken, Choice, Fit, Sharing, Way, fit, share
from routes.model import Courier, Place, Plan, Problem, Round, Stop
from routes.planner import follow, plan
from routes.promises import check

__all__ = [
    "Broken", "Choice", "Courier", "Fit", "Place", "Plan", "Problem", "Round", "Sharing", "Stop", "Way",
    "check", "fit", "follow", "plan", "share",
]  # fmt: skip
