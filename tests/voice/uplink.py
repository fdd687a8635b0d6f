#!/usr/bin/env python3
"""Lines out are measured before a relay is needed of them: one of eight is policed to a megabit, and nobody says so.

It does not relay for nine. Whoever goes out and comes back on the same network knows its line from before.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

from lab import figure, run, until
from talk_in_a_room import go_in, in_touch, room_of

LIMIT_KBPS = 1_000
NEED_KBPS = 2_376
# Bytes on the wire of a packet by which lines are measured, and packets that pass at once.
PACKET, BURST = 250, 64


def uplinks(peers):
    return {p.name: p.ask("voice.stats")["uplink"] for p in peers}


def a_narrow_line_is_found_and_does_not_relay(lab):
    peers, _, room = room_of(lab, [f"p{n}" for n in range(9)])
    eight, ninth, narrow = peers[:8], peers[8], peers[0]
    # Counted in packets, as all of a train are alike: a limit in bytes lets a whole second's worth through at once.
    over = f"limit rate over {LIMIT_KBPS * 1000 // 8 // PACKET} /second burst {BURST} packets"
    narrow.host.nft(f"""table netdev line {{
        chain out {{
            type filter hook egress device eth0 priority 0;
            meta l4proto udp {over} counter drop
        }}
    }}
    """)
    go_in(lab, eight, room)
    until(lambda: all(u["by"] == "measured" for u in uplinks(eight).values()), 60, "all lines measured")
    found = uplinks(eight)
    for name, uplink in found.items():
        figure(f"{name} can send, kbit/s", f"{uplink['kbps']} for {uplink['probe_bytes'] / 1000:.0f} kB of padding")
    figure("dropped of the narrow one", narrow.host.sh("nft", "list", "chain", "netdev", "line", "out").stdout.split("counter ")[1].split("drop")[0])
    figure("load", f"{os.getloadavg()[0]:.1f}")
    assert found[narrow.name]["kbps"] <= 1.5 * LIMIT_KBPS, found[narrow.name]
    wide = [u["kbps"] for name, u in found.items() if name != narrow.name]
    assert min(wide) >= NEED_KBPS, wide
    ninth.ask("voice.join", channel=room)
    in_touch(peers)
    until(lambda: {p.ask("voice.stats")["topology"] for p in peers} == {"relay"}, 30, "a relay")
    assert narrow.user not in {p.ask("voice.stats")["relay"] for p in peers}
    narrow.ask("voice.leave")
    narrow.ask("voice.join", channel=room)
    until(lambda: narrow.ask("voice.stats")["uplink"]["by"] == "measured", 3, "what was found before")
    assert narrow.ask("voice.stats")["uplink"]["probe_bytes"] == 0


if __name__ == "__main__":
    run(a_narrow_line_is_found_and_does_not_relay)
