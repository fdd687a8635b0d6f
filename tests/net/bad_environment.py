#!/usr/bin/env python3
"""What goes wrong around Hearth gets a plain answer, and never a lost message or a crash."""

import os
import subprocess
import sys

from lab import figure, run, sh, until
from peers import Peer, agree

PLAIN = ("panicked", "RUST_BACKTRACE", "stack backtrace", "unwrap()")


def no_panic(*peers):
    for peer in peers:
        said = peer.tail()
        assert not any(word in said for word in PLAIN), f"{peer.name} said: {said}"


def warned(peer, deadline_s=10, where=None):
    """A warning in words a person can use."""
    event = peer.wait("warning", deadline_s, where)
    words = event["message"]
    assert len(words.split()) >= 4 and words[0].isupper(), f"not a plain sentence: {words!r}"
    figure("said", words)
    return event


def a_second_process_on_one_home_is_turned_away(lab):
    (host,) = lab.lan("ada")
    first = Peer(lab, host, "ada")
    community, channel = first.found("The Den")
    second = Peer(lab, host, "second", home=first.home, wait_ready=False)
    assert second.ended(10) != 0, "it must end with an error"
    said = [e for e in second.events] or second.tail()
    figure("said", (second.tail().strip().splitlines() or [str(said)])[-1])
    assert not any(e.get("event") == "ready" for e in second.events)
    assert second.tail().strip() or said, "it must say why"
    first.send(channel, "still here")
    no_panic(first, second)
    first.kill()
    third = Peer(lab, host, "third", home=first.home)
    assert [m["text"] for m in third.messages(channel)] == ["still here"], "a killed process must leave no lock behind"


def a_port_in_use_is_said_and_survived(lab):
    left, right = lab.lan("ada", "bo")
    holder = """
import socket, sys
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("0.0.0.0", 4001))
t = socket.socket(); t.bind(("0.0.0.0", 4001)); t.listen()
print("held", flush=True); sys.stdin.read()
"""
    held = subprocess.Popen(left.command(sys.executable, "-c", holder), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    lab.at_end.append(held.kill)
    assert held.stdout.readline() == b"held\n"
    wanted = ["--listen", "/ip4/0.0.0.0/udp/4001/quic-v1", "--listen", "/ip4/0.0.0.0/tcp/4001"]
    ada = Peer(lab, left, "ada", args=wanted)
    warned(ada)
    community, channel = ada.found("The Den")
    ada.send(channel, "works all the same")
    bo = Peer(lab, right, "bo")
    bo.join(ada.invite(community))
    until(lambda: agree([ada, bo], community), 20, "equal heads")
    no_panic(ada, bo)


def database_of(home):
    """The largest database file of a home folder."""
    found = []
    for folder, _, names in os.walk(home):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                if file.read(15) == b"SQLite format 3":
                    found.append((os.path.getsize(path), path))
    assert found, f"no database under {home}"
    return max(found)[1]


def a_truncated_database_is_set_aside_and_refilled(lab):
    left, right = lab.lan("ada", "bo")
    ada, bo = Peer(lab, left, "ada"), Peer(lab, right, "bo")
    community, channel = ada.found("The Den")
    bo.join(ada.invite(community))
    for n in range(200):
        bo.send(channel, f"line {n} " + "x" * 200)
    until(lambda: agree([ada, bo], community), 20, "equal heads")
    assert bo.stop() == 0
    path = database_of(bo.home)
    for leftover in (path + "-wal", path + "-shm"):
        if os.path.exists(leftover):
            os.remove(leftover)
    os.truncate(path, os.path.getsize(path) // 2)
    again = Peer(lab, right, "bo", wait_ready=False)
    answer = until(
        lambda: again.process.poll() is not None or [e for e in again.events if e["event"] in ("ready", "warning")],
        20, "an answer")
    no_panic(again)
    if again.process.poll() is not None:
        figure("refused with", again.tail().strip().splitlines()[-1])
        assert again.tail().strip(), "it must say why it does not start"
    else:
        assert answer
        warned(again, 10)
        again.ask("identity.show")
        again.found("Another Den")


def a_full_disk_refuses_and_recovers(lab):
    (host,) = lab.lan("ada")
    home = lab.path("small")
    os.mkdir(home)
    sh("mount", "-t", "tmpfs", "-o", "size=16m", "small", home)
    lab.at_end.append(lambda: sh("umount", "-l", home, check=False))
    ada = Peer(lab, host, "ada", home=home)
    community, channel = ada.found("The Den")
    kept = [ada.send(channel, "before")]
    ballast = os.path.join(home, "ballast")
    with open(ballast, "wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096) == 4096:
                pass
        except OSError:
            pass
    refusal = None
    for n in range(400):
        request = ada.answer(ada.post("message.send", channel=channel, text=f"full {n} " + "y" * 2000), 20)
        if "err" in request:
            refusal = request["err"]
            break
        kept.append(request["ok"]["message"])
    assert refusal and refusal["code"] == "disk_full", refusal
    figure("said", refusal["message"])
    os.remove(ballast)
    kept.append(until(lambda: ada.answer(ada.post("message.send", channel=channel, text="after"), 20).get("ok"), 10, "room again")[0]["message"])
    no_panic(ada)
    ada.kill()
    again = Peer(lab, host, "ada", home=home)
    here = [m["message"] for m in again.messages(channel)]
    assert [m for m in here if m in kept] == kept, "a promised message is lost, or out of order"


def without_multicast_a_link_is_enough(lab):
    left, right = lab.lan("ada", "bo")
    for host in (left, right):
        host.sh("ip", "link", "set", "eth0", "multicast", "off")
    ada, bo = Peer(lab, left, "ada"), Peer(lab, right, "bo")
    community, channel = ada.found("The Den")
    bo.join(ada.invite(community))
    message = bo.send(channel, "no multicast here")
    ada.wait("message", 10, lambda e: e["message"]["message"] == message)
    no_panic(ada, bo)


def without_any_network_one_still_writes(lab):
    (host,) = lab.lan("ada")
    host.sh("ip", "link", "set", "eth0", "down")
    host.sh("ip", "link", "set", "lo", "down")
    ada = Peer(lab, host, "ada")
    community, channel = ada.found("The Den")
    ada.send(channel, "saved for later")
    status = ada.ask("net.status")
    figure("dot", f"{status['health']}: {status['sentence']}")
    assert status["links"] == 0
    host.sh("ip", "link", "set", "lo", "up")
    host.sh("ip", "link", "set", "eth0", "up")
    until(lambda: any("10.1.0.1" in a for a in ada.ask("net.status")["listen"]), 20, "listening once the cable is in")
    no_panic(ada)


def a_dead_link_says_nobody_answers(lab):
    left, right = lab.lan("ada", "bo")
    ada = Peer(lab, left, "ada")
    community, _ = ada.found("The Den")
    link = ada.invite(community)
    ada.stop()
    bo = Peer(lab, right, "bo")
    answer = bo.answer(bo.post("community.join", link=link), 90)
    assert answer["err"]["code"] == "nobody_reachable", answer
    figure("said", answer["err"]["message"])
    for bad in ("", "hello", "mesh://join?c=", link[:-3], link[:40] + "A" * 5 + link[45:], link + "x" * 4000):
        assert bo.refused("community.join", link=bad).code in ("bad_link", "bad_argument"), bad
    no_panic(bo)


if __name__ == "__main__":
    run(
        a_second_process_on_one_home_is_turned_away,
        a_port_in_use_is_said_and_survived,
        a_truncated_database_is_set_aside_and_refilled,
        a_full_disk_refuses_and_recovers,
        without_multicast_a_link_is_enough,
        without_any_network_one_still_writes,
        a_dead_link_says_nobody_answers,
    )
