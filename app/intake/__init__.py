"""The way in: submissions kept as sent, the reports read from them, and what is unresolved."""
