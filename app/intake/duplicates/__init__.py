"""Duplicates: reports of one event that came in twice, compared, proposed, and counted once.

weights.toml   what an agreement or a disagreement in each field weighs, with its source
cases          what is compared of a report
scoring        the weight of a pair, field by field, and what follows from it
grouping       which linked reports are one event: all pairs must agree, chains are not merged
candidates     which pairs are compared at all
run            comparing what came in since the last time
groups         groups as they stand, bitemporal and reversible
service        what a curator decides
counting       which member of a group enters a figure
queries        reading pairs and groups back
"""
