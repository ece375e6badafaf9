"""What is offered for a half-typed word, in the form in which kubectl reads it."""

import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from troubleshooter_cli import candidates, completion
from troubleshooter_cli.invocation import Flags, Invocation

NOBODY_LISTENS = """
apiVersion: v1
kind: Config
current-context: here
contexts:
- {name: here, context: {cluster: here, user: me}}
clusters:
- {name: here, cluster: {server: "http://127.0.0.1:1"}}
users:
- {name: me, user: {}}
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    file = tmp_path / "config"
    file.write_text(NOBODY_LISTENS)
    return file


def test_kubectl_reads_candidates_and_that_no_file_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert completion.main(["completion", ""]) == 0
    assert capsys.readouterr().out == "bash\nzsh\nfish\n:4\n"


def test_a_command_comes_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    completion.main(["completi"])
    first, directive = capsys.readouterr().out.splitlines()
    assert first.startswith("completion\tPrint the script that makes SHELL complete")
    assert directive == ":4"


def test_options_are_offered_once_a_dash_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    completion.main(["completion", "--names"])
    assert capsys.readouterr().out == "--namespace\tThe namespace (default: the context's).\n:4\n"


def test_a_file_is_completed_by_the_shell() -> None:
    """Cobra's 0: go on as for any command."""
    file = click.shell_completion.CompletionItem("x", type="file")
    folder = click.shell_completion.CompletionItem("x", type="dir")
    name = click.shell_completion.CompletionItem("x")
    assert [completion._directive([each]) for each in (file, folder, name)] == [0, 16, 4]


def test_without_a_cluster_there_are_no_names_and_no_words(
    kubeconfig: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert completion.main(["--kubeconfig", str(kubeconfig), "--namespace", ""]) == 0
    assert capfd.readouterr() == (":4\n", "")


def test_a_cluster_that_is_slow_has_no_names() -> None:
    """Whoever pressed a key waits for a second at most."""

    def slow() -> Iterator[tuple[str, str]]:
        yield "early", ""
        time.sleep(20)
        yield "late", ""

    began = time.monotonic()
    assert candidates.quietly(slow, seconds=0.1) == []
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("name", ["a b", "$(reboot)", "`reboot`", "a;b", "*", "a\nb", "'", ""])
def test_a_name_that_a_shell_would_evaluate_is_not_offered(name: str) -> None:
    """They stand in a kubeconfig or a status that somebody else wrote."""
    assert offered({name: "", "good": ""}) == {"good": None}


def test_what_is_told_of_a_name_is_one_line() -> None:
    assert offered({"a": "by\n\x1b[31malice"}) == {"a": "by\\n\\x1b[31malice"}


def test_only_what_begins_as_the_word_does_is_offered() -> None:
    assert offered({"web": "", "shop": ""}, "w") == {"web": None}


def test_parameters_get_the_names_of_what_they_stand_for() -> None:
    """By an argument's name or an option; one that has a type of its own keeps it."""

    @click.command
    @click.argument("session")
    @click.argument("text")
    @click.option("--class", "chosen")
    @click.option("--claim", type=click.Choice(["a"]))
    def command(session: str, text: str, chosen: str, claim: str) -> None:
        pass

    candidates.furnish(command)
    found = {parameter.name: parameter.type for parameter in command.params}
    assert [name for name, kind in found.items() if isinstance(kind, candidates.Name)] == [
        "session",
        "chosen",
    ]


def offered(names: dict[str, str], word: str = "") -> dict[str, str | None]:
    """Candidates for a word, with what is told of each, where a cluster has these names."""
    context = click.Context(click.Command("any"), obj=Invocation(Flags()))
    kind = candidates.Name(lambda _: names.items())
    found = kind.shell_complete(context, click.Argument(["any"]), word)
    return {item.value: item.help for item in found}
