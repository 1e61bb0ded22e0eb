"""How things are shown, apart from what is shown."""

from dataclasses import dataclass
from typing import Literal

Scale = Literal["layer", "map", "locked"]


@dataclass(frozen=True, slots=True)
class Look:
    """The person's choices of presentation.

    Attributes
    ----------
    colours
        Name of the colour map for non-negative data.
    scale
        One colour scale for the whole ``"layer"``, one per ``"map"``, or ``"locked"``
        at ``bound`` across layers and inputs.
    bound
        The locked largest absolute value, in the data's own unit.
    before
        Show maps before the activation instead of after it.
    dark
        Dark canvas.
    """

    colours: str = "ember"
    scale: Scale = "layer"
    bound: float = 1.0
    before: bool = False
    dark: bool = False
