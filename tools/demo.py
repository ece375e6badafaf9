"""`make demo`: the main job in front of your eyes, from a cluster to the playback of a recorded session.

It starts (or joins) the test cluster, or uses that of your kubeconfig with CLUSTER=current, installs the
product, opens a recorded shell through kubectl, types a short troubleshooting session, ends it and plays the
recording. Without root it records a shell of this machine with the same agent instead. What it typed by
itself is left running for you to go on by hand.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pexpect

ROOT: Final = Path(__file__).parents[1]
HARNESS: Final = (sys.executable, str(ROOT / "tests/cluster/cli.py"))
NAMESPACE: Final = "troubleshooter-demo"
NAME: Final = "minimal"  # of crd/samples/minimal.yaml
SIZE: Final = (30, 100)  # rows, columns
PROMPT: Final = r"[$#] (?:\x1b\[[0-9;?]*[a-zA-Z])*$"
COMMANDS: Final = (
    "ip -brief address",
    "dig +short kubernetes.default.svc.cluster.local",
    "curl -sk --max-time 5 https://kubernetes.default.svc/version | head -5",
    "openssl s_client -connect kubernetes.default.svc:443 </dev/null 2>&1 | openssl x509 -noout -enddate",
    "traceroute -n -w 1 -m 3 {node}",
    "ping -c 2 {node}",
)
NODE_ADDRESS: Final = "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}"
LOCAL_COMMANDS: Final = ("uname -sr", "ls -l /proc/self/exe", "head -3 /etc/os-release")


def main() -> int:
    """The order of the demonstration."""
    if os.geteuid() != 0:
        return local_demo()
    environment = start_cluster()
    deploy(environment)
    toolbox = start_toolbox(environment)
    session(environment, toolbox)
    recording = newest_recording(environment, toolbox)
    play(environment, toolbox, recording)
    say_how_to_go_on(toolbox, recording)
    return 0


def local_demo() -> int:
    """The same agent on this machine alone."""
    say("Not root, so no cluster can be started: recording a shell of this machine instead.")
    with tempfile.TemporaryDirectory() as folder:
        cast = Path(folder) / "demo.cast"
        agent = [
            sys.executable,
            "-m",
            "troubleshooter_agent",
            "record",
            "-o",
            str(cast),
            "--",
            "bash",
            "--norc",
        ]
        person = pexpect.spawn(
            agent[0], agent[1:], dimensions=SIZE, timeout=20, env={**os.environ, "PS1": "$ "}
        )
        status = type_session(person, LOCAL_COMMANDS)
        say(f"The shell ended with status {status}. Playing the recording:")
        subprocess.run(
            [str(Path(sys.executable).parent / "asciinema"), "play", "-i", "0.5", str(cast)], check=True
        )
    say("By hand: .venv/bin/troubleshooter-agent record -o my.cast   then: .venv/bin/asciinema play my.cast")
    return 0


def start_cluster() -> dict[str, str]:
    """The test cluster with both images; the environment in which kubectl talks to it."""
    exports = subprocess.run([*HARNESS, "up"], check=True, stdout=subprocess.PIPE, text=True).stdout
    subprocess.run([*HARNESS, "image"], check=True)
    shown = subprocess.run(
        ["sh", "-c", f"{exports}\nprintf '%s\\n%s' \"$KUBECONFIG\" \"$PATH\""],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    kubeconfig, path = shown.stdout.splitlines()
    return {**os.environ, "KUBECONFIG": kubeconfig, "PATH": path}


def deploy(environment: dict[str, str]) -> None:
    """CRDs, operator, default class; and a namespace that enforces Pod Security `restricted`."""
    with step("Deploying CRDs and operator"):
        subprocess.run(
            ["make", "-C", str(ROOT), "deploy"], env=environment, check=True, stdout=subprocess.DEVNULL
        )
        kubectl(
            environment, "-n", "troubleshooter-system", "rollout", "status", "deployment", "--timeout=120s"
        )
        manifest = kubectl(environment, "create", "namespace", NAMESPACE, "--dry-run=client", "-o", "yaml")
        kubectl(environment, "apply", "-f", "-", text=manifest)
        kubectl(
            environment,
            "label",
            "--overwrite",
            "namespace",
            NAMESPACE,
            "pod-security.kubernetes.io/enforce=restricted",
        )


def start_toolbox(environment: dict[str, str]) -> str:
    """Apply the smallest Troubleshooter there is; the name of its pod once a shell can be opened."""
    sample = ROOT / "crd/samples/minimal.yaml"
    say(f"$ kubectl apply -f {sample.relative_to(ROOT)}\n{sample.read_text().rstrip()}")
    inside = ("-n", NAMESPACE)
    kubectl(environment, *inside, "delete", "troubleshooter", NAME, "--ignore-not-found", "--wait=true")
    with step("Waiting until the toolbox is Ready"):
        kubectl(environment, *inside, "apply", "-f", str(sample))
        kubectl(
            environment, *inside, "wait", "--for=condition=Ready", f"troubleshooter/{NAME}", "--timeout=120s"
        )
    say(kubectl(environment, *inside, "get", "troubleshooters").rstrip())
    return kubectl(environment, *inside, "get", "troubleshooter", NAME, "-o", "jsonpath={.status.podName}")


def session(environment: dict[str, str], toolbox: str) -> None:
    """A person at a real terminal."""
    arguments = ["-n", NAMESPACE, "exec", "-it", toolbox, "--", "shell", f"--user={whoami(environment)}"]
    say(f"$ kubectl {shlex.join(arguments)}")
    person = pexpect.spawn("kubectl", arguments, dimensions=SIZE, timeout=60, env=environment)
    node = kubectl(environment, "get", "nodes", "-o", NODE_ADDRESS)
    status = type_session(person, tuple(command.format(node=node) for command in COMMANDS))
    say(f"The shell ended with status {status}.")


def type_session(person: "pexpect.spawn[bytes]", commands: tuple[str, ...]) -> int:
    """Type commands, show what the terminal shows, leave; the exit status."""
    person.logfile_read = sys.stdout.buffer
    for command in commands:
        person.expect(PROMPT)
        for character in command:
            person.send(character)
        person.send("\r")
    person.expect(PROMPT)
    person.sendline("exit")
    person.expect(pexpect.EOF)
    person.close()
    return int(person.exitstatus or 0)


def newest_recording(environment: dict[str, str], toolbox: str) -> str:
    """The id of the session that was just recorded, as the toolbox lists it."""
    arguments = [
        "-n",
        NAMESPACE,
        "exec",
        toolbox,
        "--",
        "shell",
        f"--user={whoami(environment)}",
        "--",
        "troubleshooter-agent",
        "list",
    ]
    say(f"$ kubectl {shlex.join(arguments)}")
    table = kubectl(environment, *arguments)
    say(table.rstrip())
    return table.splitlines()[-1].split()[0]


def play(environment: dict[str, str], toolbox: str, recording: str) -> None:
    """Play it, with asciinema, in the toolbox: a reading, which is not recorded."""
    words = ["shell", f"--user={whoami(environment)}", "--", "troubleshooter-agent", "play", recording]
    arguments = ["-n", NAMESPACE, "exec", "-it", toolbox, "--", *words]
    say(f"$ kubectl {shlex.join(arguments)}")
    person = pexpect.spawn("kubectl", arguments, dimensions=SIZE, timeout=180, env=environment)
    person.logfile_read = sys.stdout.buffer
    person.expect(pexpect.EOF)
    person.close()
    if person.exitstatus != 0:
        raise SystemExit(f"the playback ended with status {person.exitstatus}")


def whoami(environment: dict[str, str]) -> str:
    """The name that the API server knows; where policies check names and rewrite none, no other is taken."""
    return kubectl(environment, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")


def say_how_to_go_on(toolbox: str, recording: str) -> None:
    """The commands to go on by hand."""
    ours = os.environ.get("CLUSTER") != "current"
    begin, end = ('  eval "$(make cluster-up)"\n', "make cluster-down") if ours else ("", "make undeploy")
    say(
        f"\nGo on by hand:\n{begin}"
        f"  kubectl config set-context --current --namespace={NAMESPACE}\n"
        f"  kubectl get troubleshooters,pods,pvc\n  kubectl exec -it {toolbox} -- shell\n"
        f"  kubectl exec -it {toolbox} -- shell -- troubleshooter-agent play {recording}\n"
        f"  kubectl explain troubleshooter.spec\n  {end}"
    )


def kubectl(environment: dict[str, str], *arguments: str, text: str | None = None) -> str:
    """What kubectl prints; the end of the demonstration, with its own words, if it fails."""
    done = subprocess.run(
        ["kubectl", *arguments], env=environment, input=text, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"kubectl {shlex.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


@contextmanager
def step(text: str) -> Iterator[None]:
    """Say what takes a while, and how long it took."""
    say(f"{text} …")
    began = time.monotonic()
    yield
    say(f"{text}: done in {time.monotonic() - began:.1f} s")


def say(text: str) -> None:
    """Talk, on stderr."""
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
