"""Running a network and recording every operation."""
