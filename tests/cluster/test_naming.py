"""IMG names both images, in what is built and in what is deployed."""

import pytest
from naming import DEFAULT, Names, chosen
from progress import HarnessError

MANIFESTS = """\
image: localhost/troubleshooter/operator:dev
default: localhost/troubleshooter/toolbox:dev
allowed:
- localhost/troubleshooter/toolbox:*
"""


def test_both_images_are_below_the_prefix() -> None:
    names = chosen({"IMG": "registry.example.org:5000/team/troubleshooter:1.0-rc.1"})
    assert names.of("toolbox") == "registry.example.org:5000/team/troubleshooter/toolbox:1.0-rc.1"
    assert names.of("operator") == "registry.example.org:5000/team/troubleshooter/operator:1.0-rc.1"


@pytest.mark.parametrize("environ", [{}, {"IMG": ""}])
def test_without_it_they_are_those_of_the_manifests(environ: dict[str, str]) -> None:
    assert chosen(environ).of("toolbox") == "localhost/troubleshooter/toolbox:dev"
    assert chosen(environ).put_into(MANIFESTS) == MANIFESTS


def test_the_class_offers_all_tags_of_the_toolbox() -> None:
    assert Names("registry.example.org/t", "1.0").put_into(MANIFESTS) == (
        "image: registry.example.org/t/operator:1.0\n"
        "default: registry.example.org/t/toolbox:1.0\n"
        "allowed:\n"
        "- registry.example.org/t/toolbox:*\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "registry.example.org/troubleshooter",
        "registry.example.org:5000/troubleshooter",
        "troubleshooter:1.0",
        "registry.example.org/Troubleshooter:1.0",
        "registry.example.org/troubleshooter:1.0|x",
        "registry.example.org/troubleshooter:1.0\n",
    ],
)
def test_anything_else_is_refused_with_the_form_it_takes(text: str) -> None:
    with pytest.raises(HarnessError, match="IMG must be PREFIX:TAG, such as ") as refused:
        chosen({"IMG": text})
    assert str(refused.value).endswith(f"; got {text}")


def test_the_default_is_not_a_name_of_another_kind() -> None:
    assert chosen({"IMG": f"{DEFAULT.prefix}:{DEFAULT.tag}"}) == DEFAULT
