"""The cache never goes back in time, whatever order news comes in."""

from typing import Any

from troubleshooter_operator.store import Change, Store


def thing(version: int, name: str = "a", group: str = "g") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n", "resourceVersion": str(version)}, "group": group}


def by_group(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [("n", group) for group in found["group"]]


def test_older_news_of_an_object_is_no_news() -> None:
    store = Store()
    assert store.put(thing(5)) == Change(None, thing(5))
    assert store.put(thing(4)) is None
    assert store.get("n", "a") == thing(5)


def test_our_own_write_is_there_before_the_watch_brings_it() -> None:
    store = Store()
    store.put(thing(5))
    store.remember(thing(8))
    assert store.get("n", "a") == thing(8)
    assert store.put(thing(7)) is None
    assert store.put(thing(8)) == Change(thing(8), thing(8))  # it may hold what others wrote before us
    assert store.put(thing(8)) is None
    assert store.replace([thing(7)], "7") == []
    assert store.get("n", "a") == thing(8)


def test_what_was_deleted_before_our_answer_came_stays_deleted() -> None:
    store = Store()
    store.put(thing(5))
    store.remove(thing(9))
    store.remember(thing(8))
    assert store.get("n", "a") is None


def test_a_list_tells_of_what_is_missing_with_its_last_state() -> None:
    store = Store()
    store.put(thing(5))
    assert store.replace([], "6") == [Change(thing(5), None, witnessed=False)]
    assert store.get("n", "a") is None


def test_a_list_from_before_our_own_write_takes_nothing_away() -> None:
    store = Store()
    store.replace([], "6")
    store.remember(thing(8))
    assert store.replace([], "7") == []
    assert store.get("n", "a") == thing(8)


def test_the_index_follows_each_change() -> None:
    store = Store(by_group)
    store.put(thing(5))
    store.put(thing(6, group="h"))
    assert store.group(("n", "g")) == []
    assert store.group(("n", "h")) == [thing(6, group="h")]
    store.put(thing(7, group="hi"))
    assert store.group(("n", "h")) == store.group(("n", "i")) == [thing(7, group="hi")]
    store.remove(thing(8, group="hi"))
    assert store.group(("n", "h")) == store.group(("n", "i")) == []


def test_a_deletion_told_twice_takes_nothing_newer_away() -> None:
    """The name has a new object by then."""
    store = Store()
    store.put(thing(5))
    assert store.remove(thing(6)) == Change(thing(6), None)
    store.put(thing(8))
    assert store.remove(thing(6)) is None
    assert store.get("n", "a") == thing(8)


def test_news_from_before_a_deletion_brings_nothing_back() -> None:
    store = Store()
    store.put(thing(5))
    store.remove(thing(7))
    assert store.put(thing(6)) is None
    assert store.remove(thing(7)) is None
    assert store.get("n", "a") is None
    assert store.put(thing(9)) == Change(None, thing(9))


def test_a_list_has_the_last_word_on_what_was_deleted() -> None:
    store = Store()
    store.remove(thing(7))
    store.replace([thing(6)], "9")
    assert store.get("n", "a") == thing(6)
