#!/usr/bin/env python3
"""Twelve people talk through one of them, who is killed: everybody hears everybody again within two seconds.

KILLS=20 for a histogram worth the name; GAPS=FILE adds those of several runs up in a file; LOGS=FOLDER keeps everybody's
logs, for which HEARTH_LOG says what is in them.
"""

import json
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "net"))

from hums import all_at_once, listen, silences, spread, start_humming, stop_listening
from lab import figure, run, until
from peers import Peer
from talk_in_a_room import go_in, room_of

PEOPLE = int(os.environ.get("PEOPLE", "12"))
KILLS = int(os.environ.get("KILLS", "1"))
BOUND_S = 2.0
STEPS_S = [0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0]


def the_relay(peers):
    """The one through whom all talk, once they all say the same."""
    def relay():
        said = {p.ask("voice.stats")["relay"] for p in peers}
        return next((p for p in peers if said == {p.user}), None)
    return until(relay, 30, "one relay")[0]


def keep_logs(lab, folder):
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(lab.folder):
        if name.endswith(".log"):
            shutil.copy(lab.path(name), folder)


def add_up(gaps):
    """Keeps these, and gives them with those of earlier kills."""
    with open(os.environ["GAPS"], "a+", encoding="utf-8") as file:
        file.write(json.dumps(gaps) + "\n")
        file.seek(0)
        return [gap for line in file for gap in json.loads(line)]


def the_relay_is_killed(lab):
    if folder := os.environ.get("LOGS"):
        lab.at_end.append(lambda: keep_logs(lab, folder))
    peers, _, room = room_of(lab, [f"p{n}" for n in range(PEOPLE)])
    gaps, ways, of_all = [], [], []
    for kill in range(KILLS):
        ways.append(go_in(lab, peers, room))
        relay = the_relay(peers)
        talkers = [p for p in peers if p is not relay][:3]
        start_humming(lab, talkers)
        rest = [p for p in peers if p is not relay]
        listen(lab, rest, kill)
        time.sleep(4)
        relay.process.kill()
        time.sleep(4)
        stop_listening(rest)
        all_at_once(rest, "voice.leave")
        all_at_once(talkers, "voice.source")
        longest = list(silences(lab, rest, talkers, kill).values())
        gaps += longest
        of_all = add_up(longest) if "GAPS" in os.environ else gaps
        peers = rest + [Peer(lab, relay.host, relay.name, home=relay.home)]
        until(lambda: all(len(p.linked()) >= 2 for p in peers), 20, "back again")
    figure("from the first join to a way to everybody", spread(ways))
    figure(f"silence after {KILLS} kills, of {len(gaps)} voices at ears", spread(gaps))
    counts = ", ".join(f"<= {s * 1000:.0f} ms: {sum(g <= s for g in of_all)}" for s in STEPS_S)
    figure(f"of {len(of_all)} in all", f"{counts}; {spread(of_all)}")
    figure("load", f"{os.getloadavg()[0]:.1f}")
    assert max(gaps) < BOUND_S, max(gaps)


if __name__ == "__main__":
    run(the_relay_is_killed)
