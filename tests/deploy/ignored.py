"""What of the repository Docker is sent, as .dockerignore says: the last word on a path counts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ignored:
    """The words of a .dockerignore: a pattern, and whether it brings back what it matches."""

    root: Path
    words: tuple[tuple[re.Pattern[str], bool], ...]

    @classmethod
    def of(cls, root: Path) -> "Ignored":
        lines = (root / ".dockerignore").read_text().splitlines()
        said = [line for line in lines if line and not line.startswith("#")]
        return cls(root, tuple((_pattern(line.lstrip("!")), line[0] == "!") for line in said))

    def lets_through(self, path: str) -> bool:
        """Whether a path of the repository is sent: by the last word on it or on a folder above."""
        *above, _ = ["/".join(path.split("/")[: end + 1]) for end in range(path.count("/") + 1)] + [
            ""
        ]
        sent = True
        for pattern, brings_back in self.words:
            if any(pattern.fullmatch(each) for each in above):
                sent = brings_back
        return sent

    def let_through(self, source: str) -> Iterator[Path]:
        """The files that a COPY of `source` finds."""
        named = self.root / source
        for path in sorted(named.rglob("*")) if named.is_dir() else [named]:
            if path.is_file() and self.lets_through(path.relative_to(self.root).as_posix()):
                yield path


def _pattern(written: str) -> re.Pattern[str]:
    """A pattern of Go's filepath.Match with `**`, as a regular expression."""
    kinds = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", written.strip("/"))
    return re.compile("".join(kinds.get(part, re.escape(part)) for part in parts))
