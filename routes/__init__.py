"""Courier rounds: stops go in, a plan comes out. These are the routes couriers drive, never URLs."""
