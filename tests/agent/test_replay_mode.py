"""A replay: PID 1 opens no shell and writes nothing on the volume, and readings keep it while they run.

The volume is mounted read-only, as the kubelet does it.
"""

import hashlib
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kubelet import AGENT
from processes import wait_for
from terminal import Terminal
from volumes import ENDED, HEADER, HELLO, ID, SCRIPTS, STARTED, WHOLE, put

from agent import RunningAgent, running_agent
from troubleshooter_agent.annotations import Projected, project
from troubleshooter_agent.contract import EndReason, parse_time
from troubleshooter_agent.request import Attach, Extend
from troubleshooter_agent.toolbox import Ending, ToolboxState

READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
REPLAY = Projected(
    namespace="shop", name="box", pod="box-replay", time_to_live=3600.0, idle_timeout=900.0, replay=True
)
TORN = "2026-11-22T19-00-00Z-bbbbbbbb"
RUNNING = "2026-11-22T20-00-00Z-cccccccc"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    """With a whole recording, and one that a lost node left torn and without a summary."""
    put(tmp_path / "recordings", WHOLE)
    put(tmp_path / "recordings", HEADER + STARTED + HELLO + '[2.0,"o","torn', name=TORN)
    main = ("sh", "-c", READ_ONLY, str(tmp_path / "recordings"), *AGENT)
    with running_agent(tmp_path, main=main, replay="true", recordings_retained="") as agent:
        yield agent


def words(agent: RunningAgent, *reading: str) -> list[str]:
    verb, *rest = reading
    folder = str(agent.folder / "recordings")
    return ["--user=alice", "--", "troubleshooter-agent", verb, "--recordings", folder, *rest]


def read(agent: RunningAgent, *reading: str) -> "subprocess.CompletedProcess[bytes]":
    return agent.run(*words(agent, *reading))


def life_with_time_for_a_warning(agent: RunningAgent) -> int:
    """Seconds from the start: 10 s before the end a reader is told, where that is less than half of them."""
    lived = time.time() - parse_time(agent.status()["startedAt"])
    return max(21, int(lived) + 12)


def contents(folder: Path) -> dict[str, str]:
    """Every file and its hash."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


class TestDecisions:
    """The clock counts seconds from the machine's start; the replay began at its 100."""

    @pytest.fixture
    def state(self) -> ToolboxState:
        state = ToolboxState(100.0, 1795372703.0, Path("/recordings"), REPLAY)
        state.learn(REPLAY, 105.0)
        return state

    def test_is_ready_without_a_word_on_retention(self, state: ToolboxState) -> None:
        assert state.status()["ready"]
        assert [deadline.at for deadline in state.deadlines()] == [1005.0, 3700.0]

    def test_idle_clock_starts_anew_with_a_reading_and_with_its_end(self, state: ToolboxState) -> None:
        state.readings.began(600.0)
        assert state.due(1499.0) is None
        state.readings.ended(1500.0)
        assert state.due(2399.0) is None
        assert state.due(2400.0) == Ending(EndReason.IDLE_TIMEOUT, "idle for 15m", 2400.0)

    def test_reading_that_never_ends_is_bounded_by_the_life_time(self, state: ToolboxState) -> None:
        state.readings.began(600.0)
        assert state.due(3699.9) is None
        assert state.due(3700.0) == Ending(
            EndReason.TIME_TO_LIVE_REACHED, "time to live of 1h reached", 3700.0
        )

    def test_each_of_several_readings_holds_it(self, state: ToolboxState) -> None:
        state.readings.began(600.0)
        state.readings.began(700.0)
        state.readings.ended(800.0)
        assert state.due(2000.0) is None

    def test_warning_tells_what_can_be_done(self, state: ToolboxState) -> None:
        state.readings.began(600.0)
        assert state.due(3400.0) is None
        assert state.warnings(3400.0) == [
            "this replay ends in 5m, its time to live of 1h is nearly over; make another then"
        ]

    def test_ending_replay_lets_nobody_read(self, state: ToolboxState) -> None:
        assert state.reading_refusal() is None
        state.ending = Ending(EndReason.STOPPED, "stopped", 200.0)
        refusal = state.reading_refusal()
        assert refusal is not None
        assert (refusal.status, refusal.sentence) == (124, "this replay is ending: stopped")
        assert not state.status()["ready"]

    def test_ending_toolbox_can_still_be_read(self, state: ToolboxState) -> None:
        state.learn(replace(REPLAY, replay=False), 110.0)
        state.ending = Ending(EndReason.STOPPED, "stopped", 200.0)
        assert state.reading_refusal() is None

    def test_nothing_but_a_reading_is_let_in(self, state: ToolboxState) -> None:
        sentence = (
            "this is a replay, which only reads recordings and opens no shell; type: "
            "kubectl exec box-replay -- shell -- troubleshooter-agent list"
        )
        for refusal in (
            state.refusal(),
            state.wanted(Attach("", "alice", (80, 24), view=True), entered_at=1.0),
        ):
            assert getattr(refusal, "sentence", "") == sentence
        _, refusal = state.extend(Extend(60, "alice"))
        assert (refusal.status, refusal.wait) == (1, False)
        assert refusal.sentence == (
            "a replay is not extended: it lives until 2026-11-22T19:40:03Z at the latest; then make another"
        )

    @pytest.mark.parametrize(
        ("text", "last", "replay"),
        [("true", False, True), ("", True, True), ("perhaps", True, True), ("", False, False)],
    )
    def test_pod_does_not_become_a_toolbox_by_losing_its_annotation(
        self, *, text: str, last: bool, replay: bool
    ) -> None:
        projected, _ = project({"replay": text}, Projected(replay=last))
        assert projected.replay is replay


def test_shell_is_refused_with_the_line_to_type(agent: RunningAgent) -> None:
    for arguments in ((), ("-c", "true"), ("--", "bash")):
        shell = agent.run(*arguments)
        assert (shell.returncode, shell.stdout) == (64, b"")
        assert shell.stderr.decode() == (
            "troubleshooter: this is a replay, which only reads recordings and opens no shell; type: "
            "kubectl exec box -- shell -- troubleshooter-agent list\n"
        )
    assert agent.recorders() == []
    assert agent.status()["sessionCount"] == 0


def test_readings_work_and_the_volume_is_as_it_was(agent: RunningAgent) -> None:
    before = contents(agent.folder / "recordings")
    listed = read(agent, "list", "--json")
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == [ID, "bbbbbbbb"]
    assert b"hello" in read(agent, "cat", ID).stdout
    assert json.loads(read(agent, "search", "--json", "--", "hello").stdout.splitlines()[0])["id"] == ID
    mended = read(agent, "export", "bbbbbbbb", "--as", "cast").stdout.decode().splitlines()
    assert json.loads(mended[-1])[1:] == [
        "m",
        "session ended: the recorder ended without a word (a lost node or a killed pod)",
    ]
    assert read(agent, "verify", ID).returncode == 1  # no summary lies beside it
    assert read(agent, "cat", "cccccccc").returncode == 1
    assert contents(agent.folder / "recordings") == before


def test_each_reading_leaves_its_line_in_the_log(agent: RunningAgent) -> None:
    assert read(agent, "cat", ID).returncode == 0
    (line,) = agent.logged("reading")
    folder = f"{agent.folder}/recordings"
    assert line.endswith(
        f' event=reading user=alice argv="troubleshooter-agent cat --recordings {folder} {ID}"'
    )
    assert not list((agent.folder / "recordings").rglob("access.jsonl"))


def test_reading_tells_its_failure_and_its_status(agent: RunningAgent) -> None:
    failed = read(agent, "cat", "cccccccc")
    assert failed.returncode == 1
    assert failed.stderr.startswith(b"troubleshooter: there is no recording cccccccc")
    assert read(agent, "search", "not to be found").returncode == 1


def test_replay_ends_when_nobody_reads(tmp_path: Path) -> None:
    put(tmp_path / "recordings", WHOLE)
    with running_agent(tmp_path, replay="true", idle_timeout="2s") as agent:
        assert agent.status()["ready"]
        assert agent.wait() == 0
        assert (agent.last_words()["reason"], agent.last_words()["message"]) == ("IdleTimeout", "idle for 2s")


def test_running_reading_outlives_the_idle_time_and_not_the_life_time(tmp_path: Path) -> None:
    """A player that waits for a key, left alone. It is told 10 s before; the terminal is clean afterwards."""
    slow = HEADER + STARTED + '[0.1,"o","\\u001b[?1049hshown"]\n' + '[9999.0,"o","late"]\n' + ENDED
    put(tmp_path / "recordings", slow)
    with running_agent(tmp_path, replay="true") as agent:
        environment = {**agent.environment, "PATH": f"{SCRIPTS}:{agent.environment['PATH']}"}
        with Terminal(agent.shell_command(*words(agent, "play", ID)), env=environment) as screen:
            screen.expect("shown")
            life = life_with_time_for_a_warning(agent)
            agent.annotate(idle_timeout="1s", time_to_live=f"{life}s")
            screen.expect("this replay ends in 10s", timeout=40)
            assert screen.wait() == 124
            assert screen.shown.endswith(b" reached; its recordings are kept\r\n")
            assert b"\x1b[?1049l" in screen.shown
        assert agent.wait() == 0
        assert agent.last_words()["reason"] == "TimeToLiveReached"


def test_reader_that_is_killed_holds_it_no_longer(agent: RunningAgent) -> None:
    reader = agent.open(*words(agent, "follow", "bbbbbbbb"))  # waits 2 s for its recorder's last word
    wait_for(lambda: agent.logged("reading"), "the reading")
    reader.send_signal(signal.SIGKILL)
    reader.communicate()
    agent.annotate(idle_timeout="1s")
    assert agent.wait() == 0


def test_deleted_replay_says_so_to_those_who_read(agent: RunningAgent) -> None:
    cast = put(agent.folder / "recordings", HEADER + STARTED + HELLO, name=RUNNING)
    command = ["flock", str(cast)]
    command += agent.shell_command(*words(agent, "follow", "cccccccc"))
    with subprocess.Popen(command, env=agent.environment, stderr=-1, stdout=-1) as reader:
        wait_for(lambda: agent.logged("reading"), "the reading")
        agent.terminate()
        _, said = reader.communicate()
    assert reader.returncode == 124
    assert said.decode().endswith(
        "troubleshooter: this replay has ended: pod deleted; its recordings are kept\n"
    )


def test_toolbox_notes_a_reading_on_its_volume(tmp_path: Path) -> None:
    """As ever: no activity; and a reader cannot fill the volume with arguments."""
    put(tmp_path / "recordings", WHOLE)
    with running_agent(tmp_path) as agent:
        before = agent.status()["lastActivityAt"]
        assert read(agent, "cat", "x" * 60_000).returncode != 0
        note = (tmp_path / "recordings/shop/box/access.jsonl").read_bytes()
        assert json.loads(note)["user"] == "alice"
        assert len(note) < 5000
        assert agent.status()["lastActivityAt"] == before
        assert agent.logged("reading") == []
