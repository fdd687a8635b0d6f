"""How long from `hearth ctl ptt down`, a process of its own, to the gate of the microphone, beside the key itself.

Run by hand, on a quiet machine: `HEARTH_PROFILE=release python3 tests/app/ctl_key.py`. The client says in its log when the
gate heard of a key. Needs what `two_windows.py` needs.
"""

import datetime
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import desktop  # noqa: E402
from lab import figure, run, until  # noqa: E402
from peers import Peer, binary  # noqa: E402

PRESSES = int(os.environ.get("PRESSES", "60"))
GATE = re.compile(r"(\S+Z)\S* .*hearth_audio::key")
KEY = "Control_R"


def at_the_gate(log):
    """When the gate heard of keys so far, in seconds of the day's clock."""
    with open(log, errors="replace") as lines:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", lines.read())
    times = (match.group(1) for match in map(GATE.search, plain.splitlines()) if match)
    return [datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp() for t in times]


def spread(times):
    ordered = sorted(t * 1000 for t in times)
    at = lambda share: ordered[int((len(ordered) - 1) * share)]
    return f"p50 {at(0.5):.1f} ms, p95 {at(0.95):.1f} ms, most {ordered[-1]:.1f} ms"


def press(desk, words, presses):
    """From the start of each command to the gate."""
    took = []
    for n in range(presses):
        for down in (True, False):
            before = len(at_the_gate(desk.log))
            start = time.time()
            desk.run(*words(down))
            until(lambda: len(at_the_gate(desk.log)) > before, 5, "the gate to hear of it")
            took.append(at_the_gate(desk.log)[before] - start)
            time.sleep(0.15)
    return took


def a_command_beside_the_key(lab):
    (host,) = lab.lan("ada")
    home = os.path.join(lab.path("ada.person"), "hearth")
    ada = Peer(lab, host, "ada", home=home, env={"HEARTH_KEYCHAIN": "off"})
    community, _ = ada.found("The Den")
    channels = ada.ask("community.state", community=community)["channels"]
    room = next(c["channel"] for c in channels if c["kind"] == "voice")
    ada.stop()
    desk = desktop.Desktop(lab, host, "ada", env={"RUST_LOG": "warn,hearth_audio::key=trace"})
    desk.settle(60)
    desk.ctl("voice.sink", "wav=" + lab.path("heard.wav"))
    desk.ctl("voice.join", f"channel={room}")
    desk.settle()
    hearth = binary("HEARTH", "hearth")
    word = lambda down: (hearth, "--home", desk.home, "ctl", "ptt", "down" if down else "up")
    desk.run(*word(True))
    desk.run(*word(False))
    commands = press(desk, word, PRESSES)
    # What a process costs that only starts: the same program, asked for its version.
    starts = []
    for _ in range(PRESSES):
        start = time.time()
        desk.run(hearth, "--version")
        starts.append(time.time() - start)
    figure("from the command to the gate", f"{spread(commands)}, {len(commands)} times, load {os.getloadavg()[0]:.1f}")
    figure("of that, a process that only starts and ends", spread(starts))
    desk.quit()


if __name__ == "__main__":
    desktop.need_tools()
    run(a_command_beside_the_key)
