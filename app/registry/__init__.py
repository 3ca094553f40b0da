"""What substances there are: their names, forms, families, clusters and control status."""
