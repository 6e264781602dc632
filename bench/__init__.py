"""Benchmarks: how fast the product does what it promises, as ratios to a limit measured in the same run.

Absolute figures belong to one machine; ratios carry over. Nothing here is timed by the test suite, except that
`timing` may not tell who exists.
"""
