#!/usr/bin/env python3
"""A computer in a call leaves one of its two networks: the voices find the other and nobody has to do anything.

Two people on two networks, say a cable and a radio; the cable of one is pulled.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

from hums import listen, silences, start_humming, stop_listening
from lab import figure, run, until
from peers import Peer, agree
from talk_in_a_room import go_in, voice_room

SETTLES_S = 3.0
BOUND_S = 4.0


def a_pulled_cable_costs_a_moment(lab):
    hosts = lab.lan("left", "right")
    radio = lab.bridge("radio")
    for n, host in enumerate(hosts, 1):
        lab.wire(host, radio, f"10.2.0.{n}/24", "eth1", f"r{n}{lab.tag}")
    left, right = (Peer(lab, host, name) for host, name in zip(hosts, ("left", "right")))
    community, _ = left.found("The Den")
    right.join(left.invite(community))
    until(lambda: agree([left, right], community), 30, "both of one mind")
    room = voice_room(left, community)
    go_in(lab, [left, right], room)
    start_humming(lab, [left, right])
    listen(lab, [left, right], "over the change")
    time.sleep(SETTLES_S)
    # The wire in use is not known from outside: first the one goes, then, with that back, the other.
    for gone, device in (("cable", "eth0"), ("radio", "eth1")):
        address = hosts[0].sh("ip", "-o", "-4", "address", "show", "dev", device).stdout.split()[3]
        hosts[0].sh("ip", "address", "flush", "dev", device)
        hosts[0].sh("ip", "link", "set", device, "down")
        time.sleep(3 * BOUND_S)
        hosts[0].sh("ip", "link", "set", device, "up")
        hosts[0].sh("ip", "address", "add", address, "dev", device)
        time.sleep(SETTLES_S)
        figure(f"{gone} gone and back, load", f"{os.getloadavg()[0]:.1f}")
    stop_listening([left, right])
    gaps = silences(lab, [left, right], [left, right], "over the change")
    figure("longest silences", ", ".join(f"{t} at {e} {s:.2f} s" for (t, e), s in gaps.items()))
    assert max(gaps.values()) <= BOUND_S, gaps
    assert left.stop() == right.stop() == 0


if __name__ == "__main__":
    run(a_pulled_cable_costs_a_moment)
