"""The file that deploy/compose.yaml reads, completed: images by digest, secrets by chance.

`python3 -m local.deploy_env` runs without anything installed: a machine with Docker needs no more.
Docker is asked for the digests, so that its logins and proxies hold here too.
"""

import argparse
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from contracts.errors import MusicFlowError, UnavailableError
from contracts.store import disk_error

FOLDER = Path(__file__).parents[1] / "deploy"
FILE = Path("deploy/.env")
EXAMPLE = FOLDER / ".env.example"
SECRET_BYTES = 24
SECRETS = ("_PASSWORD", "_KEY")
PATIENCE = 120
"""Seconds until Docker has found a digest."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ASSIGNED = re.compile(r"^(?P<name>[A-Z_]+)=(?P<value>.*)$")
_IMAGE = re.compile(r"^# (?P<tag>\S+:\S+)$")


def complete(file: Path, *, new_digests: bool = False) -> Iterator[str]:
    """Fill in what `file` leaves empty, making it from the example; tells what it did.

    Args:
        file: What compose will read.
        new_digests: Whether images that have a digest are looked up again.

    Raises:
        UnavailableError: A digest cannot be looked up, or the file not be written; it stays as it
            was.
    """
    source = file if file.exists() else EXAMPLE
    ours, lines, tag = _secrets_to_make(), [], ""
    for line in source.read_text().splitlines():
        assigned = _ASSIGNED.match(line)
        name, value = assigned.groups() if assigned else ("", line)
        if name and tag and (new_digests or not value):
            lines.append(f"{name}={pinned(tag)}")
            yield lines[-1]
        elif name in ours and not value:
            lines.append(f"{name}={secrets.token_hex(SECRET_BYTES)}")
            yield f"{name}: a new secret"
        else:
            lines.append(line)
        image = _IMAGE.match(line)
        tag = image["tag"] if image else ""
    _write(file, "\n".join(lines) + "\n")
    yield f"{file} is complete"


def _secrets_to_make() -> set[str]:
    """The secrets that the example leaves empty; others, such as a cloud's, come from elsewhere."""
    assigned = map(_ASSIGNED.match, EXAMPLE.read_text().splitlines())
    empty = {found["name"] for found in assigned if found and not found["value"]}
    return {name for name in empty if name.endswith(SECRETS)}


def pinned(tag: str) -> str:
    """The image with the digest that its tag has now.

    Raises:
        UnavailableError: There is no Docker, or it cannot find the image.
    """
    docker = shutil.which("docker")
    if docker is None:
        raise UnavailableError("there is no docker on PATH, which looks up digests: install Docker")
    command = [docker, "buildx", "imagetools", "inspect", tag, "--format", "{{.Manifest.Digest}}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_found(tag, str(error)) from error
    digest = done.stdout.strip()
    if done.returncode or not _DIGEST.fullmatch(digest):
        raise _not_found(tag, " ".join((done.stderr or digest).split()))
    return f"{tag}@{digest}"


def _not_found(tag: str, why: str) -> UnavailableError:
    return UnavailableError(
        f"docker can't look up the digest of {tag} ({why}): check the network and that "
        "`docker buildx version` works, or write the image with its digest yourself"
    )


def _write(file: Path, text: str) -> None:
    """Replace the file, which only its owner can read."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(text)
        fresh.replace(file)
    except OSError as error:
        raise disk_error(error, file) from error


def main(arguments: Sequence[str]) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(
        "python3 -m local.deploy_env",
        description="Makes the file that deploy/compose.yaml reads. What it says already stays.",
    )
    parser.add_argument("--to", type=Path, default=FILE, metavar="FILE", help=f"default: {FILE}")
    parser.add_argument("--new-digests", action="store_true", help="look up all images again")
    given = parser.parse_args(arguments)
    try:
        for line in complete(given.to, new_digests=given.new_digests):
            print(line)
    except MusicFlowError as error:
        print(f"musicflow: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
