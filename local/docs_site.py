"""Hooks of the docs site (`mkdocs.yml`): pages that stand elsewhere, links that lead elsewhere.

The pages are read on a code host as well, so they are written for that. For the site, the README
and its neighbours become pages, links to code become links to `MUSICFLOW_CODE_URL` (plain text
where it is not set), and `<!-- help: … -->` becomes what a command says of itself.
"""

import logging
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security_policy.md",
}
"""Pages beside docs/, and their names on the site."""

LINK = re.compile(r"(?P<before>!?\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\])\((?P<target>[^)\s]+)\)")
HELP = re.compile(r"^<!-- help: (?P<command>.+?) -->$", re.MULTILINE)
CODE = re.compile(r"^(?P<fence>```+).*?^(?P=fence)$", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"^([a-z]+:|#|/)")

log = logging.getLogger("mkdocs.hooks.docs_site")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand beside docs/, as far as there are any."""
    for path, page in PAGES.items():
        if (ROOT / path).is_file():
            files.append(File.generated(config, page, content=(ROOT / path).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """The page with links as the site has them, and with the commands' own words."""
    source = next((path for path, name in PAGES.items() if name == page.file.src_uri), None)
    folder = posixpath.dirname(source or f"docs/{page.file.src_uri}")
    with_links = _outside_code(
        markdown, lambda text: LINK.sub(lambda link: _link(link, folder, page), text)
    )
    return HELP.sub(_help, with_links)


def _link(link: re.Match[str], folder: str, page: Page) -> str:
    target = link["target"]
    if ELSEWHERE.match(target):
        return link[0]
    path, _, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(folder, path))
    if (ROOT / path / "README.md").is_file():
        path = posixpath.normpath(f"{path}/README.md")
    name = PAGES.get(path) or path.removeprefix("docs/")
    if path in PAGES or path.startswith("docs/"):
        here = posixpath.dirname(page.file.src_uri)
        return f"{link['before']}({posixpath.relpath(name, here or '.')}{anchor and '#'}{anchor})"
    return _code_link(link, path, page)


def _code_link(link: re.Match[str], path: str, page: Page) -> str:
    """A link to a file of the code, as far as the site knows where that can be read."""
    if not (ROOT / path).exists():
        log.warning("%s links to %s, which is not there", page.file.src_uri, path)
    where = os.environ.get("MUSICFLOW_CODE_URL", "").rstrip("/")
    return f"{link['before']}({where}/blob/main/{path})" if where else link["text"]


def _help(command: re.Match[str]) -> str:
    """What a command says of itself, in 100 columns, whatever the terminal."""
    program, *arguments = command["command"].split()
    program = {"python": sys.executable}.get(program, program)
    said = subprocess.run(
        [program, *arguments], cwd=ROOT, env=os.environ | {"COLUMNS": "100"},
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return f"```text\n{said.rstrip()}\n```"


def _outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """The text with `change` made everywhere but in blocks of code."""
    made, end = [], 0
    for block in CODE.finditer(markdown):
        made += [change(markdown[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*made, change(markdown[end:])])
