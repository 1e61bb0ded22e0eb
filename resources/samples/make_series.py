"""Make the sample series: ``python resources/samples/make_series.py [FOLDER]``.

Needs numpy. The same tables come out every time (seeded). They are inventions: no
number in them was measured.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from motion import pendulum, raises
from numpy.typing import NDArray

Values = NDArray[np.float64]


def smooth(values: Values, width: int) -> Values:
    """Average along time over a window that fades at both ends (Hann)."""
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def wander(rng: np.random.Generator, steps: int, width: int) -> Values:
    """Return smooth noise of unit spread that changes over ``width`` steps."""
    noise = smooth(rng.normal(size=steps + 2 * width), width)[width:-width]
    return noise / noise.std()


def table(names: Sequence[str], columns: Sequence[Sequence[str]]) -> str:
    """Write columns of cells as comma-separated text."""
    rows = zip(*columns, strict=True)
    return "\n".join([",".join(names), *(",".join(row) for row in rows)]) + "\n"


def cells(values: Values, digits: int) -> list[str]:
    """Write numbers with a fixed number of decimals."""
    return [f"{value + 0.0:.{digits}f}" for value in np.round(values, digits)]


def bursts() -> bytes:
    """Make a machine's vibration: quiet, with ringing knocks; 200 Hz."""
    rng = np.random.default_rng(11)
    steps, rate = 2400, 200
    time = np.arange(steps) / rate
    begins = np.sort(rng.uniform(0.4, time[-1] - 0.6, 9))
    axes = []
    for tone, share in ((31.0, 1.0), (44.0, 0.6), (23.0, 0.8)):
        line = 0.03 * rng.normal(size=steps)
        line += 0.05 * np.sin(2 * np.pi * 12.5 * time + share)
        for k, begin in enumerate(begins):
            since = np.clip(time - begin, 0, None)
            ring = np.exp(-since / 0.09) * np.sin(2 * np.pi * tone * since)
            line += share * (0.6 + 0.25 * (k % 3)) * ring
        axes.append(line)
    load = np.zeros(steps)
    for begin in begins:
        since = time - begin
        load += np.where(since > 0, np.exp(-since / 0.25), 0.0)
    current = 2.1 + 0.8 * smooth(load, 9) + 0.02 * rng.normal(size=steps)
    columns = [cells(time, 3), *(cells(axis, 4) for axis in axes), cells(current, 3)]
    names = ["time_s", "x [g]", "y [g]", "z [g]", "current [A]"]
    return table(names, columns).encode()


def drift() -> bytes:
    """Make ten days of a greenhouse: daily rhythm on a slow drift; every 10 min."""
    rng = np.random.default_rng(12)
    steps = 1440
    begin = datetime(2024, 5, 6)
    moments = [begin + timedelta(minutes=10 * i) for i in range(steps)]
    day = np.arange(steps) / 144
    sun = np.clip(np.sin(2 * np.pi * (day - 0.27)), 0, None)
    clouds = np.clip(0.75 + 0.25 * wander(rng, steps, 40), 0.15, 1)
    light = 42_000 * sun**1.3 * clouds
    warmth = smooth(sun * clouds, 24)
    temperature = 15 + 0.55 * day + 11 * warmth + 0.25 * wander(rng, steps, 9)
    humidity = 82 - 0.6 * day - 31 * warmth + 1.1 * wander(rng, steps, 15)
    watered = (day - np.floor(day / 3.2) * 3.2) / 3.2
    soil = smooth(46 - 17 * watered - 0.5 * day, 7) + 0.15 * rng.normal(size=steps)
    columns = [
        [moment.strftime("%Y-%m-%d %H:%M") for moment in moments],
        cells(temperature, 2),
        cells(humidity, 1),
        cells(light, 0),
        cells(soil, 1),
    ]
    names = ["timestamp", "temperature [°C]", "humidity [%]", "light [lx]", "soil [%]"]
    return table(names, columns).encode()


def steps() -> bytes:
    """Make a tank behind a valve that is switched: jumps, and what follows; 1 Hz."""
    rng = np.random.default_rng(13)
    openings = (20, 60, 60, 35, 80, 10, 50, 90, 25, 70, 40, 15, 65, 30)
    lengths = rng.integers(40, 90, len(openings))
    valve = np.repeat(np.array(openings, float), lengths)
    inflow, level = np.zeros(len(valve)), np.zeros(len(valve))
    flow, height = 4.0, 0.2
    for i, opening in enumerate(valve):
        flow += (0.2 * opening - flow) / 4
        height += 0.004 * (flow - 9.2 * np.sqrt(max(height, 0.0)))
        inflow[i], level[i] = flow, height
    outflow = 9.2 * np.sqrt(level) + 0.06 * rng.normal(size=len(valve))
    inflow += 0.08 * rng.normal(size=len(valve))
    level += 0.004 * rng.normal(size=len(valve))
    columns = [
        [str(i) for i in range(len(valve))],
        cells(valve, 0),
        cells(inflow, 2),
        cells(outflow, 2),
        cells(level, 3),
    ]
    names = ["time_s", "valve [%]", "inflow [l/min]", "outflow [l/min]", "level [m]"]
    return table(names, columns).encode()


def messy() -> bytes:
    """Make a bearing on a test bench, written as badly as files in the wild are.

    Windows-1252, a preamble of comments, decimal commas, semicolons also at the
    end of each row, umlauts, date and clock apart, a column of words, words for missing
    values, a number for missing values, empty cells, and two hours that are missing.
    """
    rng = np.random.default_rng(14)
    count = 720
    begin, half_a_minute = datetime(2024, 3, 11, 6), timedelta(seconds=30)
    moments = [begin + (i + 240 * (i >= 430)) * half_a_minute for i in range(count)]
    states = np.repeat(["Leerlauf", "Anlauf", "Last", "Auslauf"], [60, 60, 200, 40])
    state = np.tile(states, 2)
    target = {"Leerlauf": 400.0, "Anlauf": 1500.0, "Last": 2950.0, "Auslauf": 700.0}
    speed = smooth(np.array([target[word] for word in state]), 31)
    speed += 6 * rng.normal(size=count)
    heat = np.zeros(count)
    for i in range(1, count):
        heat[i] = heat[i - 1] + 0.012 * (speed[i] / 60 - heat[i - 1])
    temperature = 21 + heat + 0.1 * rng.normal(size=count)
    pressure = 1.1 + speed / 900 + 0.03 * rng.normal(size=count)
    vibration = 0.4 + (speed / 2950) ** 2 * (1.6 + 0.3 * wander(rng, count, 25))

    def written(values: Values, digits: int) -> list[str]:
        return [cell.replace(".", ",") for cell in cells(values, digits)]

    columns = [
        [moment.strftime("%d.%m.%Y") for moment in moments],
        [moment.strftime("%H:%M:%S") for moment in moments],
        list(state),
        written(speed, 0),
        written(temperature, 1),
        written(pressure, 2),
        written(vibration, 3),
    ]
    for i in (17, 18, 19, 233):
        columns[4][i] = "k.A."
    for i in (96, 340, 341):
        columns[5][i] = ""
    for i in (150, 151, 512):
        columns[6][i] = "-"
    for i in (288, 289, 601, 602, 603):
        columns[5][i] = "-999"
    names = [
        *("Datum", "Uhrzeit", "Zustand", "Drehzahl [1/min]"),
        *("Lagertemperatur [°C]", "Öldruck [bar]", "Schwingung [mm/s]"),
    ]
    head = [
        "# Prüfstand 3, Lager A",
        "# Messwerte alle 30 s; k.A. = keine Angabe; -999 = Fühler gestört",
        "",
        ";".join(names) + ";",
    ]
    body = [";".join(row) + ";" for row in zip(*columns, strict=True)]
    return ("\r\n".join(head + body) + "\r\n").encode("cp1252")


def motion_table(values: Values) -> bytes:
    """Write six channels of a watch at 50 Hz."""
    columns = [cells(np.arange(len(values)) / 50, 2)]
    columns += [cells(channel, 4) for channel in values.T]
    names = ["time_s", *("ax [g]", "ay [g]", "az [g]")]
    names += ["wx [rad/s]", "wy [rad/s]", "wz [rad/s]"]
    return table(names, columns).encode()


SERIES: dict[str, Callable[[], bytes]] = {
    "bursts.csv": bursts,
    "drift.csv": drift,
    "steps.csv": steps,
    "messy.csv": messy,
    "exercise_raise.csv": lambda: motion_table(raises()),
    "exercise_pendulum.csv": lambda: motion_table(pendulum()),
}


def main(folder: Path) -> None:
    """Write every table into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in SERIES.items():
        path = folder / name
        path.write_bytes(make())
        print(f"{name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "series")
