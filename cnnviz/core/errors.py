"""What may go wrong, in the person's terms.

Every message says what was wanted, what came, and where.
"""


class CnnvizError(Exception):
    """Base of every error whose text is meant for the person at the screen."""


class InputError(CnnvizError):
    """A picture or a series cannot be used."""


class ModelError(CnnvizError):
    """A network cannot be built, loaded or run."""


class Cancelled(CnnvizError):  # noqa: N818 - the design's word
    """The person, or a newer request, stopped this work. Never shown."""
