"""Alerts for machines: JSON Feed, Atom, CAP. Only what is clear leaves without a key."""
