#!/usr/bin/env python3
"""Whoever is outside a call opens none of it, whatever they keep: a relay that is no part of it, and somebody who left.

The outsider is a modified member (`crates/io/node/examples/keeps_everything`): it keeps every sealed frame that reaches it
and every secret it is given or lent, closes no way when it goes out, and at the end tries all it holds, and twelve steps of
the ratchet from each, on all that it kept. Its line is the only one good enough to pass on nine voices, so it is elected.
That it opens what it may, while inside, shows that the attempt works. Needs `espeak-ng` and root; run by hand.
Build first: `cargo build --bins` and `cargo build -p hearth-node --example keeps_everything`.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
from hums import all_at_once, listen, stop_listening  # noqa: E402
from lab import figure, run, until  # noqa: E402
from peers import Peer, target  # noqa: E402
from sound import need_espeak, speech  # noqa: E402
from talk_in_a_room import in_touch, room_of, said_path  # noqa: E402

KEEPER = os.path.join(target(), os.environ.get("HEARTH_PROFILE", "debug"), "examples", "keeps_everything")
TALKERS = 9
# Too little for a relay of nine, and enough for oneself.
NARROW_KBPS, WIDE_KBPS = 1_500, 100_000
TALK_S = 14
GRACE_S = 2
# Three talk, with pauses, in which next to nothing is sent.
LEAST = TALK_S * 40


class Keeper(Peer):
    """A modified member that keeps everything."""

    program = KEEPER

    def kept(self):
        """How many frames came and how many opened: inside, within the two seconds after, and later."""
        told = sum(e["event"] == "kept" for e in list(self.events))
        self.ask("voice.stats")
        until(lambda: sum(e["event"] == "kept" for e in list(self.events)) > told, 120, "all was tried")
        kept = self.last("kept")
        figure("kept", {k: kept[k] for k in ("secrets", "tried", "inside", "soon", "late", "last_opened_ms")})
        return kept


def room_with_keeper(lab, talkers):
    names = [f"p{n}" for n in range(talkers)]
    (*peers, keeper), _, room = room_of(lab, names, lambda lab, host: Keeper(lab, host, "keeper"))
    for peer in peers:
        peer.ask("voice.set", uplink_kbps=NARROW_KBPS)
    keeper.ask("voice.set", uplink_kbps=WIDE_KBPS)
    listen(lab, peers, "going in")
    return peers, keeper, room


def talk(lab, peers, part):
    """Three talk for a while, all at once."""
    for n, peer in enumerate(peers[:3]):
        speech(said_path(lab, peer, part), n, 0, TALK_S)
    all_at_once(peers[:3], "voice.source", lambda p: {"wav": said_path(lab, p, part), "loop": True, "process": False})
    time.sleep(TALK_S)


def relayed_by(peers, keeper):
    return lambda: all(p.ask("voice.stats")["relay"] == keeper.user for p in peers)


def a_relay_outside_opens_nothing(lab):
    peers, keeper, room = room_with_keeper(lab, TALKERS)
    keeper.ask("voice.set", lend=True)
    for peer in peers:
        peer.ask("voice.join", channel=room)
    until(relayed_by(peers, keeper), 60, "the keeper is the relay of all")
    in_touch(peers)
    talk(lab, peers, "through it")
    stop_listening(peers)
    stats = [p.ask("voice.stats") for p in peers]
    assert all(len(s["peers"]) == TALKERS - 1 for s in stats), "the relay is shown as nobody in the room"
    played = min(sum(o["played"] for o in s["peers"]) for s in stats)
    figure("blocks played through it, least of nine", played)
    assert played > LEAST / 2, "voices came through it"
    kept = keeper.kept()
    frames, opened = kept["late"]
    assert frames > LEAST, "it passed three voices on"
    assert opened == 0 and kept["soon"][1] == 0


def who_left_and_passes_voices_on_opens_nothing(lab):
    peers, keeper, room = room_with_keeper(lab, TALKERS)
    for peer in [*peers, keeper]:
        peer.ask("voice.join", channel=room)
    until(relayed_by(peers, keeper), 60, "the keeper is the relay of all")
    in_touch(peers)
    talk(lab, peers, "while it is inside")
    inside = keeper.kept()["inside"]
    assert inside[0] > LEAST and inside[1] > 0.9 * inside[0], "what it may open, it opens"
    keeper.ask("voice.leave")
    keeper.ask("voice.set", lend=True)
    # Out, and back as their relay, which gets everything that is said.
    time.sleep(GRACE_S)
    until(relayed_by(peers, keeper), 60, "the keeper is the relay again")
    time.sleep(TALK_S)
    kept = keeper.kept()
    figure("frames that came after it left: within two seconds, later", [kept["soon"][0], kept["late"][0]])
    assert kept["late"][0] > LEAST, "it goes on getting everything"
    assert kept["late"][1] == 0
    figure("last frame that opened, after it left", f"{kept['last_opened_ms']} ms")


def who_left_a_small_room_and_stays_on_the_line_opens_nothing(lab):
    peers, keeper, room = room_with_keeper(lab, 3)
    for peer in [*peers, keeper]:
        peer.ask("voice.join", channel=room)
    in_touch(peers)
    talk(lab, peers, "while it is inside")
    inside = keeper.kept()["inside"]
    assert inside[0] > LEAST and inside[1] > 0.9 * inside[0], "what it may open, it opens"
    keeper.ask("voice.leave")
    time.sleep(TALK_S)
    kept = keeper.kept()
    assert kept["late"][1] == 0
    figure("last frame that opened, after it left", f"{kept['last_opened_ms']} ms")


if __name__ == "__main__":
    need_espeak()
    if not os.path.exists(KEEPER):
        raise SystemExit(f"{KEEPER} is not built: cargo build -p hearth-node --example keeps_everything")
    run(
        who_left_a_small_room_and_stays_on_the_line_opens_nothing,
        a_relay_outside_opens_nothing,
        who_left_and_passes_voices_on_opens_nothing,
    )
