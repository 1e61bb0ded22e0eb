"""How fast and how frugal the program is, against what people use instead.

``python -m tests.bench`` runs both sides of every comparison in turn, so that a busy
machine slows both; what counts are the ratios.
"""
