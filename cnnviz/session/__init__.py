"""The one state of the window, and its worker."""
