"""Courier rounds: stops go in, a plan comes out. These are the rounds couriers drive, never URLs."""

from routes.model import Courier, Place, Plan, Problem, Round, Stop
from routes.planner import follow, plan
from routes.promises import check

__all__ = ["Courier", "Place", "Plan", "Problem", "Round", "Stop", "check", "follow", "plan"]
