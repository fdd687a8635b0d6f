#!/usr/bin/env python3
"""Two peers on one switch, told nothing about each other, are linked in under two seconds, then meet and chat."""

import time

from lab import figure, run, until
from peers import Peer, agree


def strangers_on_one_lan_link(lab):
    left, right = lab.lan("ada", "bo")
    ada, bo = Peer(lab, left, "ada"), Peer(lab, right, "bo")
    ready = time.monotonic()
    until(lambda: bo.peer in ada.linked() and ada.peer in bo.linked(), 10, "linked by mDNS")
    took = time.monotonic() - ready
    figure("both ready to linked", f"{took * 1000:.0f} ms")
    figure("start to ready", f"{ada.ready_after * 1000:.0f} ms and {bo.ready_after * 1000:.0f} ms")
    assert took < 2, f"{took:.2f} s"
    community, channel = ada.found("The Den")
    assert bo.join(ada.invite(community)) == community
    message = ada.send(channel, "anybody here?")
    bo.wait("message", 5, lambda e: e["message"]["message"] == message)
    until(lambda: agree([ada, bo], community), 10, "equal heads")


def a_latecomer_is_found_too(lab):
    left, right = lab.lan("ada", "bo")
    ada = Peer(lab, left, "ada")
    until(lambda: time.monotonic() - ada.started > 5, 10, "five quiet seconds")
    bo = Peer(lab, right, "bo")
    ready = time.monotonic()
    until(lambda: ada.peer in bo.linked(), 10, "linked by mDNS")
    took = time.monotonic() - ready
    figure("ready to linked", f"{took * 1000:.0f} ms")
    assert took < 2, f"{took:.2f} s"


if __name__ == "__main__":
    run(strangers_on_one_lan_link, a_latecomer_is_found_too)
