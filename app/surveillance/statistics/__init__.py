"""Statistics of surveillance: plain functions on arrays, free of SQL, clock and Flask."""
