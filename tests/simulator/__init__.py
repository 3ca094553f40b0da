"""A made-up world of laboratories and substances whose truth is known, to measure detectors on.

    world       generates it: laboratories, substances, reports, from a seed
    view        what was known at the end of a month, and nothing later
    detectors   the service's rule and the charts it is compared with
    scoring     episodes, false alarms, sensitivity, delay

`python -m tests.simulator` prints the table; see docs/simulator.md for what it can and cannot say.
"""
