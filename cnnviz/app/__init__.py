"""The window, and who is told what."""
