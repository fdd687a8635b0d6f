"""Three people hum, each at a pitch of their own; how long each was not heard, and by whom. Standard library only."""

from sound import BLOCK, RATE, hum, read, silence_s, strength

PITCHES = [110, 150, 190]
# Of a voice's usual strength, what counts as silence.
FLOOR = 0.3
# Weaker than this a tone is not there at all.
NOTHING = 100


def all_at_once(peers, cmd, arguments=lambda peer: {}):
    """The same command to everybody, without waiting for one before the next."""
    requests = [(peer, peer.post(cmd, **arguments(peer))) for peer in peers]
    for peer, request in requests:
        answer = peer.answer(request)
        assert "ok" in answer, (peer.name, cmd, answer)


def start_humming(lab, talkers):
    """The first three are heard from now on, without an end."""
    for hertz in PITCHES:
        hum(lab.path(f"{hertz}.wav"), hertz, 5)
    pitch = {peer.name: lab.path(f"{hertz}.wav") for peer, hertz in zip(talkers, PITCHES)}
    all_at_once(talkers, "voice.source", lambda p: {"wav": pitch[p.name], "loop": True, "process": False})


def heard_path(lab, peer, part):
    return lab.path(f"{peer.name}.{part}.heard.wav")


def listen(lab, peers, part):
    """What each hears is written, from now to the next such moment."""
    all_at_once(peers, "voice.sink", lambda p: {"wav": heard_path(lab, p, part)})


def stop_listening(peers):
    all_at_once(peers, "voice.sink")


def silences(lab, peers, talkers, part, least_s=3.0):
    """The longest silence of each hum at each other ear, from when it was first heard: `{(talker, ear): seconds}`."""
    longest = {}
    for peer in peers:
        heard = read(heard_path(lab, peer, part))
        for talker, hertz in zip(talkers, PITCHES):
            if talker is not peer:
                loud = strength(heard, 6 * hertz, BLOCK)
                usual = sorted(v for v in loud if v > NOTHING)
                seconds = len(usual) * BLOCK / RATE
                assert seconds >= least_s, f"{peer.name} heard {talker.name} for {seconds:.2f} s in {part}"
                longest[talker.name, peer.name] = silence_s(loud, FLOOR * usual[len(usual) // 2], BLOCK)
    return longest


def spread(seconds):
    """Median, 95th of a hundred and most, in ms."""
    ordered = sorted(seconds)
    at = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
    return f"p50 {at(0.5):.0f} ms, p95 {at(0.95):.0f} ms, most {ordered[-1] * 1000:.0f} ms"
