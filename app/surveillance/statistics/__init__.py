"""The statistics of surveillance: functions on counts, free of database, clock and the house.

What each method is, its defaults, and where it differs from R's: docs/statistics.md.
"""
