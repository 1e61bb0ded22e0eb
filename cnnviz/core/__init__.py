"""The facts every part of the program speaks of. numpy only."""
