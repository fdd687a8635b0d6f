#!/usr/bin/env python3
"""A real browser as the other end: Chromium's microphone goes to a media peer of ours, which sends it back.

Shows audio both ways on the browser's own statistics, on a talker's slot and a forwarding slot, audio levels in the
packets, datagrams, and a restart of ICE. Frames are plain Opus here; sealing them is above this layer.
Needs `chromium`. Build first: `cargo build -p hearth-rtc --example peer`.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
import lab  # noqa: E402
from bridge import CHROMIUM, FAKE_DEVICES, Bridge, browse  # noqa: E402
from turn import PEER  # noqa: E402


class Echo(Bridge):
    """A peer that sends back what it hears."""

    def __init__(self, world):
        self.state = []
        self.stats = (0, 0, 0)
        self.frames = []
        super().__init__(world, [PEER, "--echo", "--bind", "127.0.0.1:0"], "chromium_peer.html")

    def line(self, kind, rest):
        if kind == "state":
            self.state.append(rest)
        elif kind == "stats":
            self.stats = tuple(int(word) for word in rest.split())
        elif kind == "frame":
            self.frames.append(rest.split())


def a_browser_speaks_and_hears_itself(world):
    bridge = Echo(world)
    browse(world, bridge.url, *FAKE_DEVICES, "--allow-loopback-in-peer-connection")

    def streams(packets):
        heard = [s for s in bridge.said.get("streams", []) if s["packets"] >= packets and s["energy"] > 0]
        return {s["mid"] for s in heard} >= {"0", "1"}

    try:
        lab.until(lambda: bridge.said.get("state") == "connected", 60, "the browser connected")
        lab.until(lambda: streams(300), 40, "300 packets with sound in them, on both slots")
        before = max(s["packets"] for s in bridge.said["streams"])
        lab.until(lambda: bridge.stats[1] > 250, 20, "our own count")
        lost = bridge.stats[2]
        bridge.tell("restart")
        lab.until(lambda: bridge.said["offers"] > 1, 20, "a second offer taken")
        lab.until(lambda: streams(before + 250), 40, "audio after the restart")
        lab.until(lambda: bridge.stats[1] > 500, 20, "our own count after the restart")
    except AssertionError:
        print("page:", bridge.said, "states:", bridge.state, "stats:", bridge.stats)
        for name in ("peer.log", "chromium.log"):
            with open(world.path(name), errors="replace") as out:
                print(f"--- {name}\n" + out.read()[-3000:])
        raise
    lab.figure("the page", json.dumps(bridge.said))
    lab.figure("our round trip ms, received, lost", bridge.stats)
    lab.figure("slot, level, voice, bytes", bridge.frames[-3:])
    assert not bridge.said["errors"], bridge.said["errors"]
    assert bridge.said["echoes"] > 10, "datagrams did not come back"
    assert lost == 0, "packets of the browser were lost on loopback"
    # The browser stays on the old way, whose sockets are closed on our side, until the new one stands.
    assert bridge.stats[2] < 100, "the restart silenced the browser for two seconds"
    assert any(level != "0" for _, level, _, _ in bridge.frames), "no audio level in any packet"


if __name__ == "__main__":
    if not CHROMIUM:
        lab.skip("chromium is not installed")
    if not os.path.exists(PEER):
        raise SystemExit(f"{PEER} is not built: cargo build -p hearth-rtc --example peer")
    lab.run(a_browser_speaks_and_hears_itself)
