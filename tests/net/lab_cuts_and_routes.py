#!/usr/bin/env python3
"""The lab itself: what is wired together hears each other, what is cut does not. Needs nothing built."""

import subprocess
import sys

from lab import run, until

LISTEN = """
import socket, sys, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 5353))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.251") + socket.inet_aton(sys.argv[1]))
print("on", flush=True); s.settimeout(float(sys.argv[2]))
try: print(s.recv(99).decode(), flush=True)
except TimeoutError: print("silence", flush=True)
"""
SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1])); s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 9)
s.sendto(b"hello", ("224.0.0.251", 5353))
"""


PROBE = """
import socket, sys
s = socket.socket(); s.settimeout(1)
try: s.connect((sys.argv[1], 9))
except ConnectionRefusedError: sys.exit(0)
except OSError: sys.exit(1)
"""


def reaches(one, other):
    return one.sh(sys.executable, "-c", PROBE, other.address, check=False).returncode == 0


def hears(listener, sender):
    ear = subprocess.Popen(listener.command(sys.executable, "-c", LISTEN, listener.address, "1"), stdout=subprocess.PIPE, text=True)
    assert ear.stdout.readline() == "on\n"
    sender.sh(sys.executable, "-c", SEND, sender.address)
    heard = ear.stdout.readline() == "hello\n"
    ear.wait(5)
    return heard


def a_switch_carries_multicast_and_can_be_cut(lab):
    one, two, three = lab.lan("one", "two", "three")
    assert reaches(one, two) and reaches(two, three) and hears(two, one)
    lab.cut([three])
    assert reaches(one, two) and not reaches(one, three)
    lab.heal([three])
    until(lambda: reaches(one, three), 5, "healed")


def a_router_carries_packets_and_no_multicast(lab):
    left, right = lab.routed("left", "right")
    assert reaches(left, right) and reaches(right, left)
    assert not hears(right, left)


def nothing_outside_is_in_reach(lab):
    (one,) = lab.lan("one")
    devices = one.sh("ip", "-o", "link").stdout
    assert len(devices.strip().splitlines()) == 2, devices
    assert one.sh("ip", "route", "show", "default").stdout == ""


if __name__ == "__main__":
    run(a_switch_carries_multicast_and_can_be_cut, a_router_carries_packets_and_no_multicast, nothing_outside_is_in_reach)
