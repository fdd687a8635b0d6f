#!/usr/bin/env python3
"""A peer is killed with kill -9 at fifty random moments while it sends. Every `ok` it gave is kept, by everyone."""

import random
import threading
from collections import deque

from lab import figure, run, until
from peers import Gone, Peer, agree

SEED = 11
KILLS = 50
IN_FLIGHT = 8
LINES = 150
MOMENT_S = 0.01


def send_until_killed(ada, channel, kill, draw):
    """Keeps a few sends in flight until the axe falls, a moment after a drawn number of lines; gives every text sent.

    Counted in lines, so that fast machines do not run into the limit of a day and stop writing.
    """
    texts, flying = {}, deque()
    lines = draw.randrange(LINES)
    axe = threading.Timer(draw.uniform(0, MOMENT_S), ada.process.kill)
    try:
        while True:
            if len(texts) == lines:
                axe.start()
            text = f"kill {kill} line {len(texts)}"
            request = ada.post("message.send", channel=channel, text=text)
            texts[request] = text
            flying.append(request)
            if len(flying) == IN_FLIGHT:
                ada.answer(flying.popleft(), 10)
    except Gone:
        return texts
    finally:
        axe.cancel()


def every_ok_survives(lab):
    draw = random.Random(SEED)
    left, right = lab.lan("ada", "bo")
    ada, bo = Peer(lab, left, "ada"), Peer(lab, right, "bo")
    community, channel = ada.found("The Den")
    bo.join(ada.invite(community))
    promised, sent, here = {}, 0, {}
    for kill in range(KILLS):
        texts = send_until_killed(ada, channel, kill, draw)
        sent += len(texts)
        for request, text in texts.items():
            answer = ada.answered(request)
            if answer and "ok" in answer:
                promised[answer["ok"]["message"]] = text
            elif answer:
                assert answer["err"]["code"] == "stopped", answer
        ada.kill()
        ada = Peer(lab, left, "ada")
        here = {m["message"]: m["text"] for m in ada.messages(channel)}
        lost = [text for message, text in promised.items() if here.get(message) != text]
        assert not lost, f"after kill {kill}: {len(lost)} promised messages lost, the first {lost[0]!r}"
    assert len(promised) >= KILLS * LINES / 4, f"only {len(promised)} messages were promised"
    _, took = until(lambda: agree([ada, bo], community), 30, "equal heads")
    there = {m["message"]: m["text"] for m in bo.messages(channel)}
    assert all(there.get(message) == text for message, text in promised.items()), "the other peer lacks a promised message"
    figure("kills", KILLS)
    figure("messages sent, promised, kept", f"{sent}, {len(promised)}, {len(here)}")
    figure("last restart to equal heads", f"{took:.2f} s")


if __name__ == "__main__":
    run(every_ok_survives)
