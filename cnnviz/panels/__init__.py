"""Passive widgets: shown by calls, answering with signals."""
