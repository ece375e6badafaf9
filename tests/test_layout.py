"""What holds for the whole repository and no other tool holds."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = ("agent", "operator", "cli")
EXTRAS_OF_LOCKS = ("agent", "cli", "operator", "toolbox", "dev")
# Written so that this file has none of them: folders of one machine, and hosts of package registries.
FOREIGN = re.compile(
    r"(?<![\w./-])/(?:work|farm|root)/"
    r"|pypi[.]org|pythonhosted[.]org|(?:proxy|sum)[.]golang[.]org|(?:deb|security)[.]debian[.]org"
    r"|registry[.]npmjs[.]org|crates[.]io|registry-1[.]docker[.]io"
)


def project() -> dict[str, Any]:
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text())


def repository_files() -> list[Path]:
    """Every file that git has or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    return [path for name in names.split("\0") if name and (path := CHECKOUT / name).is_file()]


def test_source_roots_and_test_folders_are_no_packages() -> None:
    """`operator/__init__.py` would shadow Python's own operator module, `tests/operator/__init__.py` too."""
    roots = [CHECKOUT / root / "__init__.py" for root in SOURCE_ROOTS]
    strays = [path for path in [*roots, *(CHECKOUT / "tests").rglob("__init__.py")] if path.exists()]
    assert strays == []


def test_every_package_is_in_the_wheel() -> None:
    """A package that is not listed would be left out in silence."""
    found = {path.parent for root in SOURCE_ROOTS for path in (CHECKOUT / root).glob("*/__init__.py")}
    listed = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(listed) == sorted(str(package.relative_to(CHECKOUT)) for package in found)


def test_no_file_names_a_folder_of_one_machine_or_the_host_of_a_registry() -> None:
    """What works here only because of where it is works nowhere else."""
    found = [
        f"{path.relative_to(CHECKOUT)}:{number}: {line.strip()}"
        for path in repository_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["work", "farm", "root"])
def test_the_search_finds_folders_of_one_machine(folder: str) -> None:
    """The test above can fail. Put together here, because it reads this file too."""
    assert FOREIGN.search(f"cd /{folder}/main")
    assert not FOREIGN.search(f"cd /srv/{folder}/main")


@pytest.mark.parametrize("host", [("pypi", "org"), ("deb", "debian", "org"), ("proxy", "golang", "org")])
def test_the_search_finds_hosts_of_registries(host: tuple[str, ...]) -> None:
    """The test above can fail."""
    assert FOREIGN.search(f"https://{'.'.join(host)}/simple")


def test_ci_runs_all_tests() -> None:
    """And nothing else: whatever CI needs, a developer's `make test` has too."""
    script = (CHECKOUT / ".ci" / "run").read_text().splitlines()
    assert script[0] == "#!/usr/bin/env bash"
    assert script[1:] == ['cd "$(dirname "$0")/.." && exec make test']


@pytest.mark.parametrize("extra", EXTRAS_OF_LOCKS)
def test_the_lock_files_hold_what_the_project_asks_for(extra: str) -> None:
    """`make lock` was run after the last change of a dependency; images and tests have the same versions."""
    locked, dev = versions(extra), versions("dev")
    assert locked.items() <= dev.items()
    for text in project()["project"]["optional-dependencies"][extra]:
        wanted = Requirement(text)
        if wanted.name != "troubleshooter":
            assert wanted.specifier.contains(locked[wanted.name.lower()]), text


def versions(extra: str) -> dict[str, str]:
    """Every package of a lock file with its version."""
    text = (CHECKOUT / "requirements" / f"{extra}.lock").read_text()
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
