"""Units, as they stand in the names of columns."""

from __future__ import annotations

import re

KNOWN = frozenset(
    {
        *"s ms us µs ns sec min h d day days Hz kHz MHz m cm mm µm km g mg kg".split(),
        *"m/s m/s2 m/s² m/s^2 km/h mph rad deg ° rad/s deg/s °/s dps °C °F C K".split(),
        *"V mV µV uV A mA µA W kW kWh J N Nm Pa hPa kPa bar mbar psi % ppm ppb".split(),
        *"lx lux dB dBm bpm rpm l L ml mL µg/m3 µg/m³ T mT µT uT G counts".split(),
    }
)
"""Units that are told without brackets, and brackets that hold a unit."""

SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "micros", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
}
"""Units of time, in seconds."""

_SQUARE = re.compile(r"\[([^\[\]]*)\]\s*$")
_ROUND = re.compile(r"\(([^()]*)\)\s*$")


def unit_of(name: str) -> str:
    """Return the unit at the end of a column's name, or ``""``.

    Square brackets always hold one (``T [°C]``), round ones if it is known: ``CO(GT)``
    names a method.
    """
    if match := _SQUARE.search(name):
        return match[1].strip()
    match = _ROUND.search(name)
    return match[1].strip() if match and match[1].strip() in KNOWN else ""


def bare(name: str) -> str:
    """Return a column's name without what stands in brackets at its end."""
    return _ROUND.sub("", _SQUARE.sub("", name)).strip() or name


def is_unit(cell: str) -> bool:
    """Tell whether a cell below a name is its unit."""
    cell = cell.strip()
    return cell in KNOWN or (cell[:1] in ("[", "(") and cell[-1:] in ("]", ")"))
