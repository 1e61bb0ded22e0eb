"""The networks that can be opened."""
