"""Spectra and documents attached to reports: kept as sent, read, drawn, and looked for again."""
