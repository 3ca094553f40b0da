"""Benchmarks: each measures against a floor in the same run, so that the ratio means something."""
