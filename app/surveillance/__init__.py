"""What is emerging: sightings as of a day, the rules that read them, episodes, priority."""
