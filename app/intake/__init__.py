"""The way in: submissions kept as sent, the reports and findings read from them, what is unresolved."""
