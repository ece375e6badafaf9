"""The parser of a command line, for `options` and `reading_options`: help, an example, errors as ours."""

import argparse
from typing import NoReturn

from troubleshooter_agent.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Says what is wrong as all of the agent does: in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"see {self.prog} --help")


Verbs = argparse._SubParsersAction  # noqa: SLF001 - argparse gives its type no public name


def add(verbs: "Verbs[Parser]", verb: str, sentence: str, example: str) -> Parser:
    """A command with its sentence and an example."""
    return verbs.add_parser(verb, help=sentence, description=sentence, epilog=f"example: {example}")
