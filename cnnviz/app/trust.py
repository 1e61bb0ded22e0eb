"""Which files a person has said yes to, so that their code may run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cnnviz.app.settings import Settings


@dataclass(frozen=True, slots=True)
class Trusted:
    """A yes to one content of one file.

    Attributes
    ----------
    digest
        SHA-256 of the content, in hexadecimal.
    path
        Where it was when the person said yes.
    when
        When that was.
    """

    digest: str
    path: Path
    when: datetime


class Trust:
    """Every yes, by the content it was said to: another content is another question.

    Parameters
    ----------
    settings
        Keep it between starts.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lent: list[Trusted] = []

    def has(self, digest: str) -> bool:
        """Tell whether a person said yes to this content."""
        return any(digest == known.digest for known in self.all())

    def grant(self, digest: str, path: Path) -> None:
        """Remember a yes."""
        self._keep([*_without(digest, self._kept()), _now(digest, path)])

    def lend(self, digest: str, path: Path) -> None:
        """Remember a yes until the program ends."""
        self._lent = [*_without(digest, self._lent), _now(digest, path)]

    def revoke(self, digest: str) -> None:
        """Take a yes back."""
        self._lent = _without(digest, self._lent)
        self._keep(_without(digest, self._kept()))

    def all(self) -> tuple[Trusted, ...]:
        """Return every yes, the oldest first, those that are lent at the end."""
        return (*self._kept(), *self._lent)

    def _kept(self) -> list[Trusted]:
        """Return what is kept between starts; damaged records are none."""
        found = []
        for record in self._settings.records("trusted"):
            match record:
                case {"digest": str(digest), "path": str(path), "when": str(when)}:
                    try:
                        since = datetime.fromisoformat(when)
                    except ValueError:
                        continue
                    found.append(Trusted(digest, Path(path), since))
        return found

    def _keep(self, every: list[Trusted]) -> None:
        self._settings.keep_records(
            "trusted",
            [
                {
                    "digest": one.digest,
                    "path": str(one.path),
                    "when": one.when.isoformat(),
                }
                for one in every
            ],
        )
        self._settings.sync()


def _now(digest: str, path: Path) -> Trusted:
    when = datetime.now().astimezone().replace(microsecond=0)
    return Trusted(digest, path.absolute(), when)


def _without(digest: str, several: list[Trusted]) -> list[Trusted]:
    return [known for known in several if known.digest != digest]
