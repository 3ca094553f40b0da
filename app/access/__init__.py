"""Who may do and see what: authorities, people, keys, roles, handling, and the audit trail."""
