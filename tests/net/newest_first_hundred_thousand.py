#!/usr/bin/env python3
"""A newcomer to 100,000 messages over 20 days lists the newest 100 within a second of joining; the rest follows.

`hearth-makehome --home DIR --messages N --days N` makes the home folder and prints `{"community", "channel", "entries"}`.
"""

import json
import os
import subprocess
import time

from lab import figure, run, until
from peers import Peer, agree, binary

MESSAGES = int(os.environ.get("HEARTH_MESSAGES", "100000"))
DAYS = 20


def the_newest_hundred_come_first(lab):
    home = lab.path("ada.home")
    start = time.monotonic()
    made = subprocess.run(
        [binary("HEARTH_MAKEHOME", "hearth-makehome"), "--home", home, "--messages", str(MESSAGES), "--days", str(DAYS)],
        check=True, capture_output=True, text=True,
    )
    figure("generate", f"{time.monotonic() - start:.1f} s")
    made = json.loads(made.stdout.splitlines()[-1])
    community, channel, entries = made["community"], made["channel"], made["entries"]
    left, right = lab.lan("ada", "bo")
    ada = Peer(lab, left, "ada", home=home)
    figure("ready with the whole history", f"{ada.ready_after:.2f} s")
    wanted = [m["message"] for m in ada.ask("message.list", channel=channel, limit=100)["messages"]]
    assert len(wanted) == 100
    bo = Peer(lab, right, "bo")
    link = ada.invite(community)
    start = time.monotonic()
    assert bo.join(link, 60) == community
    joined = time.monotonic()

    def newest():
        return [m["message"] for m in bo.ask("message.list", channel=channel, limit=100)["messages"]] == wanted

    until(newest, 30, "the newest hundred")
    took = time.monotonic() - start
    figure("join", f"{joined - start:.2f} s")
    figure("asking to join to newest 100 listed", f"{took:.2f} s")
    until(lambda: agree([ada, bo], community), 600, "the rest")
    whole = time.monotonic() - joined
    figure("join to whole", f"{whole:.1f} s, {entries} entries, {entries / whole:.0f} entries/s")
    progress = [e for e in bo.events if e["event"] == "sync.progress"]
    figure("progress events", len(progress))
    figure("peak memory", f"{ada.peak_mib():.0f} MiB serving, {bo.peak_mib():.0f} MiB fetching")
    assert progress, "no progress was told"
    assert took < 1, f"newest 100 after {took:.2f} s"


if __name__ == "__main__":
    run(the_newest_hundred_come_first)
