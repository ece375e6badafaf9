"""The queue: each key once, one worker a key, later if asked, slower if it fails."""

import threading

from troubleshooter_operator.workqueue import WorkQueue


class Ticking:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_that_is_added_often_is_looked_at_once() -> None:
    queue = WorkQueue[str]()
    for _ in range(1000):
        queue.add("a")
    assert queue.get() == "a"
    assert len(queue) == 0


def test_a_key_that_comes_while_it_is_worked_on_comes_back_after() -> None:
    queue = WorkQueue[str]()
    queue.add("a")
    assert queue.get() == "a"
    queue.add("a")
    queue.add("b")
    assert queue.get() == "b"
    queue.done("a")
    assert queue.get() == "a"


def test_the_earliest_of_several_instants_counts_and_only_once() -> None:
    clock = Ticking()
    queue = WorkQueue[str](clock=clock)
    queue.add_after("a", 10)
    queue.add_after("a", 5)
    queue.add_after("a", 20)
    clock.now = 5
    assert queue.get() == "a"
    queue.done("a")
    clock.now = 30
    queue.add("b")
    assert queue.get() == "b"
    assert len(queue) == 0


def test_failures_in_a_row_double_the_wait_up_to_a_limit_until_a_success() -> None:
    queue = WorkQueue[str](first_retry=1, last_retry=5)
    assert [queue.failed("a") for _ in range(4)] == [1, 2, 4, 5]
    queue.succeeded("a")
    assert queue.failed("a") == 1


def test_who_waits_is_woken_by_a_key_and_by_the_end() -> None:
    queue = WorkQueue[str]()
    got: list[str | None] = []
    began = threading.Barrier(2)

    def worker() -> None:
        began.wait()
        got.append(queue.get())
        got.append(queue.get())

    thread = threading.Thread(target=worker)
    thread.start()
    began.wait()
    queue.add_after("a", 0.01)
    thread_saw_it = threading.Event()
    while not got and not thread_saw_it.wait(0.01):
        pass
    queue.close()
    thread.join(5)
    assert got == ["a", None]


def test_whose_time_has_come_goes_before_those_with_news() -> None:
    """Also if it has news itself, and waits behind the others for that."""
    clock = Ticking()
    queue = WorkQueue[str](clock=clock)
    for key in ("a", "b", "c"):
        queue.add(key)
    queue.add_after("c", 5, first=True)
    queue.add_after("d", 5)
    clock.now = 5
    queue.add("c")
    assert [queue.get() for _ in range(4)] == ["c", "a", "b", "d"]
    assert len(queue) == 0


def test_whose_time_comes_while_it_is_worked_on_goes_first_after() -> None:
    clock = Ticking()
    queue = WorkQueue[str](clock=clock)
    queue.add("a")
    assert queue.get() == "a"
    queue.add("b")
    queue.add_after("a", 5, first=True)
    clock.now = 5
    assert queue.get() == "b"
    queue.add("c")
    queue.add("a")
    assert (len(queue), queue.oldest()) == (2, 0.0)
    queue.done("a")
    assert [queue.get() for _ in range(2)] == ["a", "c"]
