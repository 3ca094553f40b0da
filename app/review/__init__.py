"""From the priority list to a review: cases and the dossier."""
