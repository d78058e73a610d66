"""The site as a reader gets it: its pages, what they link to, and what they load."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
NOT_LOADED = {"canonical", "prev", "next", "edit"}
"""Kinds of `link` that a browser does not load."""


@dataclass
class Html(HTMLParser):
    """A page's anchors, the links that a reader may follow, and what a browser loads for it."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        elif (where := LOADED.get(tag)) in found and found.get("rel") not in NOT_LOADED:
            self.loaded.append(found[where])


def read_site(folder: Path) -> dict[Path, Html]:
    """The pages of a site, by their path in it."""
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        pages[path.relative_to(folder)] = page = Html()
        page.feed(path.read_text())
    return pages


def dead_links(folder: Path, pages: dict[Path, Html]) -> Iterator[str]:
    """Links and loaded files that lead nowhere within the site, as `page: target`."""
    for path, page in pages.items():
        for target in page.links + page.loaded:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            aimed = (folder / path).parent / unquote(parts.path) if parts.path else folder / path
            aimed = aimed.resolve()
            if aimed.is_dir():
                aimed /= "index.html"
            anchors = pages.get(aimed.relative_to(folder.resolve()))
            anchor = unquote(parts.fragment)
            if not aimed.is_file() or (anchor and anchors and anchor not in anchors.anchors):
                yield f"{path}: {target}"
