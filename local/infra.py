"""`make infra`: what can be said of deploy/terraform without Google, and without its provider.

Three tools, each installed at first use into the folder of downloads: Terraform's own form, TFLint
with all of its bundled rules, and Checkov, which knows what makes a cloud unsafe.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import ConfigurationError
from local import go_tools
from local.environments import PinnedEnvironment
from local.go_tools import GoTool

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy" / "terraform"
TERRAFORM = GoTool("github.com/hashicorp/terraform", "v1.5.7")
"""The last one that Go can build from its module; used where none is on PATH."""
TFLINT = GoTool("github.com/terraform-linters/tflint", "v0.64.0")
CHECKOV = PinnedEnvironment("checkov", Path(__file__).with_name("checkov.requirements.lock"))
PARSER = Path(__file__).with_name("hcl_as_json.py")

Command = Callable[[Path], list[str]]
"""What to run, with the programs that stand below a folder of downloads."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that has to be so."""

    name: str
    command: Command
    advice: str
    """What to do where it is not."""


def terraform(cache: Path) -> Path:
    """Terraform: the system's, or one that is built now."""
    found = shutil.which("terraform")
    return Path(found) if found else go_tools.installed(TERRAFORM, cache)


def tflint(cache: Path) -> Path:
    """TFLint, which is built at first use."""
    return go_tools.installed(TFLINT, cache)


def checkov(cache: Path) -> Path:
    """Checkov's program."""
    return CHECKOV.python(cache).with_name("checkov")


CHECKS = (
    Check(
        "form",
        lambda cache: [str(terraform(cache)), "fmt", "-check", "-diff", "-recursive"],
        "put the files in their form: terraform fmt -recursive deploy/terraform",
    ),
    Check(
        "tflint",
        lambda cache: [str(tflint(cache)), "--recursive", f"--config={FOLDER / '.tflint.hcl'}"],
        "see what TFLint said above",
    ),
    Check(
        "checkov",
        lambda cache: [
            *(str(checkov(cache)), "--skip-download", "--framework", "terraform"),
            *("--compact", "--quiet", "--directory", "."),
        ],
        "mend what Checkov said above, or say beside it why it may be: #checkov:skip=ID:reason",
    ),
)


def run(check: Check, cache: Path) -> None:
    """Run a check; what its tool says goes to our own output.

    Raises:
        ConfigurationError: Something is not as it has to be.
        UnavailableError: The tool cannot be had.
    """
    command = check.command(cache)
    done = subprocess.run(command, cwd=FOLDER, env=_quiet(), check=False)
    if done.returncode:
        raise ConfigurationError(f"deploy/terraform fails {check.name}: {check.advice}")


def parsed(cache: Path, folder: Path = FOLDER) -> dict[str, Any]:
    """What the Terraform files of a folder and of those in it say, by their path in it."""
    command = [str(CHECKOV.python(cache)), str(PARSER), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def evaluated(
    expression: str, folder: Path, variables: Mapping[str, object], cache: Path
) -> object:
    """What Terraform makes of an expression, in a folder without resources.

    Raises:
        subprocess.CalledProcessError: It makes nothing of it; what it said is in `stderr`.
    """
    # A string is taken as it is, anything else as Terraform would write it.
    given = [
        f"-var={name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in variables.items()
    ]
    command: Sequence[str] = [str(terraform(cache)), "console", *given]
    done = subprocess.run(
        command, cwd=folder, env=_quiet(), check=True, capture_output=True, text=True,
        input=f"jsonencode({expression})\n",
    )  # fmt: skip
    # The console prints the JSON as a string of its own language, whose escapes are JSON's.
    return json.loads(json.loads(done.stdout))


def _quiet() -> dict[str, str]:
    """Our environment, in which nothing looks for news or prints colours."""
    quiet = {"CHECKPOINT_DISABLE": "1", "NO_COLOR": "1", "LOG_LEVEL": "ERROR"}
    return os.environ | quiet | {"TF_CLI_CONFIG_FILE": os.devnull}
