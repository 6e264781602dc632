"""The HTML door: one blueprint per place people go."""
