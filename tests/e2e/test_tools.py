"""The tools that the image promises: each works in a restricted pod, and what it shows is recorded."""

from pathlib import Path

import pytest
from shelf import Shelf
from toolbox import Toolbox

LIST = Path(__file__).parents[2] / "image" / "tools.txt"
API = "kubernetes.default.svc.cluster.local"
API_ADDRESS = "10.96.0.1"
TOOLS = {
    "ip": ("ip -brief -color=never address show lo", "127.0.0.1/8"),
    "ss": ("ss -Hltn", ":9464"),
    "netstat": ("netstat -ltn", ":9464"),
    "dig": (f"dig +short {API}", API_ADDRESS),
    "nslookup": (f"nslookup {API}", f"Address: {API_ADDRESS}"),
    "traceroute": ("traceroute -n 127.0.0.1", " 1  127.0.0.1 "),
    "openssl": (f"openssl s_client -connect {API}:443 </dev/null", "CN=kube-apiserver"),
    "curl": (f"curl --silent --show-error --insecure https://{API}/version", '"gitVersion": "v1.35'),
    "ping": ("ping -c 1 127.0.0.1", "1 packets transmitted, 1 received"),
    "nc": ("nc -zv 127.0.0.1 9464", "9464 port [tcp/*] succeeded!"),
    "ssh": ("ssh -V", "OpenSSH_"),
    "jq": ("""echo '{"a": {"b": 42}}' | jq .a.b""", "42"),
    "less": ("less --version", "less "),
    "vi": ("vi --version", "VIM - Vi IMproved"),
    "ps": ("ps -A -o comm=", "tshoot-agent"),
    "telnet": ("telnet 127.0.0.1 9464 </dev/null", "Connected to 127.0.0.1"),
    "asciinema": ("asciinema --version", "asciinema 2.4.0"),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_works_and_is_recorded(toolbox: Toolbox, shelf: Shelf, tool: str) -> None:
    """On a terminal, as a person runs it: what it shows, its exit status, and the same in its recording."""
    command, sign = TOOLS[tool]
    with toolbox.shell("-c", command) as terminal:
        assert terminal.wait() == 0, terminal.shown
    assert sign in terminal.shown.decode()
    cast = shelf.new_cast()
    assert sign in cast.shown
    assert cast.summary["exitCode"] == 0


def test_every_tool_of_the_list_starts(toolbox: Toolbox, shelf: Shelf) -> None:
    """Each line of image/tools.txt is a command that ends with status 0."""
    commands = [line for line in LIST.read_text().splitlines() if not line.startswith("#")]
    script = "\n".join(f"{{ {command}; }} >/dev/null 2>&1; echo $? {command}" for command in commands)
    assert toolbox.run("shell", "-c", script).returncode == 0
    assert shelf.new_cast().shown.splitlines() == [f"0 {command}" for command in commands]
